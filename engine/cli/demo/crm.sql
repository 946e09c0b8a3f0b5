PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE countryregion(
  iso TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  numericcode INTEGER);
CREATE TABLE region(
  regioncode TEXT PRIMARY KEY,
  iso TEXT NOT NULL REFERENCES countryregion(iso),
  label TEXT,
  regiontype TEXT);
CREATE TABLE transactioncurrency(
  isocurrencycode TEXT PRIMARY KEY,
  currencyname TEXT NOT NULL,
  numericcode INTEGER);
CREATE TABLE account(
  accountid INTEGER PRIMARY KEY,
  accountnumber INTEGER NOT NULL UNIQUE,
  fullname TEXT NOT NULL,
  country_code TEXT REFERENCES countryregion(iso),
  emailaddress TEXT,
  telephone TEXT,
  creditlimit DECIMAL(12,2) CHECK (creditlimit >= 0),
  statecode TEXT,
  rating INTEGER DEFAULT 3);
CREATE TABLE salesorder(
  ordernumber INTEGER PRIMARY KEY,
  account INTEGER NOT NULL REFERENCES account(accountnumber),
  currency TEXT NOT NULL,
  totalamount DECIMAL(12,2),
  orderdate DATE,
  status TEXT);
CREATE TRIGGER account_email BEFORE INSERT ON account
WHEN NEW.emailaddress NOT LIKE '%_@_%'
BEGIN
  SELECT RAISE(ABORT, 'An account needs a valid e-mail address.');
END;
CREATE TRIGGER account_email_changed BEFORE UPDATE ON account
WHEN NEW.emailaddress NOT LIKE '%_@_%'
BEGIN
  SELECT RAISE(ABORT, 'An account needs a valid e-mail address.');
END;

-- Leads that so far only the sales people know.
WITH RECURSIVE numbers(n) AS (VALUES (9001) UNION ALL SELECT n + 1 FROM numbers WHERE n < 9100)
INSERT INTO account(accountnumber, fullname, emailaddress, telephone, creditlimit, statecode)
  SELECT n, 'Lead ' || n, 'lead.' || n || '@example.com', '+4930' || n, n % 50 * 100, 'P' FROM numbers;
COMMIT;
