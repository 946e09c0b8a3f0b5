PRAGMA journal_mode = WAL;
BEGIN;
CREATE TABLE country(
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  iso_number INTEGER);
CREATE TABLE subdivision(
  code TEXT PRIMARY KEY,
  country TEXT NOT NULL REFERENCES country(code),
  name TEXT,
  kind TEXT);
CREATE TABLE currency(
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  iso_number INTEGER);
CREATE TABLE customer(
  number INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  country TEXT REFERENCES country(code),
  email TEXT,
  phone TEXT,
  credit_limit DECIMAL(12,2),
  status TEXT NOT NULL DEFAULT 'active',
  internal_note TEXT);
CREATE TABLE sales_order(
  number INTEGER PRIMARY KEY,
  customer INTEGER NOT NULL REFERENCES customer(number),
  currency TEXT NOT NULL REFERENCES currency(code),
  amount DECIMAL(12,2) NOT NULL,
  placed DATE NOT NULL,
  state TEXT);

-- The program puts the lists of iso-codes into the table iso.
INSERT INTO country
  SELECT value ->> 'alpha_2', value ->> 'name', CAST(value ->> 'numeric' AS INTEGER)
  FROM iso, json_each(list, '$."3166-1"') WHERE name = 'iso_3166-1';
INSERT INTO subdivision
  SELECT value ->> 'code', substr(value ->> 'code', 1, 2), value ->> 'name', value ->> 'type'
  FROM iso, json_each(list, '$."3166-2"') WHERE name = 'iso_3166-2';
INSERT INTO currency
  SELECT value ->> 'alpha_3', value ->> 'name', CAST(value ->> 'numeric' AS INTEGER)
  FROM iso, json_each(list, '$."4217"') WHERE name = 'iso_4217';

-- Customers and orders are made up: the same ones every time.
WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 2000),
  people AS (
    SELECT n,
      '["Ada","Ben","Cleo","Dana","Emil","Fay","Gus","Hana","Ivo","June"]' ->> (n * 7 % 10) AS given,
      '["Abel","Brandt","Costa","Dufour","Eriksen","Ito","Kaya"]' ->> (n * 5 % 7) AS family
    FROM numbers)
INSERT INTO customer(number, name, country, email, phone, credit_limit, status)
  SELECT n,
    given || ' ' || family,
    '["DE","FR","DK","JP","BR","KE","NO","US"]' ->> (n * 3 % 8),
    lower(given || '.' || family || '.' || n || '@example.com'),
    '+' || (1000000000 + n * 7919 % 899999 * 9973),
    n * 104729 % 10000000 / 100.0,
    '["active","blocked","prospect"]' ->> (n % 3)
  FROM people;
WITH RECURSIVE numbers(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
INSERT INTO sales_order
  SELECT n,
    1 + n * 7919 % 2000,
    '["EUR","USD","DKK","JPY"]' ->> (n % 4),
    round(100 + n * 104729 % 999900 / 100.0, 2),
    date('2026-01-01', (n * 17 % 365) || ' days'),
    '["open","shipped","paid"]' ->> (n * 5 % 3)
  FROM numbers;
COMMIT;
