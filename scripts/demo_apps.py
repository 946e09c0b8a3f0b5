#!/usr/bin/env python3
"""Two small business applications for the demonstration, each one SQLite file with names and rules of its own.

  demo_apps.py make FOLDER [PORT]  makes erp.db, crm.db and dualwrite.yaml
  demo_apps.py edit FOLDER         works in both applications for a while, makes mistakes, and mends them
  demo_apps.py compare FOLDER      reads both files and compares them under every map; exit 0: they are equal

Countries, subdivisions and currencies are those of Debian's iso-codes; customers and orders are made up. The comparison knows
nothing of dualwrite: it is written out again here, map by map.
"""
import json
import pathlib
import random
import sqlite3
import sys
import time

ISO = pathlib.Path("/usr/share/iso-codes/json")

ERP = """
CREATE TABLE country(code TEXT PRIMARY KEY, name TEXT NOT NULL, iso_number INTEGER);
CREATE TABLE subdivision(code TEXT PRIMARY KEY, country TEXT NOT NULL REFERENCES country(code), name TEXT, kind TEXT);
CREATE TABLE currency(code TEXT PRIMARY KEY, name TEXT NOT NULL, iso_number INTEGER);
CREATE TABLE customer(number INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT REFERENCES country(code), email TEXT,
  phone TEXT, credit_limit DECIMAL(12,2), status TEXT NOT NULL DEFAULT 'active', internal_note TEXT);
CREATE TABLE sales_order(number INTEGER PRIMARY KEY, customer INTEGER NOT NULL REFERENCES customer(number),
  currency TEXT NOT NULL REFERENCES currency(code), amount DECIMAL(12,2) NOT NULL, placed DATE NOT NULL, state TEXT);
"""

CRM = """
CREATE TABLE countryregion(iso TEXT PRIMARY KEY, label TEXT NOT NULL, numericcode INTEGER);
CREATE TABLE region(regioncode TEXT PRIMARY KEY, iso TEXT NOT NULL REFERENCES countryregion(iso), label TEXT, regiontype TEXT);
CREATE TABLE transactioncurrency(isocurrencycode TEXT PRIMARY KEY, currencyname TEXT NOT NULL, numericcode INTEGER);
CREATE TABLE account(accountid INTEGER PRIMARY KEY, accountnumber INTEGER NOT NULL UNIQUE, fullname TEXT NOT NULL,
  country_code TEXT REFERENCES countryregion(iso), emailaddress TEXT, telephone TEXT,
  creditlimit DECIMAL(12,2) CHECK (creditlimit >= 0), statecode TEXT, rating INTEGER DEFAULT 3);
CREATE TABLE salesorder(ordernumber INTEGER PRIMARY KEY, account INTEGER NOT NULL REFERENCES account(accountnumber),
  currency TEXT NOT NULL, totalamount DECIMAL(12,2), orderdate DATE, status TEXT);
CREATE TRIGGER account_email BEFORE INSERT ON account WHEN NEW.emailaddress NOT LIKE '%_@_%'
  BEGIN SELECT RAISE(ABORT, 'An account needs a valid e-mail address.'); END;
CREATE TRIGGER account_email_changed BEFORE UPDATE ON account WHEN NEW.emailaddress NOT LIKE '%_@_%'
  BEGIN SELECT RAISE(ABORT, 'An account needs a valid e-mail address.'); END;
"""

