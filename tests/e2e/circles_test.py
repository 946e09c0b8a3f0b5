#!/usr/bin/env python3
"""Departments have a head, who belongs to the department: in a PostgreSQL database and a SQLite file that both hold to it,
neither row can be written first. The maps and the references spell the tables' names differently."""
import contextlib
import sqlite3
import sys
import unittest

from postgres_server import PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)

TABLES = [
    "CREATE TABLE department(id bigint PRIMARY KEY NOT NULL, name text NOT NULL, head bigint {department})",
    "CREATE TABLE person(id bigint PRIMARY KEY NOT NULL, department bigint NOT NULL REFERENCES department(id))"]
CONFIG = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  erp: {{ connector: postgresql, url: "{erp}" }}
  crm: {{ connector: sqlite, path: crm.db }}
links:
  - name: erp-crm
    left: erp
    right: crm
    maps:
      - name: departments
        left:  {{ table: public.department }}
        right: {{ table: department }}
        key: [ {{ left: id, right: id }} ]
        columns: [ {{ left: name, right: name }}, {{ left: head, right: head }} ]
      - name: people
        left:  {{ table: person }}
        right: {{ table: person }}
        key: [ {{ left: id, right: id }} ]
        columns: [ {{ left: department, right: department }} ]
"""


COUNT = 2000  # enough that both maps are being copied at once
FILL = [f"INSERT INTO department SELECT n, 'department ' || n, NULL FROM generate_series(1, {COUNT}) n",
        f"INSERT INTO person SELECT 10000 + n, n FROM generate_series(1, {COUNT}) n",
        "UPDATE department SET head = 10000 + id"]


class Circles(unittest.TestCase):
    def setUp(self):
        self.postgres = PostgresServer()
        self.addCleanup(self.postgres.end)
        self.postgres.ask("postgres", "CREATE DATABASE erp")
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.world.config.write_text(CONFIG.format(erp=self.postgres.url("erp")))
        department, person = TABLES
        self.left(department.format(department=""), person,
                  "ALTER TABLE department ADD FOREIGN KEY (head) REFERENCES person(id)")
        self.right(department.format(department="REFERENCES Person(id)"), person)

    def left(self, *statements):
        return self.postgres.ask("erp", *statements)

    def right(self, *statements):
        with contextlib.closing(sqlite3.connect(self.world.folder / "crm.db", timeout=30)) as file, file:
            file.execute("PRAGMA foreign_keys = ON")
            for statement in statements:
                found = file.execute(statement).fetchall()
        return "\n".join("|".join("" if value is None else str(value) for value in row) for row in found)

    def rows(self, side):
        return [side(f"SELECT * FROM {table} ORDER BY id") for table in ("department", "person")]

    def is_settled(self):
        return self.world.json("error", "list", "--waiting") == [] and self.rows(self.left) == self.rows(self.right)

    def test_they_are_copied_and_follow_from_both_sides_and_nothing_comes_back(self):
        world = self.world
        self.left(*FILL)
        made = self.rows(self.left)
        world.start()
        started = world.run("map", "run", "departments", "people", "--wait")
        self.assertEqual(0, started.returncode, started.stderr)
        self.assertEqual(made, self.rows(self.right))

        # In one transaction of an app that checks at its end, or not at all.
        self.left("ALTER TABLE department ALTER CONSTRAINT department_head_fkey DEFERRABLE")
        self.left("BEGIN; SET CONSTRAINTS ALL DEFERRED; INSERT INTO department VALUES(3060, 'new', 20060); "
                  "INSERT INTO person VALUES(20060, 3060); COMMIT")
        world.until(lambda: self.is_settled() and "3060|new|20060" in self.rows(self.right)[0])
        with contextlib.closing(sqlite3.connect(world.folder / "crm.db", timeout=30)) as file, file:
            file.execute("INSERT INTO department VALUES(3070, 'newer', 20070)")
            file.execute("INSERT INTO person VALUES(20070, 3070)")
        world.until(lambda: self.is_settled() and "3070|newer|20070" in self.rows(self.left)[0])

        # What comes behind it in each app shows that nothing of it has come back.
        self.left("INSERT INTO department VALUES(3080, 'last of the left', NULL)")
        self.right("INSERT INTO department VALUES(3081, 'last of the right', NULL)")
        world.until(lambda: self.is_settled() and "3081|" in self.rows(self.left)[0] and "3080|" in self.rows(self.right)[0])
        self.assertEqual(f"{COUNT + 2}", self.left("SELECT count(*) FROM department WHERE head IS NOT NULL"))
        self.assertEqual([], world.json("conflict", "list"))


if __name__ == "__main__":
    unittest.main()
