#!/usr/bin/env python3
"""A source whose server dies while it is written to, and whose standby is promoted: with the slot, and without it."""
import subprocess
import sys
import threading
import unittest

from postgres_server import PROGRAMS, PostgresServer, pair_config
from world import World

PROGRAM = sys.argv.pop(1)
TABLE = "CREATE TABLE item(id bigint PRIMARY KEY, v text)"
MAP = """\
      - name: items
        left:  { table: item }
        right: { table: item }
        key: [ { left: id, right: id } ]
        columns: [ { left: v, right: v } ]
"""
# The slot is copied to the standby, and nothing is sent to us that the standby has not got.
KEEPS = "synchronized_standby_slots = 'standby'\n"
COPIES = ("sync_replication_slots = on\nprimary_slot_name = 'standby'\nhot_standby_feedback = on\n"
          "synchronized_standby_slots = ''\n")


class Writer(threading.Thread):
    """Inserts rows, one at a time, wherever it can."""

    def __init__(self, url, first):
        super().__init__()
        self.url, self.first = url, first
        self.is_over = threading.Event()

    def run(self):
        number = self.first
        while not self.is_over.is_set():
            done = subprocess.run(
                [PROGRAMS / "psql", "-qX", self.url, "-c", f"INSERT INTO item VALUES({number}, 'written')"],
                capture_output=True, cwd="/")
            number += done.returncode == 0


class FailOver(unittest.TestCase):
    def begin(self, release, primary_settings="", standby_settings=""):
        self.erp = PostgresServer(primary_settings, release)
        self.addCleanup(self.erp.end)
        self.erp.ask("postgres", "SELECT pg_create_physical_replication_slot('standby', true)", TABLE)
        self.standby = PostgresServer(standby_settings, release, standby_of=self.erp)
        self.addCleanup(self.standby.end)
        self.crm = PostgresServer()
        self.addCleanup(self.crm.end)
        self.crm.ask("postgres", TABLE)
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        text = pair_config(self.erp, self.crm, MAP)
        self.both = f"host={self.erp.folder},{self.standby.folder} user=postgres dbname=postgres"
        self.world.config.write_text(text.replace(self.erp.url("postgres"), self.both))
        self.erp.ask("postgres", "INSERT INTO item SELECT i, 'first' FROM generate_series(1, 3000) i")
        self.world.start()
        done = self.world.run("map", "run", "items", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())

    def fail_over(self):
        """While both sides are written to."""
        writers = [Writer(f"{self.both} target_session_attrs=read-write", 10_001),
                   Writer(self.crm.url("postgres"), 20_001)]
        for one in writers:
            self.addCleanup(one.is_over.set)
            one.start()
        self.world.until(lambda: self.count(self.crm) > 3100 and self.count(self.erp) > 3100)
        self.erp.kill()
        self.world.until(lambda: '"away"' in self.world.run("app", "list", "-o", "json").stdout)
        self.standby.control("promote")
        before = self.count(self.standby)
        self.world.until(lambda: self.count(self.standby) > before + 20)
        for one in writers:
            one.is_over.set()
            one.join()

    @staticmethod
    def count(server):
        return int(server.ask("postgres", "SELECT count(*) FROM item"))

    @staticmethod
    def rows(server):
        return server.ask("postgres", "SELECT * FROM item ORDER BY id")

    def status(self):
        return self.world.json("map", "show", "items")["status"]

    def is_slot_there(self):
        # The standby takes it when it has moved.
        self.erp.ask("postgres", "SELECT pg_log_standby_snapshot()", "UPDATE item SET v = v || '.' WHERE id = 1")
        return self.standby.ask(
            "postgres", "SELECT count(*) FROM pg_replication_slots WHERE synced AND NOT temporary") == "1"

    def test_goes_on_by_itself_where_the_slot_is(self):
        self.begin(17, KEEPS, COPIES)
        self.world.until(self.is_slot_there)
        self.fail_over()
        self.world.until(lambda: self.rows(self.standby) == self.rows(self.crm))
        self.assertEqual("running", self.status())
        told = self.world.run("activity", "list", "-o", "json").stdout
        self.assertNotIn("not_running", told)
        self.standby.ask("postgres", "UPDATE item SET v = 'last' WHERE id <= 10")
        self.world.until(lambda: self.rows(self.standby) == self.rows(self.crm))
        # As after every start: from here on the promoted server is the one that is known.
        self.world.kill()
        self.standby.ask("postgres", "UPDATE item SET v = 'while away' WHERE id <= 10")
        self.world.start()
        self.world.until(lambda: self.rows(self.standby) == self.rows(self.crm))
        self.assertEqual("running", self.status())

    def test_stops_where_the_slot_is_not(self):
        self.begin(15)
        self.fail_over()
        self.world.until(lambda: self.status() == "not_running")
        told = self.world.run("activity", "list", "-o", "json").stdout
        self.assertRegex(told, "slot_lost|source_rewound")
        command = "dualwrite map run erp-crm/items --initial-sync"
        self.assertIn(command, told)
        done = self.world.run(*command.split()[1:], "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())
        self.standby.ask("postgres", "UPDATE item SET v = 'last' WHERE id <= 10")
        self.world.until(lambda: self.rows(self.standby) == self.rows(self.crm))


if __name__ == "__main__":
    unittest.main()
