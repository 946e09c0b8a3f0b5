#!/usr/bin/env python3
"""What is promised of rows that are refused: initial syncs again, catch-up errors, retention, resuming."""
import json
import sqlite3
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)
REFUSED = 137
ROWS = 10_000


class WithServer(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        # A list of its own of what the application refuses, so that it can be mended row by row.
        self.world.write("crm", "CREATE TABLE refused(number INTEGER PRIMARY KEY)",
                         "CREATE TRIGGER no_refused BEFORE INSERT ON account "
                         "WHEN NEW.number IN (SELECT number FROM refused) BEGIN "
                         "SELECT RAISE(ABORT, 'the credit limit of this account is not set'); END",
                         "CREATE TRIGGER no_refused_update BEFORE UPDATE ON account "
                         "WHEN NEW.number IN (SELECT number FROM refused) BEGIN "
                         "SELECT RAISE(ABORT, 'the credit limit of this account is not set'); END")
        self.world.start()

    def refuse(self, numbers):
        self.world.write("crm", ("INSERT INTO refused VALUES(?)", [(n,) for n in numbers]))

    def mend(self, numbers):
        self.world.write("crm", ("DELETE FROM refused WHERE number = ?", [(n,) for n in numbers]))

    def insert(self, numbers, name="name"):
        self.world.write("erp", ("INSERT INTO customer VALUES(?, ?, 'Oslo')", [(n, f"{name} {n}") for n in numbers]))

    def status(self):
        return self.world.json("map", "show", "customers")["status"]

    def errors(self, *more):
        return self.world.json("error", "list", "--limit", "100000", *more)

    def arrived(self):
        with sqlite3.connect(self.world.folder / "crm.db", timeout=30) as file:
            count = file.execute("SELECT count(*) FROM account").fetchone()[0]
        file.close()
        return count


class Deletes(unittest.TestCase):
    def start(self, policy, side=""):
        world = World(PROGRAM)
        self.addCleanup(world.end)
        world.write("crm", "ALTER TABLE account ADD COLUMN gone INTEGER")
        text = world.config.read_text().replace("columns:", f"deletes: {policy}\n        columns:")
        world.config.write_text(text.replace("table: account", "table: account" + side))
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ada', 'Oslo')", "INSERT INTO customer VALUES(2, 'Ben', 'Rom')")
        world.start()
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.until(lambda: len(world.rows("crm")) == 2)
        return world

    def test_ignored(self):
        world = self.start("ignore")
        world.write("erp", "DELETE FROM customer WHERE id = 1", "UPDATE customer SET city = 'Roma' WHERE id = 2")
        world.until(lambda: world.rows("crm")[1][2] == "Roma")
        self.assertEqual((1, "Ada", "Oslo", None), world.rows("crm")[0])
        self.assertEqual("0", world.json("map", "show", "customers")["queued"])

    def test_marked(self):
        world = self.start("soft_delete", ", soft_delete: gone")
        world.write("erp", "DELETE FROM customer WHERE id = 1")
        world.until(lambda: world.rows("crm")[0] == (1, "Ada", "Oslo", 1))
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ida', 'Oslo')")
        world.until(lambda: world.rows("crm")[0] == (1, "Ida", "Oslo", 0))
        world.write("crm", "UPDATE account SET gone = 1 WHERE number = 2")
        world.until(lambda: world.rows("erp") == [(1, "Ida", "Oslo")])
        self.assertEqual([], world.json("error", "list"))


class InitialSync(WithServer):
    def test_an_initial_sync_with_errors_is_run_again_until_nothing_is_left(self):
        world = self.world
        bad = list(range(7, 7 + 70 * REFUSED, 70))
        self.insert(range(ROWS))
        self.refuse(bad)
        failed = world.run("map", "run", "customers", "--wait")
        self.assertEqual(4, failed.returncode, failed.stderr)
        self.assertEqual("not_running", self.status())
        self.assertEqual(ROWS - REFUSED, self.arrived())

        sync = world.json("sync", "list", "customers")[0]
        self.assertEqual(("failed", str(REFUSED), str(REFUSED)),
                         (sync["state"], sync["failed"], sync["errors_open"]))
        leg = [one for one in sync["legs"] if one["direction"] == "left_to_right"][0]
        self.assertEqual((str(ROWS), str(ROWS - REFUSED), str(REFUSED)),
                         (leg["rows"], leg["inserted"], leg["failed"]))
        chunks = world.json("sync", "show", sync["id"], "--chunks", "--limit", "1000")
        self.assertEqual(REFUSED, sum(int(one["failed"]) for one in chunks))
        rows = world.json("sync", "show", sync["id"], "--errors", "--limit", "1000")
        self.assertEqual(bad, sorted(int(one["key"]["id"]) for one in rows))
        for one in rows:
            self.assertEqual(("left_to_right", "application", "failed"),
                             (one["direction"], one["class"], one["state"]))
            self.assertIn("the credit limit of this account is not set", one["text"])
            self.assertEqual(f"name {one['key']['id']}", one["row"]["name"])
        group = world.json("error", "groups")
        self.assertEqual([str(REFUSED)], [one["count"] for one in group])
        self.assertIn("trigger", group[0]["cause"])

        self.mend(bad[:100])
        again = world.run("sync", "rerun", "customers", "--wait")
        self.assertEqual(4, again.returncode, again.stderr)
        self.assertEqual(ROWS - 37, self.arrived())
        self.assertEqual(37, len(self.errors()))
        self.assertEqual("37", world.json("sync", "list", "customers")[0]["errors_open"])
        earlier = world.json("sync", "show", sync["id"], "--errors", "--limit", "1000")
        self.assertEqual(REFUSED, len(earlier), "what an earlier one had refused is still told")
        self.assertEqual({"superseded"}, {one["state"] for one in earlier})

        tried = {one["id"]: one["attempts"] for one in self.errors()}
        self.insert(range(ROWS, ROWS + 5))
        without = world.run("sync", "rerun", "customers", "--without-errors", "--wait")
        self.assertEqual(0, without.returncode, without.stderr)
        self.assertIn("map run customers", without.stderr)
        self.assertEqual(ROWS - 37 + 5, self.arrived())
        self.assertEqual(tried, {one["id"]: one["attempts"] for one in self.errors()})
        newest = world.json("sync", "list", "customers")[0]
        self.assertEqual(("completed", "without_errors", "0"), (newest["state"], newest["which"], newest["failed"]))
        self.assertEqual("not_running", self.status())

        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.until(lambda: self.status() == "running")
        self.assertEqual(3, len(world.json("sync", "list", "customers")), "nothing was copied again")
        self.assertEqual(37, len(self.errors()))
        self.mend(bad[100:])
        retried = world.run("error", "retry", "--all", "--wait")
        self.assertEqual(0, retried.returncode, retried.stderr)
        world.until_equal()

    def test_only_what_had_failed_is_read_again(self):
        world = self.world
        self.insert(range(2_500))
        self.refuse([5, 1500, 2499])
        self.assertEqual(4, world.run("map", "run", "customers", "--wait").returncode)
        self.mend([5, 2499])
        one = world.run("sync", "rerun", "customers", "--errored-only", "--wait")
        self.assertEqual(4, one.returncode, one.stderr)
        newest = world.json("sync", "list", "customers")[0]
        self.assertEqual(("3", "2", "1"), (newest["rows"], newest["inserted"], newest["failed"]))
        world.kill()
        world.start()
        self.mend([1500])
        self.assertEqual(0, world.run("sync", "rerun", "customers", "--errored-only", "--wait").returncode)
        world.until(lambda: self.status() == "running")
        world.until_equal()

    def test_one_record_is_retried_and_the_last_one_completes_it(self):
        world = self.world
        self.insert(range(20))
        self.refuse([3, 4])
        self.assertEqual(4, world.run("map", "run", "customers", "--wait").returncode)
        self.mend([3, 4])
        first, second = (one["id"] for one in self.errors())
        self.assertEqual(0, world.run("error", "retry", first, "--wait").returncode)
        self.assertEqual("failed", world.json("sync", "list")[0]["state"])
        self.assertEqual(0, world.run("error", "retry", second, "--wait").returncode)
        world.until(lambda: world.json("sync", "list")[0]["state"] == "completed")
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual(1, len(world.json("sync", "list")))
        world.until_equal()

    def test_a_running_map_has_nothing_to_run_again(self):
        world = self.world
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        refused = world.run("sync", "rerun", "customers", "--without-errors", "--wait")
        self.assertEqual(8, refused.returncode)
        self.assertIn("rerun is not possible", refused.stderr)


class CatchUpErrors(WithServer):
    def keep_errors_for(self, span):
        text = self.world.config.read_text()
        self.world.config.write_text(text.replace("columns:", f"errors: {{ keep: {span} }}\n        columns:"))
        applied = self.world.run("config", "apply", "--yes")
        self.assertEqual(0, applied.returncode, applied.stderr)

    def pause_change_resume(self, numbers, refused):
        world = self.world
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual(0, world.run("map", "pause", "customers", "--wait").returncode)
        self.refuse(refused)
        self.insert(numbers)
        world.until(lambda: world.json("map", "show", "customers")["queued"] == str(len(numbers)))
        self.assertEqual(0, world.run("map", "resume", "customers", "--wait").returncode)
        world.until(lambda: self.status() == "running")

    def test_a_queue_with_errors_is_worked_off_as_the_page_says(self):
        world = self.world
        bad = list(range(100, 5_000, 200))
        self.assertEqual(25, len(bad))
        self.pause_change_resume(range(5_000), bad)
        world.until(lambda: self.arrived() == 4_975)
        errors = self.errors()
        self.assertEqual(25, len(errors))
        self.assertEqual({"the credit limit of this account is not set"}, {one["text"] for one in errors})
        self.assertTrue(all(one["purged_at"] for one in errors))

        five = [one["id"] for one in errors[:5]]
        self.mend(bad[:5])
        selected = world.run("error", "retry", *five, "--wait", "-o", "json")
        self.assertEqual(0, selected.returncode, selected.stderr)
        operation = json.loads(selected.stdout)[0]
        self.assertEqual(("completed", "5", "5"), (operation["state"], operation["records"], operation["succeeded"]))
        self.assertEqual(five, [one["id"] for one in self.errors("--state", "completed")])

        counted = world.json("error", "retry", "--all", "--dry-run")
        self.assertEqual("20", counted["matched"])
        rest = world.run("error", "retry", "--all", "--wait", "-o", "json")
        self.assertEqual(4, rest.returncode, rest.stderr)
        self.assertEqual("20", json.loads(rest.stdout)[0]["failed"])
        self.assertEqual([2] * 20, [one["attempts"] for one in self.errors()])

        three = [one["id"] for one in self.errors()[:3]]
        self.assertEqual(0, world.run("error", "delete", *three, "--yes").returncode)
        self.assertEqual(17, len(self.errors()))
        deleted = world.json("event", "list", "--type", "ParkedDeleted", "--limit", "10")
        self.assertEqual(1, len(deleted))

        newer = int(self.errors()[0]["key"]["id"])
        self.mend([newer])
        world.write("erp", f"UPDATE customer SET name = 'newer' WHERE id = {newer}")
        world.until(lambda: (newer, "newer", "Oslo") in world.rows("crm"))
        world.until(lambda: len(self.errors()) == 16)

        self.keep_errors_for("1s")
        world.until(lambda: self.errors() == [])
        announced = world.json("event", "list", "--type", "PurgeAnnounced", "--limit", "10")
        purged = world.json("event", "list", "--type", "ParkedPurged", "--limit", "10")
        self.assertGreater(len(announced), 0)
        self.assertGreater(len(purged), 0)
        still = world.json("event", "show", five[0])
        self.assertEqual("RecordsCaptured", still["type"])
        drift = world.json("map", "drift", "customers", "--limit", "100")
        self.assertEqual(19, len([one for one in drift if one["what"] == "given up"]))
        verified = world.json("event", "verify")
        self.assertTrue(verified["ok"], verified)

    def test_a_filter_means_the_same_for_lists_counts_and_actions(self):
        world = self.world
        self.pause_change_resume(range(40), range(0, 40, 2))
        world.until(lambda: len(self.errors()) == 20)
        sql = "attempts = 1 and \"key\" in ('4', '8', '12') and direction = 'left_to_right'"
        self.assertEqual(["4", "8", "12"], [one["key"]["id"] for one in self.errors("--filter", sql)])
        self.assertEqual("3", world.json("error", "retry", "--all", "--filter", sql, "--dry-run")["matched"])
        self.assertEqual("3", world.json("error", "groups", "--filter", sql)[0]["count"])
        done = world.run("error", "retry", "--all", "--filter", sql, "--wait", "-o", "json")
        self.assertEqual("3", json.loads(done.stdout)[0]["records"])
        self.assertEqual(3, len(self.errors("--filter", "attempts = 2")))
        wrong = world.run("error", "list", "--filter", "atempts = 2")
        self.assertEqual(3, wrong.returncode, wrong)
        self.assertIn("attempts", wrong.stderr)
        exported = world.run("error", "export", "--filter", sql.replace("attempts = 1", "attempts = 2"))
        self.assertEqual(4, len(exported.stdout.strip().splitlines()))
        self.assertIn("name 12", exported.stdout)

    def test_values_of_an_admin_take_the_place_of_the_records_own(self):
        world = self.world
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.write("erp", "INSERT INTO customer VALUES(3, 'bad', 'Rom')")
        world.until(lambda: len(self.errors()) == 1)
        one = self.errors()[0]["id"]
        wrong = world.run("error", "amend", one, "fulname=good")
        self.assertEqual(8, wrong.returncode, wrong)
        self.assertIn("account has no column fulname", wrong.stderr)
        amended = world.json("error", "amend", one, "fullname=good")
        self.assertEqual({"fullname": "good"}, amended["amended"])
        self.assertEqual(0, world.run("error", "retry", one, "--wait").returncode)
        self.assertEqual([(3, "good", "Rom")], world.rows("crm"))
        self.assertEqual([(3, "bad", "Rom")], world.rows("erp"))
        self.assertEqual([{"id": "3"}], [row["key"] for row in world.json("map", "drift", "customers")])

    def test_a_map_goes_live_without_its_queue(self):
        world = self.world
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual(0, world.run("map", "pause", "customers", "--wait").returncode)
        self.insert(range(10))
        world.until(lambda: world.json("map", "show", "customers")["queued"] == "10")
        queue = world.json("map", "queue", "customers")
        self.assertEqual([str(n) for n in range(10)], [one["key"]["id"] for one in queue])
        self.assertEqual(("insert", "name 3"), (queue[3]["operation"], queue[3]["after"]["name"]))
        self.assertEqual(queue[4:5], world.json("map", "queue", "customers", "--key", "4"))
        self.assertEqual(queue[:2], world.json("map", "queue", "customers", "--limit", "2")[:2])
        self.assertEqual(0, world.run("map", "resume", "customers", "--queue", "park", "--wait").returncode)
        self.assertEqual([], world.json("map", "queue", "customers"))
        world.until(lambda: self.status() == "running")
        self.assertEqual(10, len(self.errors()))
        self.insert([77])
        world.until(lambda: len(world.rows("crm")) == 1)
        self.assertEqual(0, world.run("error", "retry", "--all", "--wait").returncode)
        world.until_equal()

        self.assertEqual(0, world.run("map", "pause", "customers", "--wait").returncode)
        self.insert(range(100, 105))
        world.until(lambda: world.json("map", "show", "customers")["queued"] == "5")
        silent = world.run("map", "resume", "customers", "--queue", "discard", "--wait")
        self.assertEqual(8, silent.returncode, silent)
        self.assertEqual(0, world.run("map", "resume", "customers", "--queue", "discard", "--reason",
                                      "loaded by hand", "--wait").returncode)
        world.until(lambda: self.status() == "running")
        self.assertEqual("0", world.json("map", "show", "customers")["queued"])
        self.insert([200])
        world.until(lambda: len(world.rows("crm")) == 12)
        self.assertIn("discarded with the queue",
                      [one["what"] for one in world.json("map", "drift", "customers")])
        self.assertIn("loaded by hand", json.dumps(world.json("activity", "list", "customers")))

    def test_a_map_is_detached_when_its_queue_is_over_its_limit(self):
        world = self.world
        world.config.write_text(world.config.read_text().replace(
            "        columns:", "        queue: { records: 10, on_limit: detach }\n        columns:"))
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual(0, world.run("map", "pause", "customers", "--wait").returncode)

        def queue():
            return world.json("map", "show", "customers")["queue"]
        self.insert(range(6))
        world.until(lambda: queue()["percent_of_limit"] == 50)
        self.assertEqual("6", queue()["records"])
        self.assertGreater(int(queue()["bytes"]), 6 * 10)
        self.assertIsNotNone(queue()["oldest"])
        self.insert(range(6, 12))
        world.until(lambda: self.status() == "not_running")
        log = world.run("activity", "export", "customers", "--since", "1h")
        self.assertEqual(0, log.returncode, log.stderr)
        self.assertIn("the queue is at 100 % of its limit", log.stdout)
        self.assertIn("detached: the queue is over its limit", log.stdout)
        entry = json.loads(log.stdout.splitlines()[0])["id"]
        lines = world.run("activity", "show", entry, "--log").stdout.splitlines()
        self.assertEqual(["MapStopped"], [json.loads(line)["type"] for line in lines])
        self.assertEqual(8, world.run("map", "resume", "customers").returncode)
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.until_equal()
        self.assertEqual(12, len(world.rows("crm")))


if __name__ == "__main__":
    unittest.main()
