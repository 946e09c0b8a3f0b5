#!/usr/bin/env python3
"""Values that do not fit, in PostgreSQL databases that are kept in step by the built program."""
import sqlite3
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

    def ask_sqlite(self, statement):
        with sqlite3.connect(self.world.folder / "crm.db", timeout=30) as file:
            found = file.execute(statement).fetchall()
        file.close()
        return found

    def both(self, *statements):
        self.erp(*statements)
        self.crm(*statements)

    def begin(self, is_sqlite=False, **keys):
        text = PAIR.format(erp=self.server.url("erp"), crm=self.server.url("crm"))
        if is_sqlite:
            text = text.replace(f'connector: postgresql, url: "{self.server.url("crm")}"',
                                "connector: sqlite, path: crm.db")
        self.world.config.write_text(text + "".join(MAP.format(name=name, key=key) for name, key in keys.items()))
        self.world.start()

    def run_map(self, name):
        done = self.world.run("map", "run", name, "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())

    def parked(self, name):
        return [(one["class"], one["code"]) for one in self.world.json("error", "list") if one["map"] == name]

    def test_a_value_beyond_what_is_kept_is_parked_and_nothing_ends(self):
        self.both("CREATE TABLE unmapped(id bigint PRIMARY KEY, v text, un timestamp)",
                  "CREATE TABLE mapped(id bigint PRIMARY KEY, v timestamp)",
                  "CREATE TABLE keyed(at timestamp PRIMARY KEY, v text)",
                  "CREATE TABLE copied(id bigint PRIMARY KEY, v timestamp)")
        self.erp(f"INSERT INTO unmapped VALUES(1, 'a', '{LATE}')", "INSERT INTO keyed VALUES('2026-01-01', 'now')",
                 f"INSERT INTO copied VALUES(1, '{LATE}'), (2, '2026-01-01')")
        self.begin(unmapped="id", mapped="id", keyed="at", copied="id")
        for name in ("unmapped", "mapped", "keyed"):
            self.run_map(name)
        self.erp(f"INSERT INTO unmapped VALUES(2, 'b', '{LATE}')", f"INSERT INTO mapped VALUES(2, '{LATE}')",
                 f"INSERT INTO keyed VALUES('294275-01-01', 'late too')",
                 "INSERT INTO mapped VALUES(3, 'infinity')", "INSERT INTO keyed VALUES('2026-01-02', 'then')")
        self.crm(f"INSERT INTO mapped VALUES(4, '{LATE}')", "INSERT INTO mapped VALUES(5, '2026-01-01')")
        self.world.until(lambda: self.crm("SELECT count(*) FROM unmapped") == "2")
        self.world.until(lambda: self.crm("SELECT count(*) FROM keyed") == "2")
        self.world.until(lambda: self.crm("SELECT id FROM mapped ORDER BY id") == "3\n4\n5")
        self.world.until(lambda: self.erp("SELECT id FROM mapped ORDER BY id") == "2\n3\n5")
        self.world.until(lambda: len(self.parked("mapped")) == 2 and len(self.parked("keyed")) == 1)
        # An initial sync brings the other rows.
        self.assertEqual(4, self.world.run("map", "run", "copied", "--wait").returncode)
        self.assertEqual("2", self.crm("SELECT id FROM copied"))
        self.assertEqual({("mapping", "value_not_convertible")},
                         {*self.parked("mapped"), *self.parked("keyed"), *self.parked("copied")})
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

    def test_bytes_that_are_no_text_are_parked_and_nothing_ends(self):
        self.server.ask("postgres", "DROP DATABASE erp", "CREATE DATABASE erp ENCODING 'SQL_ASCII' TEMPLATE template0 "
                                                         "LC_COLLATE 'C' LC_CTYPE 'C'")
        self.both("CREATE TABLE a(id int PRIMARY KEY, v text)")
        self.erp(r"INSERT INTO a VALUES(1, E'M\374ller'), (2, 'Müller')")
        self.begin(a="id")
        done = self.world.run("map", "run", "a", "--wait")
        self.assertEqual(4, done.returncode, done.stderr + self.world.log())
        self.assertEqual("2|Müller", self.crm("SELECT * FROM a"))
        self.assertEqual([("mapping", "value_not_convertible")], self.parked("a"))
        self.erp("UPDATE a SET v = 'Mueller' WHERE id = 1")
        done = self.world.run("map", "run", "a", "--initial-sync", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())
        self.erp(r"UPDATE a SET v = E'M\374ller' WHERE id = 2", "INSERT INTO a VALUES(3, 'Käse')")
        self.world.until(lambda: self.crm("SELECT id FROM a ORDER BY id").split() == ["1", "2", "3"])
        self.assertEqual("Mueller Müller Käse", " ".join(self.crm("SELECT v FROM a ORDER BY id").split()))
        self.world.until(lambda: self.parked("a") == [("mapping", "value_not_convertible")])

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

    def test_arrays(self):
        for app, length in ((self.erp, 3), (self.crm, 5)):
            app(f"CREATE TABLE t(id bigint PRIMARY KEY, v varchar({length})[])")
        self.erp("INSERT INTO t VALUES(1, ARRAY['a,b', NULL, '\"', '']), (2, '{}'), (3, '[0:1]={x,y}')")
        self.begin(t="id")
        self.run_map("t")
        self.crm("INSERT INTO t VALUES(4, '{{abc,b},{c,d}}'), (5, '{abcd}')")
        self.world.until(lambda: self.erp("SELECT count(*) FROM t") == "4")
        self.world.until(lambda: self.parked("t") == [("mapping", "value_not_convertible")])
        wanted = "1|{\"a,b\",NULL,\"\\\"\",\"\"}\n2|{}\n3|[0:1]={x,y}\n4|{{abc,b},{c,d}}"
        for app in (self.erp, self.crm):
            self.world.until(lambda: app("SELECT * FROM t WHERE id < 5 ORDER BY id") == wanted)

    def test_arrays_and_sqlite(self):
        self.erp("CREATE TABLE t(id bigint PRIMARY KEY, v numeric[])",
                 "CREATE TABLE j(id bigint PRIMARY KEY, v text[])",
                 "INSERT INTO t VALUES(1, '{1.50,NULL,NaN}')", "INSERT INTO j VALUES(1, '{\"a \\\"b\\\"\"}')")
        self.world.write("crm", "CREATE TABLE t(id INTEGER PRIMARY KEY NOT NULL, v TEXT)",
                         "CREATE TABLE j(id INTEGER PRIMARY KEY NOT NULL, v JSON)")
        self.begin(is_sqlite=True, t="id", j="id")
        for name in "tj":
            self.run_map(name)
        self.assertEqual([(1, '[1.50,null,"NaN"]')], self.ask_sqlite("SELECT * FROM t"))
        self.assertEqual([(1, '["a \\"b\\""]')], self.ask_sqlite("SELECT * FROM j"))
        self.world.write("crm", "INSERT INTO t VALUES(2, '[[1],[2.0]]')", "INSERT INTO j VALUES(2, '[ \"x\" ]')")
        self.world.until(lambda: self.erp("SELECT v FROM t WHERE id = 2") == "{{1},{2.0}}")
        self.world.until(lambda: self.erp("SELECT v FROM j WHERE id = 2") == "{x}")
        self.world.write("crm", "INSERT INTO t VALUES(3, '[1,')")
        self.world.until(lambda: self.parked("t") == [("mapping", "value_not_convertible")])
        self.assertEqual([(2, '[ "x" ]')], self.ask_sqlite("SELECT * FROM j WHERE id = 2"))


if __name__ == "__main__":
    unittest.main()
