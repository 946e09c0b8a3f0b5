#!/usr/bin/env python3
"""Source tables in PostgreSQL that are replaced, truncated, or in parts, by the built program."""
import sys
import unittest

from postgres_server import PAIR, PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)
TABLES = ("apple", "pear", "plum")
MAP = """\
      - name: {name}
        left:  {{ table: {left} }}
        right: {{ table: {name} }}
        key: [ {{ left: id, right: id }} ]
        columns: [ {{ left: {column}, right: {column}, direction: left_to_right }} ]
"""
TABLE = "CREATE TABLE {}(id bigint PRIMARY KEY, v text, n int, twice int GENERATED ALWAYS AS (n * 2) STORED)"


class CapturedTables(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.end)

    def begin(self, maps):
        self.world = World(PROGRAM)
        self.addCleanup(self.drop)
        self.addCleanup(self.world.end)
        for database in ("erp", "crm"):
            self.server.ask("postgres", f"CREATE DATABASE {database}")
        self.world.config.write_text(PAIR.format(erp=self.server.url("erp"), crm=self.server.url("crm")) + "".join(
            MAP.format(name=name, left=left, column=column) for name, left, column in maps))

    def drop(self):
        for database in ("erp", "crm"):
            self.server.ask("postgres", "SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots "
                                        f"WHERE database = '{database}' AND active")
            self.server.ask("postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                                        f"WHERE database = '{database}'")
            self.server.ask("postgres", f"DROP DATABASE {database} WITH (FORCE)")

    def erp(self, *statements):
        return self.server.ask("erp", *statements)

    def crm(self, *statements):
        return self.server.ask("crm", *statements)

    def start_and_run(self, *maps):
        self.world.start()
        done = self.world.run("map", "run", *maps, "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())

    def status(self, name):
        return self.world.json("map", "show", name)["status"]

    def until_arrived(self, table, rows):
        self.world.until(lambda: self.crm(f"SELECT id, v FROM {table} ORDER BY id").split() == rows)

    def test_a_lost_table_stops_its_own_maps_only(self):
        self.begin([(name, name, "v") for name in TABLES])
        self.erp(*map(TABLE.format, TABLES))
        self.crm(*map(TABLE.format, TABLES))
        self.start_and_run(*TABLES)
        self.erp("TRUNCATE apple", "INSERT INTO plum VALUES(1, 'a')", "INSERT INTO pear VALUES(1, 'a')")
        self.until_arrived("plum", ["1|a"])
        self.until_arrived("pear", ["1|a"])
        self.world.until(lambda: self.status("apple") == "not_running")
        self.erp("ALTER TABLE pear RENAME TO old", TABLE.format("pear"), "INSERT INTO pear VALUES(2, 'b')")
        self.world.until(lambda: self.status("pear") == "not_running")
        self.erp("INSERT INTO plum VALUES(2, 'b')")
        self.until_arrived("plum", ["1|a", "2|b"])
        self.assertEqual("running", self.status("plum"))
        self.start_and_run_again("apple", "pear")
        self.erp("INSERT INTO pear VALUES(3, 'c')", "INSERT INTO apple VALUES(3, 'c')")
        self.world.until(lambda: "3|c" in self.crm("SELECT id, v FROM pear") and self.crm("SELECT id, v FROM apple"))

    def start_and_run_again(self, *maps):
        done = self.world.run("map", "run", *maps, "--initial-sync", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())

    def test_a_map_whose_table_may_not_be_written_pauses_alone(self):
        self.begin([("apple", "apple", "v"), ("plum", "plum", "v")])
        self.erp(*map(TABLE.format, ("apple", "plum")))
        self.crm(*map(TABLE.format, ("apple", "plum")), "DROP ROLE IF EXISTS clerk", "CREATE ROLE clerk LOGIN",
                 "GRANT ALL ON DATABASE crm TO clerk", "GRANT ALL ON apple, plum TO clerk")
        text = self.world.config.read_text()
        self.world.config.write_text(text.replace(self.server.url("crm"), self.server.url("crm") + " user=clerk"))
        self.start_and_run("apple", "plum")
        self.crm("REVOKE UPDATE ON apple FROM clerk")
        self.erp("INSERT INTO apple VALUES(1, 'a')", "INSERT INTO plum VALUES(1, 'a')")
        self.world.until(lambda: self.status("apple") == "paused")
        self.assertIn("GRANT", self.world.run("activity", "list", "-o", "json").stdout)
        self.until_arrived("plum", ["1|a"])
        self.crm("GRANT UPDATE ON apple TO clerk")
        self.assertEqual(0, self.world.run("map", "resume", "apple", "--wait").returncode)
        self.until_arrived("apple", ["1|a"])

    def test_a_map_begins_behind_an_open_transaction_while_the_others_go_on(self):
        self.begin([("apple", "apple", "v"), ("plum", "plum", "v")])
        for ask in (self.erp, self.crm):
            ask(*map(TABLE.format, ("apple", "plum")))
        self.start_and_run("plum")
        with self.server.session("erp", "BEGIN", "INSERT INTO apple VALUES(1, 'a')") as early:
            self.assertEqual(0, self.world.run("map", "run", "apple").returncode)
            self.world.until(lambda: "has to end before" in self.world.run("status", "-o", "json").stdout)
            self.erp("INSERT INTO plum VALUES(1, 'a')", "INSERT INTO apple VALUES(2, 'b')")
            self.until_arrived("plum", ["1|a"])
            self.world.kill()
            self.world.start()
            self.erp("INSERT INTO plum VALUES(2, 'b')")
            self.until_arrived("plum", ["1|a", "2|b"])
            self.assertEqual("", self.crm("SELECT id FROM apple"))
            early("INSERT INTO apple VALUES(4, 'd')", "COMMIT")
        self.until_arrived("apple", ["1|a", "2|b", "4|d"])
        self.world.until(lambda: self.status("apple") == "running")
        self.erp("INSERT INTO apple VALUES(3, 'c')")
        self.until_arrived("apple", ["1|a", "2|b", "3|c", "4|d"])

    def test_a_table_that_loses_its_key_stops_its_map_alone(self):
        self.begin([("apple", "apple", "v"), ("plum", "plum", "v")])
        for ask in (self.erp, self.crm):
            ask(*map(TABLE.format, ("apple", "plum")))
        self.start_and_run("apple", "plum")
        self.erp("ALTER TABLE apple DROP CONSTRAINT apple_pkey", "INSERT INTO apple VALUES(1, 'a')")
        self.world.until(lambda: self.status("apple") == "not_running")
        self.assertIn("REPLICA IDENTITY FULL", self.world.run("activity", "list", "-o", "json").stdout)
        self.erp("INSERT INTO plum VALUES(1, 'a')")
        self.until_arrived("plum", ["1|a"])
        self.assertEqual("running", self.status("plum"))

    def test_a_table_whose_key_is_told_no_more_stops_its_map_alone(self):
        self.begin([("apple", "apple", "v"), ("plum", "plum", "v")])
        text = self.world.config.read_text()
        self.world.config.write_text(text.replace("left: id, right: id", "left: code, right: code", 1))
        for ask in (self.erp, self.crm):
            ask("CREATE TABLE apple(id bigserial PRIMARY KEY, code text NOT NULL UNIQUE, v text)",
                "ALTER TABLE apple REPLICA IDENTITY FULL", TABLE.format("plum"))
        self.start_and_run("apple", "plum")
        self.erp("INSERT INTO apple(code, v) VALUES('a', 'x')")
        self.world.until(lambda: self.crm("SELECT code, v FROM apple") == "a|x")
        self.erp("ALTER TABLE apple REPLICA IDENTITY DEFAULT", "UPDATE apple SET code = 'b'")
        self.world.until(lambda: self.status("apple") == "not_running")
        self.assertIn("the replica identity of public.apple lacked code",
                      self.world.run("activity", "list", "-o", "json").stdout)
        self.erp("INSERT INTO plum VALUES(1, 'a')")
        self.until_arrived("plum", ["1|a"])
        refused = self.world.run("map", "run", "apple", "--initial-sync", "--wait")
        self.assertNotEqual(0, refused.returncode)
        self.assertIn("ALTER TABLE public.apple REPLICA IDENTITY FULL", refused.stderr)
        self.erp("ALTER TABLE apple REPLICA IDENTITY FULL")
        self.start_and_run_again("apple")
        self.erp("UPDATE apple SET code = 'c'")
        self.world.until(lambda: self.crm("SELECT code FROM apple ORDER BY code").split() == ["a", "c"])

    def test_an_app_that_does_not_answer_is_told_of(self):
        self.begin([("apple", "apple", "v")])
        for ask in (self.erp, self.crm):
            ask(TABLE.format("apple"))
        self.start_and_run("apple")
        self.server.kill()
        self.world.until(lambda: 'dualwrite_app_up{app="erp"} 0' in self.world.metrics())
        erp = next(one for one in self.world.json("app", "list") if one["name"] == "erp")
        self.assertIn("connection", erp["away"]["text"])
        self.server.start()
        self.world.until(lambda: 'dualwrite_app_up{app="erp"} 1' in self.world.metrics())
        self.erp("INSERT INTO apple VALUES(1, 'a')")
        self.until_arrived("apple", ["1|a"])

    def test_partitions_and_two_names(self):
        self.begin([("apple", "apple", "v"), ("pear", "pear", "v"), ("plum", "public.pear", "v")])
        self.erp("CREATE TABLE apple(id bigint PRIMARY KEY, v text) PARTITION BY RANGE(id)",
                 "CREATE TABLE apple1 PARTITION OF apple FOR VALUES FROM (0) TO (10)",
                 "INSERT INTO apple VALUES(1, 'a')", TABLE.format("pear"))
        self.crm(*map(TABLE.format, TABLES))
        self.start_and_run(*TABLES)
        self.erp("CREATE TABLE apple2 PARTITION OF apple FOR VALUES FROM (10) TO (20)",
                 "INSERT INTO apple VALUES(2, 'b'), (11, 'c')", "UPDATE apple SET id = 12 WHERE id = 1",
                 "INSERT INTO pear VALUES(1, 'a')")
        self.until_arrived("apple", ["2|b", "11|c", "12|a"])
        self.until_arrived("pear", ["1|a"])
        self.until_arrived("plum", ["1|a"])

    def test_a_map_that_reads_what_is_not_told_is_refused(self):
        self.begin([("apple", "apple", "twice")])
        self.erp(TABLE.format("apple"))
        self.crm("CREATE TABLE apple(id bigint PRIMARY KEY, twice int)")
        self.world.start()
        done = self.world.run("map", "run", "apple", "--wait")
        self.assertNotEqual(0, done.returncode)
        self.assertIn("twice is generated", done.stdout + done.stderr)
        self.assertIn("twice is generated", self.world.run("map", "validate", "apple").stdout)

    def test_what_anybody_writes_as_a_mark_does_no_harm(self):
        self.begin([("apple", "apple", "v")])
        self.erp(TABLE.format("apple"))
        self.crm(TABLE.format("apple"))
        self.start_and_run("apple")
        self.erp("SELECT pg_logical_emit_message(true, 'dualwrite', 'x')", "INSERT INTO apple VALUES(1, 'a')")
        self.until_arrived("apple", ["1|a"])


if __name__ == "__main__":
    unittest.main()
