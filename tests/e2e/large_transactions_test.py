#!/usr/bin/env python3
"""Transactions of many rows, and rows of many bytes, between two PostgreSQL servers.

DW_LARGE_ROWS and DW_LARGE_MEGABYTES say how large; DW_MEMORY_MAX_MB, if set, how much memory the program may ever use."""
import os
import sys
import time
import unittest

import world
from postgres_server import PostgresServer, pair_config

PROGRAM = sys.argv.pop(1)
ROWS = int(os.environ.get("DW_LARGE_ROWS", "20000"))
MEGABYTES = int(os.environ.get("DW_LARGE_MEGABYTES", "5"))
MEMORY_MAX_MB = int(os.environ.get("DW_MEMORY_MAX_MB", "0"))

MAP = """
      - name: items
        left:  { table: item }
        right: { table: item }
        key: [ { left: id, right: id } ]
        columns: [ { left: name, right: name }, { left: amount, right: amount } ]
"""
TABLE = "CREATE TABLE item(id bigint PRIMARY KEY, name text CHECK (name <> 'bad'), amount numeric(12, 2))"
DIGEST = "SELECT count(*), md5(string_agg(item::text, ';' ORDER BY id)) FROM item"
INSERT = f"INSERT INTO item SELECT i, 'name ' || i, i / 100.0 FROM generate_series(1, {ROWS}) i"


class LargeTransactions(unittest.TestCase):
    def setUp(self):
        self.erp, self.crm = PostgresServer(), PostgresServer()
        self.addCleanup(self.erp.end)
        self.addCleanup(self.crm.end)
        self.world = world.World(PROGRAM)
        self.addCleanup(self.world.end)
        for server in (self.erp, self.crm):
            server.ask("postgres", TABLE)
        self.erp.ask("postgres", "ALTER TABLE item DROP CONSTRAINT item_name_check")
        self.world.config.write_text(pair_config(self.erp, self.crm, MAP))
        self.world.start()
        done = self.world.run("map", "run", "items", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def rows(self, server):
        return int(server.ask("postgres", "SELECT count(*) FROM item"))

    def until(self, is_done):
        """With patience for its size, and for the sanitizers."""
        end = time.monotonic() + 120 + ROWS / 500
        while not is_done():
            self.assertLess(time.monotonic(), end, "not in time\n" + self.world.log()[-4000:])
            self.assertIsNone(self.world.server.poll(), self.world.log()[-4000:])
            time.sleep(0.05)

    def until_equal(self):
        self.until(lambda: self.erp.ask("postgres", DIGEST) == self.crm.ask("postgres", DIGEST))


    def test_one_takes_effect_at_once_on_the_other_side(self):
        began = time.monotonic()
        self.erp.ask("postgres", INSERT)
        seen = set()
        self.until(lambda: seen.add(self.rows(self.crm)) or ROWS in seen)
        print(f"{ROWS} rows inserted: {time.monotonic() - began:.1f} s", file=sys.stderr)
        self.assertLessEqual(seen, {0, ROWS}, "a part of it was seen")
        self.until_equal()
        began = time.monotonic()
        self.crm.ask("postgres", "UPDATE item SET amount = amount + 1")
        self.until_equal()
        print(f"{ROWS} rows updated: {time.monotonic() - began:.1f} s", file=sys.stderr)
        began = time.monotonic()
        self.erp.ask("postgres", "DELETE FROM item")
        self.until(lambda: self.rows(self.crm) == 0)
        print(f"{ROWS} rows deleted: {time.monotonic() - began:.1f} s", file=sys.stderr)
        self.check_memory()

    def check_memory(self):
        with open(f"/proc/{self.world.server.pid}/status") as status:
            peak = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
        print(f"the program used {peak} MB at most", file=sys.stderr)
        if MEMORY_MAX_MB:
            self.assertLess(peak, MEMORY_MAX_MB)

    def test_a_row_that_is_refused_takes_no_other_with_it(self):
        self.erp.ask("postgres", INSERT + f" UNION ALL SELECT {ROWS + 1}, 'bad', 0 "
                                          f"UNION ALL SELECT {ROWS + 2}, 'good', 0")
        self.until(lambda: self.rows(self.crm) == ROWS + 1)
        errors = self.world.json("error", "list", "--map", "items")
        self.assertEqual(1, len(errors), errors)

    def test_it_takes_effect_once_whenever_the_program_is_killed(self):
        self.crm.ask("postgres", "CREATE TABLE taken(id bigint)",
                     "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
                     "$$ BEGIN INSERT INTO taken VALUES(NEW.id); RETURN NULL; END $$",
                     "CREATE TRIGGER note AFTER INSERT ON item FOR EACH ROW EXECUTE FUNCTION note()")
        self.erp.ask("postgres", INSERT)
        for pause in (0.3, 0.8, 1.5):
            time.sleep(pause)
            self.world.kill()
            self.world.start()
        self.until(lambda: self.rows(self.crm) == ROWS)
        self.until_equal()
        self.assertEqual(str(ROWS), self.crm.ask("postgres", "SELECT count(*) FROM taken"))

    def test_a_row_of_many_bytes(self):
        self.erp.ask("postgres", f"INSERT INTO item VALUES(1, repeat('0123456789abcdef', {MEGABYTES} * 65536), 1)")
        self.until(lambda: self.rows(self.crm) == 1)
        self.erp.ask("postgres", "UPDATE item SET amount = 2")
        self.until_equal()
        self.check_memory()


if __name__ == "__main__":
    unittest.main()
