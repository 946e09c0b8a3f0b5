#!/usr/bin/env python3
"""PostgreSQL databases kept in step with each other and with a SQLite file, by the built program."""
import random
import sqlite3
import sys
import unittest

from postgres_server import PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)
ROWS = 3000

CUSTOMER = ("CREATE TABLE customer(id bigint PRIMARY KEY, name text NOT NULL, credit numeric(12,2), since date, "
            "changed timestamptz)")
ACCOUNT = ("CREATE TABLE account(accountid bigint GENERATED ALWAYS AS IDENTITY, number bigint PRIMARY KEY, "
           "fullname text NOT NULL CHECK (fullname <> 'bad'), creditlimit numeric(12,2), since date, "
           "changed timestamptz, rating int DEFAULT 3)")
SQLITE_ACCOUNT = ("CREATE TABLE account(number INTEGER PRIMARY KEY NOT NULL, fullname TEXT NOT NULL CHECK "
                  "(fullname <> 'bad'), creditlimit DECIMAL(12,2), since DATE, changed TIMESTAMPTZ)")
CONFIG = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  erp: {{ connector: postgresql, url: "{erp}" }}
  crm: {{ {crm} }}
links:
  - name: erp-crm
    {erp_side}: erp
    {crm_side}: crm
    maps:
      - name: customers
        {erp_side}:  {{ table: customer }}
        {crm_side}: {{ table: account }}
        key: [ {{ {erp_side}: id, {crm_side}: number }} ]
        columns:
          - {{ {erp_side}: name, {crm_side}: fullname }}
          - {{ {erp_side}: credit, {crm_side}: creditlimit }}
          - {{ left: since, right: since }}
          - {{ left: changed, right: changed }}
"""
NOTES = """\
      - name: notes
        left:  { table: remark }
        right: { table: note }
        key: [ { left: id, right: id } ]
        columns: [ { left: body, right: body } ]
"""
ITEMS = """\
      - name: items
        left:  { table: item }
        right: { table: product }
        key: [ { left: code, right: sku } ]
        columns: [ { left: body, right: label } ]
