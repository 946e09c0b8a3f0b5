#!/usr/bin/env python3
"""Two PostgreSQL servers under load on both sides at once: afterwards both tables are equal, and nothing was written twice.

DW_LOAD_SECONDS and DW_LOAD_RATE say for how long and with how many transactions a second on each side."""
import os
import random
import subprocess
import sys
import time
import unittest

import world
from postgres_server import PROGRAMS, PostgresServer

PROGRAM = sys.argv.pop(1)
SECONDS = int(os.environ.get("DW_LOAD_SECONDS", "30"))
RATE = int(os.environ.get("DW_LOAD_RATE", "100"))
SHARED = 500  # rows that both sides change
OWN = 2000    # rows that one side changes: the left the odd ones, the right the even ones

CONFIG = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  erp: {{ connector: postgresql, url: "{erp}" }}
  crm: {{ connector: postgresql, url: "{crm}" }}
links:
  - name: erp-crm
    left: erp
    right: crm
    maps:
      - name: items
        left:  {{ table: item }}
        right: {{ table: item }}
        key: [ {{ left: id, right: id }} ]
        columns: [ {{ left: token, right: token }} ]
"""

# Each write of a row by a user is one row of `made`, each by the engine one of `taken`.
TABLES = [
    "CREATE TABLE item(id bigint PRIMARY KEY, token text)",
    "CREATE TABLE made(id bigint, token text)",
    "CREATE TABLE taken(id bigint, token text)",
    """CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF current_setting('application_name') = 'dualwrite' THEN
           INSERT INTO taken VALUES(coalesce(NEW.id, OLD.id), NEW.token);
         ELSE
           INSERT INTO made VALUES(coalesce(NEW.id, OLD.id), NEW.token);
         END IF;
         RETURN NULL; END $$""",
]
NOTE = "CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON item FOR EACH ROW EXECUTE FUNCTION note()"
TRANSACTION = """
\\set own 2 * random(0, {last}) + {first}
\\set shared random(1, {shared})
BEGIN;
UPDATE item SET token = '{side}' || nextval('tokens') WHERE id = :own;
INSERT INTO item VALUES(nextval('ids'), '{side}' || nextval('tokens'));
DELETE FROM item WHERE id = currval('ids') - 40;
UPDATE item SET token = '{side}' || nextval('tokens') WHERE id = :shared;
END;
"""


class Side:
    def __init__(self, name, first):
        self.name, self.first = name, first
        self.server = PostgresServer()
        self.load = None

    def ask(self, *statements):
        return self.server.ask("postgres", *statements)

    def prepare(self):
        first_id = 1_000_000 + self.first
        self.ask(*TABLES, "CREATE SEQUENCE tokens", f"CREATE SEQUENCE ids START {first_id} INCREMENT 2")
        self.script = self.server.folder / "transaction.sql"
        self.script.write_text(TRANSACTION.format(first=SHARED + self.first, last=OWN // 2 - 1, shared=SHARED,
                                                  side=self.name))

    def begin_load(self, seconds):
        self.output = open(self.server.folder / "load.log", "ab")
        self.load = subprocess.Popen(
            [PROGRAMS / "pgbench", "-n", "-c", "4", "-T", str(max(1, round(seconds))), "-R", str(RATE), "--max-tries",
             "100", "-f", self.script, self.server.url("postgres")], stdout=self.output, stderr=self.output, cwd="/")

    def end_load(self):
        self.load.wait()
        self.output.close()
        return self.load.returncode

    def count(self, what):
        return int(self.ask(f"SELECT count(*) FROM {what}"))

    def digest(self):
        return self.ask("SELECT count(*), md5(string_agg(item::text, ';' ORDER BY id)) FROM item")

    def end(self):
        if self.load is not None:
            self.load.kill()
            self.end_load()
        self.server.end()


class Load(unittest.TestCase):
    def setUp(self):
        self.sides = []
        for name, first in (("L", 1), ("R", 2)):
            self.sides.append(Side(name, first))
            self.addCleanup(self.sides[-1].end)
            self.sides[-1].prepare()
        self.left, self.right = self.sides
        self.world = world.World(PROGRAM)
        self.addCleanup(self.world.end)
        self.left.ask(f"INSERT INTO item SELECT i, 'start' FROM generate_series(1, {SHARED + OWN}) i")
        self.world.config.write_text(CONFIG.format(erp=self.left.server.url("postgres"),
                                                   crm=self.right.server.url("postgres")))
        self.world.start()
        done = self.world.run("map", "run", "items", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())
        self.assertEqual(self.left.digest(), self.right.digest())
        for side in self.sides:
            side.ask("TRUNCATE made, taken", NOTE)

    def captured(self):
        """Of each side, but for what the engine owes it after a conflict."""
        owed = self.world.json("event", "list", "--type", "ConflictResolved", "--limit", "1000000")
        ways = self.world.json("map", "show", "items")["directions"]
        return [int(way["captured"]) - sum(one["data"]["way"] == way["direction"] for one in owed) for way in ways]

    def until_at_rest(self):
        """What the engine still has to do after a load of minutes takes its time."""
        end = time.monotonic() + world.PATIENCE_SECONDS + 3 * SECONDS
        while True:
            shown = self.world.json("map", "show", "items")
            busy = any(int(way["lag_records"]) for way in shown["directions"])
            if shown["status"] == "running" and not busy and self.left.digest() == self.right.digest():
                return
            self.assertLess(time.monotonic(), end, f"{shown}\n{self.world.log()}")
            time.sleep(0.2)

    def expect_once_and_no_echo(self, before):
        self.assertEqual([], self.world.json("error", "list"))
        made = [side.count("made") for side in self.sides]
        self.assertGreater(min(made), SECONDS * RATE)
        self.assertEqual(made, [now - then for now, then in zip(self.captured(), before)],
                         "what the engine wrote itself is no change")
        for side in self.sides:
            twice = f"SELECT id, token FROM taken WHERE id > {SHARED} GROUP BY id, token HAVING count(*) > 1"
            self.assertEqual("", side.ask(twice))
            self.assertGreater(side.count("taken"), SECONDS * RATE)
        self.assertTrue(self.world.json("event", "verify")["ok"])

    def test_a_load_on_both_sides_ends_with_equal_tables(self):
        before = self.captured()
        for side in self.sides:
            side.begin_load(SECONDS)
        for side in self.sides:
            self.assertEqual(0, side.end_load(), (side.server.folder / "load.log").read_text())
        self.until_at_rest()
        self.expect_once_and_no_echo(before)

    def test_the_same_where_sessions_servers_and_the_engine_are_killed(self):
        before = self.captured()
        chance = random.Random(7)
        end = time.monotonic() + SECONDS
        kill = 0
        while (left := end - time.monotonic()) > 0:
            for side in self.sides:
                if side.load is None or side.load.poll() is not None:
                    side.load and side.end_load()
                    side.begin_load(left)
            time.sleep(min(left, 1 + 2 * chance.random()))
            side = self.sides[kill // 3 % 2]
            if kill % 3 == 0:
                side.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dualwrite'")
            elif kill % 3 == 1:
                side.server.kill()
                side.server.start()
            else:
                self.world.kill()
                self.world.start()
            kill += 1
        for side in self.sides:
            side.end_load()
        self.assertGreater(kill, 5)
        self.until_at_rest()
        self.expect_once_and_no_echo(before)


if __name__ == "__main__":
    unittest.main()
