#!/usr/bin/env python3
"""What a user of the command line is promised, asked of the built program."""
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)


class WithServer(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.world.start()

    def run_map(self):
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def test_run_edit_pause_resume(self):
        world = self.world
        world.write("erp", ("INSERT INTO customer VALUES(?, ?, 'Oslo')", [(i, f"name {i}") for i in range(500)]))
        self.run_map()
        world.until_equal()
        world.write("crm", "UPDATE account SET town = 'Bergen' WHERE number = 7")
        world.until_equal()
        self.assertEqual(0, world.run("map", "pause", "customers", "--wait").returncode)
        world.write("erp", ("UPDATE customer SET name = ? WHERE id = ?", [(f"new {i}", i) for i in range(300)]))
        world.until(lambda: world.json("map", "show", "customers")["queued"] == "300")
        shown = world.json("map", "show", "customers")
        self.assertEqual("paused", shown["status"])
        self.assertEqual("300", shown["directions"][0]["lag_records"])
        self.assertIn("resume", shown["allowed_actions"])
        self.assertNotEqual(world.rows("erp"), world.rows("crm"))
        self.assertEqual(0, world.run("map", "resume", "erp-crm/customers", "--wait").returncode)
        world.until_equal()
        world.until(lambda: world.json("map", "show", "customers")["status"] == "running")

    def test_a_map_whose_table_changed_pauses_says_why_and_loses_nothing(self):
        world = self.world
        one_way = world.config.read_text().replace("fullname }", "fullname, direction: left_to_right }")
        world.config.write_text(one_way.replace("town }", "town, direction: left_to_right }"))
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        self.run_map()
        world.write("crm", "ALTER TABLE account RENAME COLUMN town TO place")
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ada', 'Oslo')")
        world.until(lambda: world.json("map", "show", "customers")["status"] == "paused")
        self.assertIn("'town'", world.json("map", "show", "customers")["reason"])
        still = world.run("map", "resume", "customers", "--wait")
        self.assertEqual(3, still.returncode, still.stderr)
        self.assertIn("'town'", still.stderr)
        world.write("crm", "ALTER TABLE account RENAME COLUMN place TO town")
        world.write("erp", "INSERT INTO customer VALUES(2, 'Ben', 'Rom')")
        again = world.run("map", "resume", "customers", "--wait")
        self.assertEqual(0, again.returncode, again.stderr)
        world.until_equal()

    def test_a_column_that_no_map_knows_is_harmless(self):
        world = self.world
        self.run_map()
        world.write("crm", "ALTER TABLE account ADD COLUMN rating INTEGER DEFAULT 3")
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ada', 'Oslo')")
        world.until(lambda: world.rows("crm") == [(1, "Ada", "Oslo", 3)])
        world.write("crm", "UPDATE account SET town = 'Rom'")
        world.until(lambda: world.rows("erp") == [(1, "Ada", "Rom")])

    def test_a_map_whose_table_is_gone_stops_and_says_why(self):
        world = self.world
        self.run_map()
        world.write("erp", "DROP TABLE customer")
        world.until(lambda: world.json("map", "show", "customers")["status"] == "not_running")
        self.assertEqual("erp has no table customer any more", world.json("map", "show", "customers")["reason"])
        self.assertEqual(0, world.run("status").returncode)

    def test_an_error_tells_a_human_what_is_wrong_and_can_be_mended(self):
        world = self.world
        self.run_map()
        world.write("erp", "INSERT INTO customer VALUES(3, 'bad', 'Rom')")
        world.until(lambda: len(world.json("error", "list")) == 1)
        one = world.json("error", "show", world.json("error", "list")[0]["id"])
        self.assertEqual(("customers", "left_to_right", "application", {"id": "3"}),
                         (one["map"], one["direction"], one["class"], one["key"]))
        self.assertIn("CHECK constraint failed", one["text"])
        self.assertEqual({"id": "3", "name": "bad", "city": "Rom"}, one["record"]["after"])
        self.assertEqual(1, one["attempts"])
        self.assertEqual(0, world.run("error", "retry", one["id"]).returncode)
        world.until(lambda: world.json("error", "show", one["id"])["attempts"] == 2)
        world.write("erp", "UPDATE customer SET name = 'good' WHERE id = 3")
        world.until_equal()
        self.assertEqual([], world.json("error", "list"))

    def test_deleting_errors_asks_first(self):
        world = self.world
        self.run_map()
        world.write("erp", "INSERT INTO customer VALUES(3, 'bad', 'Rom')")
        world.until(lambda: len(world.json("error", "list")) == 1)
        asked = world.run("error", "delete", "--all")
        self.assertEqual(8, asked.returncode)
        self.assertIn("1 records will be given up", asked.stderr)
        counted = world.json("error", "delete", "--all", "--dry-run")
        self.assertEqual("1", counted["matched"])
        self.assertEqual(1, len(world.json("error", "list")))
        self.assertEqual(0, world.run("error", "delete", "--all", "--yes").returncode)
        self.assertEqual([], world.json("error", "list"))
        drift = world.json("map", "drift", "customers")
        self.assertEqual([("left_to_right", "given up", {"id": "3"})],
                         [(one["direction"], one["what"], one["key"]) for one in drift])
        world.write("erp", "UPDATE customer SET name = 'good' WHERE id = 3")
        world.until_equal()
        world.until(lambda: world.json("map", "drift", "customers") == [])

    def test_what_a_stop_gave_up_is_told(self):
        world = self.world
        self.run_map()
        self.assertEqual(0, world.run("map", "pause", "customers", "--wait").returncode)
        world.write("erp", "INSERT INTO customer VALUES(3, 'late', 'Rom')")
        world.until(lambda: world.json("map", "show", "customers")["queued"] == "1")
        self.assertEqual(0, world.run("map", "stop", "customers", "--wait", "--yes").returncode)
        drift = world.json("map", "drift", "customers")
        self.assertIn("discarded by a stop", [one["what"] for one in drift])
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.until_equal()
        self.assertEqual([], world.json("map", "drift", "customers"))

    def test_a_killed_server_goes_on_where_it_was(self):
        world = self.world
        self.run_map()
        for turn in range(5):
            world.write("erp", ("INSERT INTO customer VALUES(?, 'x', 'y')", [(turn * 100 + i,) for i in range(100)]))
            world.write("crm", ("INSERT INTO account VALUES(?, 'u', 'v')", [(10000 + turn * 100 + i,) for i in range(100)]))
            world.kill()
            world.start()
        world.until_equal()
        self.assertEqual(1000, len(world.rows("erp")))
        self.assertTrue(world.json("event", "verify")["ok"])

    def test_exit_codes(self):
        world = self.world
        self.assertEqual(2, world.run("map", "lst").returncode)
        wrong = world.run("status", env={"DUALWRITE_TOKEN": "wrong"})
        self.assertEqual(6, wrong.returncode, wrong.stderr)
        self.assertEqual("", wrong.stdout)
        unknown = world.run("map", "show", "custmers")
        self.assertEqual(7, unknown.returncode)
        self.assertIn("did you mean 'customers'?", unknown.stderr)
        self.assertEqual(8, world.run("map", "pause", "customers").returncode)
        self.assertEqual(5, world.run("status", "--server", "http://127.0.0.1:1").returncode)
        second = world.run("serve")
        self.assertEqual(8, second.returncode)
        self.assertIn("Another engine has this data folder open", second.stderr)

    def test_a_wait_has_an_end(self):
        world = self.world
        other = sqlite3.connect(world.folder / "crm.db", timeout=30, isolation_level=None)
        self.addCleanup(other.close)
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ann', 'Oslo')")
        other.execute("BEGIN IMMEDIATE")
        done = world.run("map", "run", "customers", "--wait", "--timeout", "1")
        other.execute("COMMIT")
        self.assertEqual(9, done.returncode, done.stderr)
        world.until_equal()

    def test_errors_of_an_initial_sync_are_the_exit_code(self):
        world = self.world
        world.write("erp", "INSERT INTO customer VALUES(1, 'bad', 'Oslo')", "INSERT INTO customer VALUES(2, 'Ann', 'Rom')")
        done = world.run("map", "run", "customers", "--wait")
        self.assertEqual(4, done.returncode, done.stderr)
        sync = world.json("sync", "list")[0]
        self.assertEqual(("failed", "1"), (sync["state"], sync["failed"]))

    def test_validation_lists_everything_that_is_wrong_and_nothing_starts(self):
        world = self.world
        world.write("erp", "ALTER TABLE customer ADD COLUMN born DATE")
        world.write("crm", "ALTER TABLE account ADD COLUMN balance DECIMAL(12,2)")
        text = world.config.read_text().replace("right: number", "right: nummer").replace("left: name", "left: nme")
        text = text.replace("right: town }", "right: twn }\n          - { left: born, right: balance }")
        world.config.write_text(text)
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        found = world.run("map", "validate", "customers", "-o", "json")
        self.assertEqual(3, found.returncode)
        clash = ("types_incompatible", "columns[2]")
        self.assertEqual(
            [("unknown_column", "key[0].right"), ("unknown_column", "columns[0].left"),
             ("unknown_column", "columns[1].right"), clash, clash],
            [(one["code"], one["place"]) for one in json.loads(found.stdout)])
        refused = world.run("map", "run", "customers", "--wait")
        self.assertEqual(3, refused.returncode)
        for word in ("'nummer'", "'nme'", "'twn'", "'balance'"):
            self.assertIn(word, refused.stderr)
        types = [one["type"] for one in world.json("event", "list", "--limit", "1000")]
        self.assertEqual(0, types.count("CaptureStarted") + types.count("InitialSyncStarted"))

    def test_a_map_that_fits_no_table_is_not_run(self):
        world = self.world
        text = world.config.read_text().replace("table: account", "table: acount")
        world.config.write_text(text)
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        found = world.run("map", "validate", "customers", "-o", "json")
        self.assertEqual(3, found.returncode)
        self.assertEqual("right.table", json.loads(found.stdout)[0]["place"])
        self.assertNotEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual("not_running", world.json("map", "show", "customers")["status"])

    def test_more_maps_than_an_answer_holds(self):
        world = self.world
        names = [f"map{number}" for number in range(150)]
        for app in ("erp", "crm"):
            world.write(app, *[f"CREATE TABLE {name}(id INTEGER PRIMARY KEY NOT NULL, name TEXT)" for name in names])
        world.config.write_text(world.config.read_text() + "".join(
            f"      - {{ name: {name}, left: {{ table: {name} }}, right: {{ table: {name} }}, "
            "key: [ { left: id, right: id } ], columns: [ { left: name, right: name } ] }\n" for name in names))
        applied = world.run("config", "apply", "--yes")
        self.assertEqual(0, applied.returncode, applied.stderr)
        self.assertEqual(["customers", *names], [one["name"] for one in world.json("map", "list")])
        told = world.run("map", "run", "--all", "--dry-run").stderr.splitlines()
        self.assertEqual([f"Would run erp-crm/{name}." for name in ("customers", *names)], told)

    def test_lists_have_four_forms(self):
        world = self.world
        self.assertIn("customers", world.run("map", "list").stdout)
        lines = world.run("map", "list", "-o", "csv").stdout.splitlines()
        self.assertTrue(lines[0].startswith("name,link,status"))
        self.assertEqual(2, len(lines))
        rows = world.run("event", "list", "-o", "jsonl").stdout.splitlines()
        self.assertEqual("EngineStarted", json.loads(rows[0])["type"])
        for line in world.run("activity", "list").stdout.splitlines():
            self.assertLessEqual(len(line), 100)

    def test_the_tail_gives_events_as_they_come(self):
        world = self.world
        tail = subprocess.Popen([PROGRAM, "event", "tail", "--from", "1", "-o", "jsonl", "--config", world.config],
                                stdout=subprocess.PIPE, text=True, cwd=world.folder)
        self.addCleanup(tail.wait)
        self.addCleanup(tail.kill)
        self.addCleanup(tail.stdout.close)
        self.assertEqual("EngineStarted", json.loads(tail.stdout.readline())["type"])
        self.run_map()
        for line in tail.stdout:
            if json.loads(line)["type"] == "MapStarted":
                break

    def test_an_orderly_stop_is_in_the_log(self):
        world = self.world
        self.run_map()
        self.assertEqual(0, world.stop(), world.log())
        self.assertEqual(5, world.run("status").returncode)
        offline = world.run("event", "verify", "--data-dir", "data", "-o", "json", config=False)
        self.assertEqual(0, offline.returncode, offline.stderr)
        self.assertTrue(json.loads(offline.stdout)["ok"])
        world.start()
        count = lambda kind: len(world.json("event", "list", "--type", kind))
        world.until(lambda: count("EngineStarted") == 2)
        self.assertEqual(1, count("EngineStopped"))

    def test_a_log_that_was_set_back_behind_its_targets_is_refused(self):
        world = self.world
        self.run_map()
        self.assertEqual(0, world.stop(), world.log())
        shutil.copytree(world.folder / "data", world.folder / "older")
        world.start()
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ada', 'Oslo')")
        world.until_equal()
        self.assertEqual(0, world.stop(), world.log())
        shutil.rmtree(world.folder / "data")
        (world.folder / "older").rename(world.folder / "data")
        done = world.run("serve")
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn("the log was set back", done.stderr)
        self.assertEqual([(1, "Ada", "Oslo")], world.rows("crm"))

    def test_the_token_is_for_its_owner(self):
        mode = os.stat(self.world.folder / "data" / "admin.token").st_mode
        self.assertEqual(0o600, stat.S_IMODE(mode))


class WithoutServer(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def test_a_bad_configuration_says_where(self):
        world = self.world
        world.config.write_text(world.config.read_text().replace("path: erp.db", "pth: erp.db"))
        for words in (["serve"], ["config", "validate"], ["status"]):
            done = world.run(*words)
            self.assertEqual(3, done.returncode, done.stderr)
            self.assertIn("did you mean 'path'?", done.stderr)

    def test_nobody_answers(self):
        self.assertEqual(5, self.world.run("status", "--server", "127.0.0.1:1").returncode)

    def test_a_folder_without_a_log(self):
        (self.world.folder / "empty").mkdir()
        done = self.world.run("event", "verify", "--data-dir", "empty", config=False)
        self.assertEqual(7, done.returncode, done.stderr)

    def test_help_needs_nothing(self):
        self.assertIn("map pause", self.world.run("help", config=False).stdout)
        self.assertIn("--skip-initial-sync", self.world.run("map", "run", "--help", config=False).stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
