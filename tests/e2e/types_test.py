#!/usr/bin/env python3
"""Values that do not fit, in PostgreSQL databases that are kept in step by the built program."""
import sys
import unittest

from postgres_server import PAIR, PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)
MAP = """\
      - name: {name}
        left:  {{ table: {name} }}
        right: {{ table: {name} }}
        key: [ {{ left: {key}, right: {key} }} ]
        columns: [ {{ left: v, right: v }} ]
"""
LATE = "294276-12-31 23:59:59"


class Types(unittest.TestCase):
    def setUp(self):
        self.server = PostgresServer()
        self.addCleanup(self.server.end)
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        for database in ("erp", "crm"):
            self.server.ask("postgres", f"CREATE DATABASE {database}")

    def erp(self, *statements):
        return self.server.ask("erp", *statements)

    def crm(self, *statements):
        return self.server.ask("crm", *statements)

    def both(self, *statements):
        self.erp(*statements)
        self.crm(*statements)

    def begin(self, **keys):
        text = PAIR.format(erp=self.server.url("erp"), crm=self.server.url("crm"))
        self.world.config.write_text(text + "".join(MAP.format(name=name, key=key) for name, key in keys.items()))
        self.world.start()

    def run_map(self, name):
        self.assertEqual(0, self.world.run("map", "run", name, "--wait").returncode, self.world.log())

    def parked(self, name):
        return [(one["class"], one["code"]) for one in self.world.json("error", "list") if one["map"] == name]

    def test_a_value_beyond_what_is_kept_is_parked_and_nothing_ends(self):
        self.both("CREATE TABLE unmapped(id bigint PRIMARY KEY, v text, un timestamp)",
                  "CREATE TABLE mapped(id bigint PRIMARY KEY, v timestamp)",
                  "CREATE TABLE keyed(at timestamp PRIMARY KEY, v text)")
        self.erp(f"INSERT INTO unmapped VALUES(1, 'a', '{LATE}')", f"INSERT INTO mapped VALUES(1, '{LATE}')",
                 f"INSERT INTO keyed VALUES('{LATE}', 'late'), ('2026-01-01', 'now')")
        self.begin(unmapped="id", mapped="id", keyed="at")
        for name in ("unmapped", "mapped", "keyed"):
            self.run_map(name)
        self.erp(f"INSERT INTO unmapped VALUES(2, 'b', '{LATE}')", f"INSERT INTO mapped VALUES(2, '{LATE}')",
                 f"INSERT INTO keyed VALUES('294275-01-01', 'late too')",
                 "INSERT INTO mapped VALUES(3, 'infinity')", "INSERT INTO keyed VALUES('2026-01-02', 'then')")
        self.crm(f"INSERT INTO mapped VALUES(4, '{LATE}')", "INSERT INTO mapped VALUES(5, '2026-01-01')")
        self.world.until(lambda: self.crm("SELECT count(*) FROM unmapped") == "2")
        self.world.until(lambda: self.crm("SELECT count(*) FROM keyed") == "2")
        self.world.until(lambda: self.crm("SELECT id FROM mapped ORDER BY id") == "3\n4\n5")
        self.world.until(lambda: self.erp("SELECT id FROM mapped ORDER BY id") == "1\n2\n3\n5")
        self.world.until(lambda: len(self.parked("mapped")) == 3 and len(self.parked("keyed")) == 2)
        self.assertEqual({("mapping", "value_not_convertible")}, {*self.parked("mapped"), *self.parked("keyed")})
        self.assertEqual([], self.parked("unmapped"))
        # What made it too late is mended, and the row arrives.
        self.erp("UPDATE mapped SET v = '2026-02-03' WHERE id = 2")
        self.world.until(lambda: self.crm("SELECT v FROM mapped WHERE id = 2") == "2026-02-03 00:00:00")
        self.assertIsNone(self.world.server.poll(), self.world.log())

    def test_a_column_that_was_given_another_type_while_nobody_looked(self):
        self.both("CREATE TABLE unmapped(id bigint PRIMARY KEY, v text, un text)")
        self.begin(unmapped="id")
        self.run_map("unmapped")
        self.world.kill()
        self.erp("INSERT INTO unmapped VALUES(1, 'a', 'abc')",
                 "ALTER TABLE unmapped ALTER un TYPE int USING length(un)", "INSERT INTO unmapped VALUES(2, 'b', 7)")
        self.world.start()
        self.world.until(lambda: self.crm("SELECT id, v FROM unmapped ORDER BY id") == "1|a\n2|b")

    def test_a_label_that_is_added_while_a_map_runs(self):
        self.both("CREATE TYPE mood AS ENUM('a', 'b')", "CREATE TABLE t(id bigint PRIMARY KEY, v mood)",
                  "INSERT INTO t VALUES(1, 'a')")
        self.begin(t="id")
        self.run_map("t")
        self.both("ALTER TYPE mood ADD VALUE 'c'")
        self.erp("INSERT INTO t VALUES(2, 'c')")
        self.crm("INSERT INTO t VALUES(3, 'c')")
        for rows in (self.erp, self.crm):
            self.world.until(lambda: rows("SELECT id, v FROM t ORDER BY id") == "1|a\n2|c\n3|c")
        # The other app gets it later: until then it refuses such rows, and then they are tried again.
        self.erp("ALTER TYPE mood ADD VALUE 'd'", "INSERT INTO t VALUES(4, 'd')")
        self.world.until(lambda: self.parked("t") == [("application", "22P02")])
        self.crm("ALTER TYPE mood ADD VALUE 'd'")
        self.assertEqual(0, self.world.run("error", "retry", "--all", "--yes").returncode)
        self.world.until(lambda: self.crm("SELECT v FROM t WHERE id = 4") == "d")
        self.world.until(lambda: self.parked("t") == [])


if __name__ == "__main__":
    unittest.main()
