#!/usr/bin/env python3
"""Before many rows are deleted somebody is asked, and what they say is done."""
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)
ROWS = 1000


class MassDelete(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def start(self, guard):
        world = self.world
        text = world.config.read_text()
        world.config.write_text(text.replace("columns:", f"delete_guard: {guard}\n        columns:"))
        world.write("erp", ("INSERT INTO customer VALUES(?, 'name', 'Oslo')", [(n,) for n in range(ROWS)]))
        world.start()
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.until_equal()

    def shown(self):
        return self.world.json("map", "show", "customers")

    def held(self):
        return self.shown()["directions"][0]["mass_delete"]

    def until_held(self):
        self.world.until(lambda: self.shown()["status"] == "paused" and self.held() is not None)

    def test_accepted(self):
        world = self.world
        self.start("{ rows: 100 }")
        world.write("erp", "DELETE FROM customer WHERE id < 60")
        world.until_equal()
        world.write("erp", "DELETE FROM customer WHERE id < 120", "UPDATE customer SET city = 'Rom' WHERE id = 900")
        self.until_held()
        self.assertEqual(ROWS - 60, len(world.rows("crm")))
        self.assertEqual(("120", "100"), (self.held()["deletes"], self.held()["limit"]))
        self.assertIn("120 rows are to be deleted in crm, more than 100", self.shown()["reason"])
        self.assertIn("120 rows are to be deleted", world.run("map", "list").stdout)
        self.assertIn("held back", world.run("activity", "list", "customers").stdout)
        plain = world.run("map", "resume", "customers", "--wait")
        self.assertEqual(8, plain.returncode, plain)
        self.assertIn("--accept-deletes or --skip-deletes", plain.stderr)
        world.kill()
        world.start()
        self.assertEqual("paused", self.shown()["status"])
        done = world.run("map", "resume", "customers", "--accept-deletes", "--wait")
        self.assertEqual(0, done.returncode, done)
        world.until_equal()
        self.assertEqual(ROWS - 120, len(world.rows("crm")))
        self.assertIsNone(self.held())
        nothing = world.run("map", "resume", "customers", "--skip-deletes")
        self.assertEqual(8, nothing.returncode, nothing)

    def test_skipped(self):
        world = self.world
        self.start("{ share: 10 }")
        world.write("erp", "DELETE FROM customer WHERE id < 300", "UPDATE customer SET city = 'Rom' WHERE id = 900")
        self.until_held()
        self.assertEqual(("300", "1000", "100"), tuple(self.held()[key] for key in ("deletes", "rows", "limit")))
        self.assertEqual(0, world.run("map", "resume", "customers", "--skip-deletes", "--wait").returncode)
        world.until(lambda: (900, "name", "Rom") in world.rows("crm"))
        self.assertEqual(ROWS, len(world.rows("crm")))
        drift = world.json("map", "drift", "customers", "--limit", "1000")
        self.assertEqual([str(n) for n in range(300)], sorted((one["key"]["id"] for one in drift), key=int))
        self.assertEqual("300", self.shown()["directions"][0]["kept"])
        world.write("erp", "INSERT INTO customer VALUES(7, 'again', 'Oslo')")
        world.until(lambda: (7, "again", "Oslo") in world.rows("crm"))
        world.until(lambda: len(world.json("map", "drift", "customers", "--limit", "1000")) == 299)
        world.write("erp", "DELETE FROM customer WHERE id BETWEEN 400 AND 420")
        world.until(lambda: len(world.rows("crm")) == ROWS - 21)

    def test_a_guard_has_to_make_sense(self):
        self.world.config.write_text(self.world.config.read_text().replace(
            "columns:", "delete_guard: { share: 101, within: 1s, row: 5 }\n        columns:"))
        refused = self.world.run("config", "validate", str(self.world.config), config=False)
        self.assertEqual(3, refused.returncode, refused)
        for word in ("share", "within", "row"):
            self.assertIn(word, refused.stderr + refused.stdout)


if __name__ == "__main__":
    unittest.main()
