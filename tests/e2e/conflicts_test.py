#!/usr/bin/env python3
"""The conflict matrix between a PostgreSQL database and a SQLite file: both users change a row, or give one unique value
to two rows, while the engine is away; it is killed while it settles that, and both sides end with what the policy says."""
import random
import sqlite3
import sys
import time
import unittest

from postgres_server import PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)

# The policy of each map, and the side that is kept where somebody has to decide.
CHOICES = {"left_wins": ("left_wins", None), "right_wins": ("right_wins", None), "newest": ("newest_wins", None),
           "keep_left": ("manual", "left"), "keep_right": ("manual", "right")}
# What the left and the right user do; with a third word, to rows of their own, which they give one value.
CLASHES = [("insert", "insert"), ("update", "update"), ("update", "delete"), ("delete", "update"),
           ("insert", "insert", "value"), ("update", "update", "value"), ("insert", "update", "value"),
           ("update", "insert", "value")]
ORDERS = ("left", "right")  # who comes first
TABLE = "(id bigint PRIMARY KEY NOT NULL, name text, code text UNIQUE)"
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
"""
MAP = """\
      - name: {name}
        left:  {{ table: {name} }}
        right: {{ table: {name} }}
        key: [ {{ left: id, right: id }} ]
        conflict: {policy}
        columns: [ {{ left: name, right: name }}, {{ left: code, right: code }} ]
"""


class Duel:
    """One clash in one order: what is there before, what each side does, and what is there in the end."""

    def __init__(self, number, clash, first):
        self.deeds = dict(zip(ORDERS, clash))
        self.first = first
        of_value = len(clash) == 3
        self.ids = {"left": number * 10, "right": number * 10 + of_value}
        self.before = {self.ids[side]: (f"before {side}", f"{number} {side}" if of_value else f"{number}")
                       for side in ORDERS if self.deeds[side] != "insert"}
        self.after = {side: (side, f"{number} the same" if of_value else f"{number}") for side in ORDERS}

    def statement(self, side, table):
        key = self.ids[side]
        name, code = self.after[side]
        return {"insert": f"INSERT INTO {table} VALUES({key}, '{name}', '{code}')",
                "update": f"UPDATE {table} SET name = '{name}', code = '{code}' WHERE id = {key}",
                "delete": f"DELETE FROM {table} WHERE id = {key}"}[self.deeds[side]]

    def end(self, choice):
        newest = "right" if self.first == "left" else "left"
        winner = {"left_wins": "left", "right_wins": "right", "newest": newest}.get(choice, CHOICES[choice][1])
        rows = dict(self.before)
        rows[self.ids[winner]] = self.after[winner]
        if self.deeds[winner] == "delete":
            del rows[self.ids[winner]]
        return rows


class Conflicts(unittest.TestCase):
    def setUp(self):
        self.server = PostgresServer()
        self.addCleanup(self.server.end)
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.server.ask("postgres", "CREATE DATABASE erp")
        self.world.config.write_text(CONFIG.format(erp=self.server.url("erp")) + "".join(
            MAP.format(name=name, policy=policy) for name, (policy, _) in CHOICES.items()))
        self.duels = [Duel(i + 1, clash, first) for i, (clash, first) in enumerate(
            (clash, first) for clash in CLASHES for first in ORDERS)]

    def write(self, side, statements):
        if side == "left":
            self.server.ask("erp", *statements)
        else:
            self.world.write("crm", *statements)

    def rows(self, side, table):
        if side == "left":
            found = self.server.ask("erp", f"SELECT id, name, code FROM {table} ORDER BY id")
            rows = [line.split("|") for line in found.splitlines()]
        else:
            with sqlite3.connect(self.world.folder / "crm.db", timeout=30) as file:
                rows = file.execute(f"SELECT id, name, code FROM {table} ORDER BY id").fetchall()
            file.close()
        return {int(key): (name, code) for key, name, code in rows}

    def begin(self):
        for side in ORDERS:
            self.write(side, [f"CREATE TABLE {name}{TABLE}" for name in CHOICES])
        # The row as it was is needed where a change is to be undone.
        self.write("left", [f"ALTER TABLE {name} REPLICA IDENTITY FULL" for name in CHOICES])
        self.write("left", [f"INSERT INTO {table} VALUES({key}, '{name}', '{code}')" for table in CHOICES
                            for duel in self.duels for key, (name, code) in duel.before.items()])
        self.world.start()
        for name in CHOICES:
            done = self.world.run("map", "run", name, "--wait")
            self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(0, self.world.stop())

    def decide(self):
        """Gives how many conflicts waited for somebody."""
        listed = self.world.json("conflict", "list", "--limit", "1000")
        for one in listed:
            done = self.world.run("conflict", "resolve", one["id"], "--keep", CHOICES[one["map"]][1], "--yes")
            # A newer change came meanwhile, or it was decided together with another.
            self.assertIn(done.returncode, (0, 4), done)
        return len(listed)

    def is_settled(self):
        asked = self.decide()
        return asked == 0 and all(
            self.rows(side, name) == {key: row for duel in self.duels for key, row in duel.end(name).items()}
            for name in CHOICES for side in ORDERS) and not self.world.json("error", "list")

    def test_both_sides_end_with_what_the_policy_chooses(self):
        self.begin()
        for first in ORDERS:
            for side in (first, "right" if first == "left" else "left"):
                self.write(side, [duel.statement(side, name) for name in CHOICES for duel in self.duels
                                  if duel.first == first])
                time.sleep(0.05)  # the apps' clocks tell who came first
        chance = random.Random(7)
        for _ in range(6):
            self.world.start()
            self.decide()
            time.sleep(chance.random() * 0.5)  # killed anywhere
            self.world.kill()
        self.world.start()
        self.world.until(self.is_settled)
        for name in CHOICES:
            end = {key: row for duel in self.duels for key, row in duel.end(name).items()}
            for side in ORDERS:
                self.assertEqual(end, self.rows(side, name), (name, side))
        self.assertTrue(self.world.json("event", "verify")["ok"])
        self.assertEqual(0, self.world.stop())


if __name__ == "__main__":
    unittest.main(verbosity=2)