CONFIG = """\
version: 1
data_dir: ./data
listen: 127.0.0.1:{port}
apps:
  erp: {{ connector: sqlite, path: erp.db }}
  crm: {{ connector: sqlite, path: crm.db }}
links:
  - name: erp-crm
    left: erp
    right: crm
    maps:
      - name: countries
        left: {{ table: country }}
        right: {{ table: countryregion }}
        key: [ {{ left: code, right: iso }} ]
        columns:
          - {{ left: name, right: label }}
          - {{ left: iso_number, right: numericcode }}
      - name: subdivisions
        left: {{ table: subdivision }}
        right: {{ table: region }}
        key: [ {{ left: code, right: regioncode }} ]
        columns:
          - {{ left: country, right: iso }}
          - {{ left: name, right: label }}
          - {{ left: kind, right: regiontype }}
      - name: currencies
        left: {{ table: currency }}
        right: {{ table: transactioncurrency }}
        key: [ {{ left: code, right: isocurrencycode }} ]
        columns:
          - {{ left: name, right: currencyname }}
          - {{ left: iso_number, right: numericcode }}
      - name: customers
        left: {{ table: customer }}
        right: {{ table: account }}
        key: [ {{ left: number, right: accountnumber }} ]
        columns:
          - {{ left: name, right: fullname }}
          - {{ left: country, right: country_code }}
          - {{ left: email, right: emailaddress }}
          - {{ left: phone, right: telephone }}
          - {{ left: credit_limit, right: creditlimit }}
          - {{ left: status, right: statecode, value_map: {{ active: A, blocked: B, prospect: P }} }}
        conflict: newest_wins
      - name: orders
        left: {{ table: sales_order }}
        right: {{ table: salesorder }}
        key: [ {{ left: number, right: ordernumber }} ]
        columns:
          - {{ left: customer, right: account }}
          - {{ left: currency, right: currency }}
          - {{ left: amount, right: totalamount }}
          - {{ left: placed, right: orderdate }}
          - {{ left: state, right: status }}
    alerts:
      - name: too many application errors
        when: {{ errors: [application], count: 10, within: 15m }}
        then: pause
"""

STATUS = {"active": "A", "blocked": "B", "prospect": "P"}

# Map: its two queries, which give the same rows where the applications are in step.
MAPS = {
    "countries": ("SELECT code, name, iso_number FROM country", "SELECT iso, label, numericcode FROM countryregion"),
    "subdivisions": (
        "SELECT code, country, name, kind FROM subdivision",
        "SELECT regioncode, iso, label, regiontype FROM region",
    ),
    "currencies": (
        "SELECT code, name, iso_number FROM currency",
        "SELECT isocurrencycode, currencyname, numericcode FROM transactioncurrency",
    ),
    "customers": (
        "SELECT number, name, country, email, phone, credit_limit, status FROM customer",
        "SELECT accountnumber, fullname, country_code, emailaddress, telephone, creditlimit, statecode FROM account",
    ),
    "orders": (
        "SELECT number, customer, currency, amount, placed, state FROM sales_order",
        "SELECT ordernumber, account, currency, totalamount, orderdate, status FROM salesorder",
    ),
}

GIVEN = "Ada Ben Cleo Dana Emil Fay Gus Hana Ivo June Kim Lea Max Nora Otto Pia Quin Rosa Sam Tove".split()
FAMILY = "Abel Brandt Costa Dufour Eriksen Fischer Garcia Horvat Ito Jensen Kaya Lopez Moreau Novak Okoye".split()


def codes(name):
    return json.loads((ISO / f"iso_{name}.json").read_text(encoding="utf-8"))[name]


