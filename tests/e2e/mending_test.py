#!/usr/bin/env python3
"""One cause behind many errors is mended once: a value map that lacked a value, a customer whom fifty orders refer to."""
import sqlite3
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)

VALUES = "{ left: city, right: town, value_map: { Oslo: OSL%s } }"
ORDERS = """
      - name: orders
        left:  { table: sale }
        right: { table: purchase }
        key: [ { left: id, right: id } ]
        columns:
          - { left: customer, right: account }
"""


class Mending(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def errors(self, *more):
        return self.world.json("error", "list", "--limit", "1000", *more)

    def apply(self, old, new):
        text = self.world.config.read_text()
        self.assertIn(old, text)
        self.world.config.write_text(text.replace(old, new))
        applied = self.world.run("config", "apply", "--yes")
        self.assertEqual(0, applied.returncode, applied.stderr)

    def run_map(self, *words):
        done = self.world.run("map", *words, "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def ids(self, table):
        with sqlite3.connect(self.world.folder / "crm.db", timeout=30) as file:
            found = [row[0] for row in file.execute(f"SELECT id FROM {table} ORDER BY rowid")]
        file.close()
        return found

    def test_a_value_map_is_corrected_while_its_map_is_paused_and_while_it_runs(self):
        world = self.world
        text = world.config.read_text()
        world.config.write_text(text.replace("{ left: city, right: town }", VALUES % ""))
        world.start()
        self.run_map("run", "customers")
        towns = {1: ("Rom", "ROM"), 2: ("Paris", "PAR")}
        for number, (city, _) in towns.items():
            world.write("erp", f"INSERT INTO customer VALUES({number}, 'name', '{city}')")
        world.until(lambda: len(self.errors()) == 2)
        for one in self.errors():
            self.assertEqual("mapping", one["class"])
            self.assertIn(towns[int(one["key"]["id"])][0], one["text"])

        self.run_map("pause", "customers")
        self.apply(VALUES % "", VALUES % ", Rom: ROM")
        self.run_map("resume", "customers")
        world.until(lambda: world.json("map", "show", "customers")["status"] == "running")
        retried = world.run("error", "retry", "--all", "--wait")
        self.assertEqual(4, retried.returncode, retried)
        self.assertEqual([(1, "name", "ROM")], world.rows("crm"))
        left = self.errors()
        self.assertEqual([({"id": "2"}, 2)], [(one["key"], one["attempts"]) for one in left])

        self.apply(VALUES % ", Rom: ROM", VALUES % ", Rom: ROM, Paris: PAR")
        self.assertEqual("running", world.json("map", "show", "customers")["status"])
        self.assertEqual(0, world.run("error", "retry", left[0]["id"], "--wait").returncode)
        self.assertEqual([(n, "name", code) for n, (_, code) in towns.items()], world.rows("crm"))
        self.assertEqual(2, len(self.errors("--state", "completed")))
        self.assertEqual([(n, "name", city) for n, (city, _) in towns.items()], world.rows("erp"))

    def test_fifty_orders_wait_for_one_refused_customer_and_follow_it_in_order(self):
        world = self.world
        world.write("erp", "CREATE TABLE sale(id INTEGER PRIMARY KEY NOT NULL, customer INTEGER NOT NULL)")
        world.write("crm", "CREATE TABLE purchase(id INTEGER PRIMARY KEY NOT NULL, "
                           "account INTEGER NOT NULL REFERENCES account(number))")
        world.config.write_text(world.config.read_text() + ORDERS)
        world.start()
        for name in ("customers", "orders"):
            self.run_map("run", name)
        world.write("erp", "INSERT INTO customer VALUES(7, 'bad', 'Oslo')",
                    ("INSERT INTO sale VALUES(?, 7)", [(n,) for n in range(1, 51)]))
        world.until(lambda: len(self.errors("--waiting")) == 51)
        waiting = self.errors("--state", "dependency")
        self.assertEqual([str(n) for n in range(1, 51)], [one["key"]["id"] for one in waiting])
        customer, = self.errors("--state", "failed")
        self.assertEqual(("application", {"id": "7"}), (customer["class"], customer["key"]))
        self.assertEqual({customer["id"]}, {one["waits_for"] for one in waiting})
        self.assertEqual("50", customer["waiting_behind"])

        world.write("erp", "UPDATE customer SET name = 'good' WHERE id = 7")
        world.until(lambda: self.errors("--waiting") == [])
        self.assertEqual([(7, "good", "Oslo")], world.rows("crm"))
        self.assertEqual(list(range(1, 51)), self.ids("purchase"))


if __name__ == "__main__":
    unittest.main()