"""


class WithPostgresql(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.end)

    def begin(self, crm_is_postgresql, erp_side="left"):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.crm_is_postgresql = crm_is_postgresql
        for database in ("erp", "crm"):
            self.drop(database)
            self.server.ask("postgres", f"CREATE DATABASE {database}")
        self.addCleanup(lambda: [self.drop(one) for one in ("erp", "crm")])
        self.erp(CUSTOMER)
        if crm_is_postgresql:
            self.crm(ACCOUNT)
            crm = f'connector: postgresql, url: "{self.server.url("crm")}"'
        else:
            self.world.write("crm", "DROP TABLE account", SQLITE_ACCOUNT)
            crm = "connector: sqlite, path: crm.db"
        crm_side = "right" if erp_side == "left" else "left"
        self.world.config.write_text(
            CONFIG.format(erp=self.server.url("erp"), crm=crm, erp_side=erp_side, crm_side=crm_side))
        self.erp(f"INSERT INTO customer SELECT i, 'customer ' || i, i * 1.25, date '2020-01-01' + i % 1000, "
                 f"timestamptz '2026-01-01 00:00:00.123456+00' + i * interval '1 minute' "
                 f"FROM generate_series(1, {ROWS}) i")

    def drop(self, database):
        if self.world.server is not None and self.world.server.poll() is None:
            self.world.kill()
        self.server.ask("postgres", "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
                                    f"WHERE database = '{database}' AND active")
        self.world.until(lambda: self.server.ask(
            "postgres", f"SELECT count(*) FROM pg_replication_slots WHERE database = '{database}' AND active") == "0")
        self.server.ask("postgres", "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots "
                                    f"WHERE database = '{database}'")
        self.server.ask("postgres", f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def erp(self, *statements):
        return self.server.ask("erp", *statements)

    def crm(self, statement):
        if self.crm_is_postgresql:
            return self.server.ask("crm", statement)
        with sqlite3.connect(self.world.folder / "crm.db", timeout=30) as file:
            found = file.execute(statement).fetchall()
        file.close()
        return found

    def rows(self):
        """Both tables, in texts of the same form."""
        columns = "to_char({0}, 'FM9999999990.00'), since, to_char({1} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        left = self.erp(f"SELECT id, name, {columns.format('credit', 'changed')} FROM customer ORDER BY id")
        if self.crm_is_postgresql:
            right = self.crm(
                f"SELECT number, fullname, {columns.format('creditlimit', 'changed')} FROM account ORDER BY number")
            return left, right
        right = []
        for number, name, credit, since, changed in self.crm(
                "SELECT number, fullname, creditlimit, since, changed FROM account ORDER BY number"):
            stamp = (changed or "").replace("T", " ").replace("Z", "").replace("+00:00", "")
            stamp = stamp and (stamp if "." in stamp else stamp + ".").ljust(26, "0")
            amount = "" if credit is None else f"{credit:.2f}"
            right.append(f"{number}|{name}|{amount}|{since or ''}|{stamp}")
        return left, "\n".join(right)

    def until_equal(self):
        def equal():
            left, right = self.rows()
            return left == right
        self.world.until(equal)

    def start_and_run(self):
        self.world.start()
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())
        self.assertEqual(*self.rows())

    def edit_both(self, chance, count):
        for _ in range(count):
            key = chance.randrange(1, ROWS + 1)
            self.erp(f"UPDATE customer SET name = 'left {chance.random()}' WHERE id = {key}")
            other = chance.randrange(1, ROWS + 1)
            self.crm(f"UPDATE account SET fullname = 'right {chance.random()}' WHERE number = {other}")
        self.erp(f"DELETE FROM customer WHERE id = {chance.randrange(1, ROWS + 1)}")
        self.crm(f"DELETE FROM account WHERE number = {chance.randrange(1, ROWS + 1)}")

    def check(self, crm_is_postgresql, erp_side="left"):
        self.begin(crm_is_postgresql, erp_side)
        self.start_and_run()
        self.edit_both(random.Random(3), 20)
        self.until_equal()
        self.erp("UPDATE customer SET id = id + 100000 WHERE id BETWEEN 10 AND 20")
        self.crm("INSERT INTO account(number, fullname) VALUES(77777, 'Zoë 東京')")
        self.until_equal()
        self.erp("UPDATE customer SET name = 'bad' WHERE id = 30")
        self.world.until(lambda: len(self.world.json("error", "list")) == 1)
        one = self.world.json("error", "list")[0]
        self.assertIn("violates check constraint" if crm_is_postgresql else "CHECK constraint failed", one["text"])
        self.erp("UPDATE customer SET name = 'good' WHERE id = 30")
        self.until_equal()
        self.world.until(lambda: self.world.json("map", "show", "customers")["parked"] == "0")

    def test_two_databases(self):
        self.check(True)

    def test_a_database_and_a_sqlite_file(self):
        self.check(False)

    def test_a_sqlite_file_and_a_database(self):
        self.check(False, erp_side="right")

    def test_killed_servers_and_engines_lose_and_double_nothing(self):
        self.begin(True)
        self.crm("CREATE TABLE arrived(number bigint, name text, at bigserial)")
        self.start_and_run()
        self.crm("CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "INSERT INTO arrived VALUES(NEW.number, NEW.fullname); RETURN NEW; END $$")
        self.crm("CREATE TRIGGER note AFTER UPDATE ON account FOR EACH ROW "
                 "WHEN (OLD.fullname IS DISTINCT FROM NEW.fullname) EXECUTE FUNCTION note()")
        chance = random.Random(5)
        for at in range(9):
            self.erp(f"UPDATE customer SET name = 'round {at} ' || id WHERE id % 7 = {at % 7}")
            what = at % 3
            if what == 0:
                self.server.ask("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                                            "WHERE application_name = 'dualwrite'")
            elif what == 1:
                self.world.kill()
                self.world.start()
            else:
                self.server.kill()
                self.server.start()
            self.erp(f"UPDATE customer SET credit = {chance.randrange(1000)} WHERE id = {chance.randrange(1, ROWS)}")
        self.until_equal()
        # A record that was written again behind a newer one would show as a name that came twice.
        self.assertEqual("0", self.crm("SELECT count(*) - count(DISTINCT (number, name)) FROM arrived"))
        self.assertEqual("0", self.crm("SELECT count(*) FROM arrived a JOIN arrived b ON b.number = a.number "
                                       "AND b.at > a.at AND b.name < a.name"))
        self.assertTrue(self.world.json("event", "verify")["ok"])

    def slots_far_behind(self):
        return self.server.ask("postgres", "SELECT count(*) FROM pg_replication_slots WHERE "
                               f"pg_wal_lsn_diff(pg_current_wal_lsn(), confirmed_flush_lsn) > {24 << 20}")

    def write_elsewhere(self):
        self.server.ask("postgres", "SELECT sum(pg_wal_lsn_diff(pg_logical_emit_message(false, 'other', "
                                    "repeat('x', 1000000)), '0/0')) FROM generate_series(1, 48)")

    def test_idle_slots_pass_what_others_write_and_still_tell_what_was_lost(self):
        self.begin(True)
        self.start_and_run()
        self.erp("UPDATE customer SET name = 'before' WHERE id = 1")
        self.until_equal()
        self.write_elsewhere()
        self.world.until(lambda: self.slots_far_behind() == "0")
        for crash in (self.world.kill, self.server.kill):
            crash()
            if crash == self.server.kill:
                self.server.start()
            else:
                self.erp("UPDATE customer SET name = 'while away' WHERE id = 2")
                self.world.start()
            self.erp(f"UPDATE customer SET name = 'after {crash.__qualname__}' WHERE id = 3")
            self.until_equal()
            self.write_elsewhere()
            self.world.until(lambda: self.slots_far_behind() == "0")
        self.assertEqual("running", self.world.json("map", "show", "customers")["status"])
        self.world.kill()
        self.erp("UPDATE customer SET name = 'lost' WHERE id = 4")
        self.world.until(lambda: self.server.ask(
            "erp", "SELECT count(*) FROM pg_replication_slots WHERE database = 'erp' AND active") == "0")
        self.erp("SELECT pg_replication_slot_advance(slot_name, pg_current_wal_lsn()) FROM pg_replication_slots "
                 "WHERE database = 'erp'")
        self.world.start()
        self.world.until(lambda: self.world.json("map", "show", "customers")["status"] == "not_running")
        told = self.world.run("activity", "list", "-o", "json").stdout
        self.assertIn("slot_lost", told)
        self.assertIn("dualwrite map run erp-crm/customers --initial-sync", told)

    def test_whom_a_write_waits_for_is_told(self):
        self.begin(True)
        self.start_and_run()

        def told():
            return {app["name"]: app["waits_for"] for app in self.world.json("app", "list")}
        with self.server.session("crm", "BEGIN", "UPDATE account SET rating = 5 WHERE number = 7"):
            process = self.crm("SELECT pid FROM pg_stat_activity WHERE state = 'idle in transaction'")
            self.erp("UPDATE customer SET name = 'waits' WHERE id = 7")
            self.world.until(lambda: (told()["crm"] or "").startswith(f"process {process} (psql, postgres), for "))
            self.assertIsNone(told()["erp"])
        self.until_equal()
        self.assertIsNone(told()["crm"])

    def test_a_server_keeps_its_log_only_for_maps_that_run(self):
        def slots():
            return self.server.ask("postgres", "SELECT count(*) FROM pg_replication_slots")
        self.begin(True)
        self.crm("ALTER TABLE account DROP CONSTRAINT account_pkey")
        self.world.start()
        refused = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(3, refused.returncode, refused)
        self.assertIn("ALTER TABLE public.account REPLICA IDENTITY FULL", refused.stderr)
        self.assertEqual("0", slots())
        self.crm("ALTER TABLE account ADD PRIMARY KEY (number)")
        self.assertEqual(0, self.world.run("map", "run", "customers", "--wait").returncode)
        self.assertEqual("2", slots())
        self.assertEqual(0, self.world.run("map", "stop", "customers", "--yes", "--wait").returncode)
        self.world.until(lambda: slots() == "0")
        self.erp("UPDATE customer SET name = 'while nobody looked' WHERE id = 1")
        self.assertEqual(0, self.world.run("map", "run", "customers", "--wait").returncode)
        self.until_equal()
        self.world.kill()
        self.server.kill()
        self.world.start()
        self.assertEqual(0, self.world.run("map", "stop", "customers", "--yes").returncode)
        self.server.start()
        self.world.until(lambda: slots() == "0")

    def test_an_app_is_detached_and_run_again(self):
        self.begin(True)
        self.start_and_run()
        self.edit_both(random.Random(4), 5)
        self.until_equal()
        running = self.world.run("app", "detach", "crm", "--yes")
        self.assertEqual(8, running.returncode, running)
        self.world.kill()
        unstopped = self.world.run("app", "detach", "crm", "--yes")
        self.assertEqual(8, unstopped.returncode, unstopped)
        self.assertIn("erp-crm/customers", unstopped.stderr)
        unknown = self.world.run("app", "detach", "shop", "--yes")
        self.assertEqual(7, unknown.returncode, unknown)
        self.assertIn("erp, crm", unknown.stderr)
        self.world.start()
        self.assertEqual(0, self.world.run("map", "stop", "customers", "--yes", "--wait").returncode)
        self.assertEqual(0, self.world.stop())
        self.assertEqual(0, self.world.run("app", "detach", "crm", "--dry-run").returncode)

        def ours(database):
            return self.server.ask(database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'dualwrite'")
        self.assertEqual("1", ours("crm"))
        done = self.world.run("app", "detach", "crm", "--yes")
        self.assertEqual(0, done.returncode, done)
        self.assertEqual(["1", "0"], [ours("erp"), ours("crm")])
        self.crm("UPDATE account SET fullname = 'while nobody looked' WHERE number = 1")
        self.start_and_run()
        self.edit_both(random.Random(5), 5)
        self.until_equal()
        self.assertEqual([], self.world.json("event", "list", "--type", "TargetRewound"))
        self.assertEqual("admin", self.world.json("event", "list", "--type", "AppDetached")[0]["actor"])

    def test_an_app_that_is_called_otherwise_is_captured_as_before(self):
        def slots():
            return self.server.ask("postgres", "SELECT slot_name FROM pg_replication_slots ORDER BY 1")
        self.begin(True)
        self.start_and_run()
        before = slots()
        self.assertEqual(0, self.world.stop())
        self.erp("UPDATE customer SET name = 'while nobody looked' WHERE id = 1")
        text = self.world.config.read_text()
        self.world.config.write_text(text.replace("  erp: {", "  shop: { was: erp,").replace("left: erp", "left: shop"))
        unstopped = self.world.run("app", "detach", "shop", "--yes")
        self.assertEqual(8, unstopped.returncode, unstopped)
        self.assertIn("erp-crm/customers", unstopped.stderr)
        self.world.start()
        self.until_equal()
        self.world.config.write_text(text.replace("  erp: {", "  shop: {").replace("left: erp", "left: shop"))
        self.assertEqual(0, self.world.stop())
        self.world.start()
        self.edit_both(random.Random(6), 3)
        self.until_equal()
        self.assertEqual(before, slots())

    def test_what_triggers_of_the_target_change_arrives_on_the_other_side_once(self):
        self.begin(True)
        self.erp("CREATE TABLE remark(id bigint PRIMARY KEY, body text)")
        self.crm("CREATE TABLE note(id bigint PRIMARY KEY, body text)")
        with self.world.config.open("a") as config:
            config.write(NOTES)
        self.world.start()
        done = self.world.run("map", "run", "customers", "notes", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())
        for ask, table in ((self.erp, "customer"), (self.erp, "remark"), (self.crm, "account"), (self.crm, "note")):
            ask(f"CREATE TABLE writes_of_{table}(key bigint)")
            key = "number" if table == "account" else "id"
            ask(f"CREATE FUNCTION count_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                f"INSERT INTO writes_of_{table} VALUES(NEW.{key}); RETURN NEW; END $$")
            ask(f"CREATE TRIGGER count_{table} AFTER INSERT OR UPDATE ON {table} FOR EACH ROW "
                f"EXECUTE FUNCTION count_{table}()")
        self.crm("CREATE FUNCTION rule() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "NEW.fullname := upper(NEW.fullname); INSERT INTO note VALUES(NEW.number, NEW.fullname) "
                 "ON CONFLICT(id) DO UPDATE SET body = excluded.body; RETURN NEW; END $$")
        self.crm("CREATE TRIGGER rule BEFORE INSERT OR UPDATE ON account FOR EACH ROW EXECUTE FUNCTION rule()")
        added = range(90001, 90011)
        for key in added:
            self.erp(f"INSERT INTO customer(id, name) VALUES({key}, 'name {key}')")
        last = "\n".join(f"{key}|NAME {key}" for key in added)
        self.world.until(lambda: self.erp("SELECT id, body FROM remark ORDER BY id") == last)
        self.world.until(lambda: self.erp("SELECT id, name FROM customer WHERE id > 90000 ORDER BY id") == last)
        # What went back and forth would be before these, both ways.
        self.crm("INSERT INTO note VALUES(1, 'there')")
        self.world.until(lambda: self.erp("SELECT body FROM remark WHERE id = 1") == "there")
        self.erp("INSERT INTO remark VALUES(2, 'back')")
        self.world.until(lambda: self.crm("SELECT body FROM note WHERE id = 2") == "back")
        of_each = "SELECT min(n), max(n), count(*) FROM (SELECT count(*) n FROM {} WHERE key > 90000 GROUP BY key) x"
        self.assertEqual("2|2|10", self.erp(of_each.format("writes_of_customer")))
        self.assertEqual("1|1|10", self.erp(of_each.format("writes_of_remark")))
        self.assertEqual("1|1|10", self.crm(of_each.format("writes_of_account")))
        self.assertEqual("1|1|10", self.crm(of_each.format("writes_of_note")))

    def test_a_key_that_is_not_the_primary_key_is_deleted_and_changed_by(self):
        self.begin(True)
        self.erp("CREATE TABLE item(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code text UNIQUE NOT NULL, "
                 "body text)", "ALTER TABLE item REPLICA IDENTITY FULL")
        self.crm("CREATE TABLE product(product uuid DEFAULT gen_random_uuid() PRIMARY KEY, sku text UNIQUE NOT NULL, "
                 "label text)")
        self.crm("ALTER TABLE product REPLICA IDENTITY FULL")
        self.erp("INSERT INTO item(code, body) SELECT 'C' || i, 'body ' || i FROM generate_series(1, 100) i")
        with self.world.config.open("a") as config:
            config.write(ITEMS)
        self.world.start()
        done = self.world.run("map", "run", "items", "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())

        def until_arrived():
            self.world.until(lambda: self.erp("SELECT code, body FROM item ORDER BY code") ==
                             self.crm("SELECT sku, label FROM product ORDER BY sku"))

        until_arrived()
        self.erp("DELETE FROM item WHERE code IN ('C1', 'C2')", "UPDATE item SET code = 'E' || code WHERE id % 10 = 3")
        until_arrived()
        self.crm("DELETE FROM product WHERE sku = 'C4'")
        self.crm("UPDATE product SET sku = 'P' || sku, label = label || '!' WHERE sku LIKE 'C_5'")
        until_arrived()
        self.assertEqual("97|10|9", self.erp("SELECT count(*), count(*) FILTER (WHERE code LIKE 'E%'), "
                                             "count(*) FILTER (WHERE code LIKE 'P%' AND body LIKE '%!') FROM item"))
        self.assertEqual("0", self.world.json("map", "show", "items")["parked"])


if __name__ == "__main__":
    unittest.main()
