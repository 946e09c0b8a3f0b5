"""What the program has to stand: being killed at any time, and a long queue behind a pause."""
import random
import sqlite3
import sys
import time
import unittest

from world import World

PROGRAM = sys.argv.pop(1)
KILLS = 50
QUEUED = 10_000


class Endurance(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def ask(self, app, query):
        with sqlite3.connect(self.world.folder / f"{app}.db", timeout=30) as file:
            found = file.execute(query).fetchall()
        file.close()
        return found

    def equal(self):
        return self.world.rows("erp") == self.world.rows("crm")

    def at_rest(self):
        found = self.world.json("map", "show", "customers")
        ways = found["directions"]
        return found["status"] == "running" and all(int(way["lag_records"]) == 0 for way in ways)

    def test_killed_fifty_times_it_goes_on_where_it_was(self):
        """In initial sync, live sync and catching up: nothing is lost, nothing arrives twice."""
        chance = random.Random(20)
        self.world.write("erp", ("INSERT INTO customer VALUES(?, ?, ?)", [(i, f"name {i}", "Oslo") for i in range(5000)]))
        self.world.write("crm", "CREATE TABLE written(number INTEGER, at INTEGER PRIMARY KEY AUTOINCREMENT)",
                         "CREATE TRIGGER note AFTER INSERT ON account BEGIN INSERT INTO written(number) VALUES(NEW.number); END")
        self.world.write("erp", "CREATE TABLE written(id INTEGER, city TEXT)",
                         "CREATE TRIGGER note AFTER UPDATE ON customer WHEN OLD.city IS NOT NEW.city "
                         "BEGIN INSERT INTO written VALUES(NEW.id, NEW.city); END")
        self.world.start()
        self.assertEqual(0, self.world.run("map", "run", "customers").returncode)
        added = 5000
        for kill in range(KILLS):
            if kill % 10 == 9:
                self.world.run("map", "stop", "customers", "--wait", "--yes")
                self.world.run("map", "run", "customers", "--initial-sync")
            if kill % 5 == 3:
                self.world.run("map", "pause", "customers")
            if kill % 5 == 4:
                self.world.run("map", "resume", "customers")
            rows = [(added + i, f"name {added + i}", "Rome") for i in range(chance.randrange(1, 100))]
            added += len(rows)
            self.world.write("erp", ("INSERT INTO customer VALUES(?, ?, ?)", rows))
            self.world.write("crm", f"UPDATE account SET town = 'kill {kill}' WHERE number = {chance.randrange(5000)}")
            time.sleep(chance.random() * 0.2)
            self.world.kill()
            self.world.start()
        self.world.run("map", "resume", "customers")
        self.world.run("map", "run", "customers")
        self.world.until(self.at_rest)
        self.assertTrue(self.equal())
        self.assertGreaterEqual(len(self.world.json("sync", "list")), KILLS // 10, "each was begun shortly before a kill")
        self.assertEqual([], self.ask("erp", "SELECT id, city FROM written GROUP BY id, city HAVING count(*) > 1"))
        with_twice = "SELECT number FROM written GROUP BY number HAVING count(*) > 1"
        self.assertEqual([], self.ask("crm", with_twice))
        self.assertTrue(self.world.json("event", "verify")["ok"])

    def test_what_was_queued_behind_a_pause_arrives_in_order_and_once(self):
        self.world.write("crm", "CREATE TABLE arrived(number INTEGER, name TEXT, at INTEGER PRIMARY KEY AUTOINCREMENT)",
                         "CREATE TRIGGER note AFTER INSERT ON account BEGIN "
                         "INSERT INTO arrived(number, name) VALUES(NEW.number, NEW.fullname); END")
        self.world.start()
        self.assertEqual(0, self.world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual(0, self.world.run("map", "pause", "customers", "--wait").returncode)
        self.assertEqual("paused", self.world.json("map", "show", "customers")["status"])
        self.world.write("erp", ("INSERT INTO customer VALUES(?, ?, 'Oslo')", [(i, f"n{i}") for i in range(QUEUED)]))
        self.world.until(lambda: int(self.world.json("map", "show", "customers")["queued"]) == QUEUED)
        self.assertEqual([], self.world.rows("crm"))
        self.assertEqual(0, self.world.run("map", "resume", "customers").returncode)
        seen = set()
        self.world.until(lambda: seen.add(self.world.json("map", "show", "customers")["status"]) or "running" in seen)
        self.assertLessEqual(seen, {"paused", "resuming", "running"})
        self.world.until(self.at_rest)
        self.assertTrue(self.equal())
        self.assertEqual([(i,) for i in range(QUEUED)], self.ask("crm", "SELECT number FROM arrived ORDER BY at"))


if __name__ == "__main__":
    unittest.main()
