#!/usr/bin/env python3
"""People and an auditor of the two applications that `dualwrite demo` makes.

  demo_apps.py edit FOLDER         works in both applications for a while, makes mistakes, and mends them
  demo_apps.py compare FOLDER      reads both files and compares them under every map; exit 0: they are equal

The comparison knows nothing of dualwrite: it is written out again here, map by map.
"""
import pathlib
import random
import sqlite3
import sys
import time

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
    if len(sys.argv) < 3 or sys.argv[1] not in ("edit", "compare"):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "edit":
        edit(folder)
    else:
        sys.exit(0 if compare(folder) else 1)


if __name__ == "__main__":
    main()