def connect(path):
    database = sqlite3.connect(path, timeout=30, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA foreign_keys=ON")
    return database


def customer(chance, number):
    given, family = chance.choice(GIVEN), chance.choice(FAMILY)
    return (
        number,
        f"{given} {family}",
        chance.choice(["DE", "FR", "DK", "JP", "BR", "KE", "NO", "US"]),
        f"{given}.{family}.{number}@example.com".lower(),
        f"+{chance.randrange(10**9, 10**10)}",
        chance.randrange(0, 10_000_000) / 100,
    )


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    erp, crm = connect(folder / "erp.db"), connect(folder / "crm.db")
    erp.executescript(ERP)
    crm.executescript(CRM)
    erp.execute("BEGIN")
    erp.executemany(
        "INSERT INTO country VALUES(?, ?, ?)", [(c["alpha_2"], c["name"], int(c["numeric"])) for c in codes("3166-1")]
    )
    erp.executemany(
        "INSERT INTO subdivision VALUES(?, ?, ?, ?)",
        [(s["code"], s["code"][:2], s["name"], s["type"]) for s in codes("3166-2")],
    )
    erp.executemany(
        "INSERT INTO currency VALUES(?, ?, ?)", [(c["alpha_3"], c["name"], int(c["numeric"])) for c in codes("4217")]
    )
    for number in range(1, 2001):
        erp.execute(
            "INSERT INTO customer(number, name, country, email, phone, credit_limit, status) VALUES(?, ?, ?, ?, ?, ?, ?)",
            (*customer(chance, number), chance.choice(list(STATUS))),
        )
    for number in range(1, 5001):
        erp.execute(
            "INSERT INTO sales_order VALUES(?, ?, ?, ?, ?, ?)",
            (
                number,
                chance.randrange(1, 2001),
                chance.choice(["EUR", "USD", "DKK", "JPY"]),
                chance.randrange(100, 1_000_000) / 100,
                f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
                chance.choice(["open", "shipped", "paid"]),
            ),
        )
    erp.execute("COMMIT")
    # Leads that so far only the sales people know.
    crm.execute("BEGIN")
    for number in range(9001, 9101):
        crm.execute(
            "INSERT INTO account(accountnumber, fullname, emailaddress, telephone, creditlimit, statecode) "
            "VALUES(?, ?, ?, ?, ?, 'P')",
            (number, *(part for at, part in enumerate(customer(chance, number)) if at not in (0, 2))),
        )
    crm.execute("COMMIT")


def edit(folder, rounds=30):
    """Random work on both sides; every tenth new customer has a bad e-mail address, which is mended in the end."""
    chance = random.Random(11)
    erp, crm = connect(folder / "erp.db"), connect(folder / "crm.db")
    spoiled = []
    for at in range(rounds):
        number = 3000 + at
        row = list(customer(chance, number))
        if at % 10 == 9:
            row[3] = "unknown"
            spoiled.append(number)
        erp.execute("INSERT INTO customer(number, name, country, email, phone, credit_limit) VALUES(?, ?, ?, ?, ?, ?)", row)
        erp.execute("UPDATE customer SET phone = ? WHERE number = ?", (f"+{at}", chance.randrange(1, 900)))
        erp.execute("UPDATE sales_order SET state = 'paid' WHERE number = ?", (chance.randrange(1, 5001),))
        erp.execute("DELETE FROM sales_order WHERE number = ?", (chance.randrange(1, 5001),))
        crm.execute(
            "UPDATE account SET fullname = fullname || ' jr.' WHERE accountnumber = ?", (chance.randrange(1000, 2000),)
        )
        crm.execute("UPDATE account SET statecode = 'B', rating = 1 WHERE accountnumber = ?", (chance.randrange(9001, 9101),))
        time.sleep(0.05)
    if spoiled:
        print(f"{len(spoiled)} customers have an e-mail address that the CRM refuses: see the catch-up errors")
        time.sleep(2)
        for number in spoiled:
            erp.execute("UPDATE customer SET email = ? WHERE number = ?", (f"customer.{number}@example.com", number))
        print("their addresses are mended in the ERP")


def compare(folder):
    erp, crm = connect(folder / "erp.db"), connect(folder / "crm.db")
    equal = True
    for name, (left_query, right_query) in MAPS.items():
        left, right = set(erp.execute(left_query)), set(crm.execute(right_query))
        if name == "customers":
            left = {(*row[:-1], STATUS.get(row[-1], row[-1])) for row in left}
        same = left == right
        equal = equal and same
        print(f"{name:14}{len(left):>8}{len(right):>8}  {'equal' if same else 'DIFFERENT'}")
        for row in sorted(left ^ right, key=repr)[:6] if not same else []:
            print("   ", "erp" if row in left else "crm", row)
    return equal


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("make", "edit", "compare"):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        make(folder)
        port = sys.argv[3] if len(sys.argv) > 3 else "8470"
        (folder / "dualwrite.yaml").write_text(CONFIG.format(port=port), encoding="utf-8")
    elif sys.argv[1] == "edit":
        edit(folder)
    else:
        sys.exit(0 if compare(folder) else 1)


if __name__ == "__main__":
    main()
