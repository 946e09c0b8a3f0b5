#!/usr/bin/env python3
"""Rows of which PostgreSQL tells a part: large values that stay as they are, columns that are written one way, what
triggers of the target change, and what is known of a row that was deleted."""
import random
import sys
import unittest

from postgres_server import PAIR, PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)
IDS = range(1, 41)

ITEMS = """\
      - name: items
        left:  { table: item }
        right: { table: item }
        key: [ { left: id, right: id } ]
        columns:
          - { left: name, right: name }
          - { left: note, right: note }
          - { left: doc, right: doc }
          - { left: stamp, right: stamp }
          - { left: of_left, right: of_left, direction: left_to_right }
          - { left: of_right, right: of_right, direction: right_to_left }
"""
OFFERS = """\
      - name: offers
        left:  { table: offer, filter: "listed" }
        right: { table: offer }
        key: [ { left: id, right: id } ]
        columns: [ { left: price, right: price } ]
"""
CUSTOMERS = """\
      - name: customers
        left:  { table: customer }
        right: { table: contact }
        key: [ { left: id, right: id } ]
        columns: [ { left: name, right: name } ]
      - name: suppliers
        left:  { table: supplier }
        right: { table: contact }
        key: [ { left: id, right: id } ]
        columns: [ { left: name, right: name } ]
"""


class Parts(unittest.TestCase):
    def setUp(self):
        self.server = PostgresServer()
        self.addCleanup(self.server.end)
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        for database in ("erp", "crm"):
            self.server.ask("postgres", f"CREATE DATABASE {database}")

    def configure(self, maps):
        self.world.config.write_text(PAIR.format(erp=self.server.url("erp"), crm=self.server.url("crm")) + maps)
        self.world.start()

    def erp(self, *statements):
        return self.server.ask("erp", *statements)

    def crm(self, *statements):
        return self.server.ask("crm", *statements)

    def run_maps(self, *words):
        done = self.world.run("map", "run", *words, "--wait")
        self.assertEqual(0, done.returncode, done.stderr + self.world.log())

    def change_both_while_away(self, turns):
        chance = random.Random(11)
        for turn in range(turns):
            self.assertEqual(0, self.world.stop())
            for step in range(120):
                key = chance.choice(IDS)
                is_left = chance.random() < 0.5
                column = chance.choice(["name", "note", "of_left" if is_left else "of_right"])
                value = f"{turn}-{step}"
                stored = f"repeat('{value}', 3000)" if column == "note" else f"'{value}'"
                (self.erp if is_left else self.crm)(f"UPDATE item SET {column} = {stored} WHERE id = {key}")
            self.world.start()
            self.world.until(lambda: self.items(self.erp) == self.items(self.crm))
            self.world.until(lambda: self.world.json("map", "show", "items")["queued"] == "0")
        self.assertEqual(self.items(self.erp), self.items(self.crm))

    def items(self, ask):
        return ask("SELECT id, name, md5(note), doc::jsonb, stamp, of_left, of_right FROM item ORDER BY id")

    def test_both_sides_change_what_the_other_leaves_alone(self):
        for ask, document in ((self.erp, "text"), (self.crm, "jsonb")):
            ask(f"CREATE TABLE item(id bigint PRIMARY KEY, name text, note text, doc {document}, stamp text, "
                "of_left text, of_right text)", "ALTER TABLE item ALTER note SET STORAGE EXTERNAL")
        self.erp(f"INSERT INTO item SELECT i, 'name', repeat('x', 9000), '{{\"b\":  1, \"a\":  ' || i || '}}', 'none', "
                 f"'first' FROM generate_series(1, {len(IDS)}) i")
        self.configure(ITEMS)
        self.run_maps("items")
        documents = self.erp("SELECT id, doc FROM item ORDER BY id")
        self.erp("UPDATE item SET name = 'first'")
        self.world.until(lambda: self.items(self.erp) == self.items(self.crm))
        self.assertEqual(documents, self.erp("SELECT id, doc FROM item ORDER BY id"), "they came back otherwise spaced")
        self.change_both_while_away(turns=4)
        self.assertEqual("0", self.world.json("map", "show", "items")["parked"])
        # A stamp is newer than what it stands beside, and takes none of it back.
        self.crm("CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "NEW.stamp := 'of ' || NEW.name; RETURN NEW; END $$",
                 "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION stamp()")
        for key in IDS:
            for name in ("older", "newer"):
                self.erp(f"UPDATE item SET name = '{name}' WHERE id = {key}")
        self.world.until(lambda: self.world.json("map", "show", "items")["queued"] == "0"
                         and self.crm("SELECT DISTINCT name FROM item") == "newer")
        self.assertEqual("newer", self.erp("SELECT DISTINCT name FROM item"))

    def test_a_trigger_that_writes_another_value_at_each_write(self):
        for ask in (self.erp, self.crm):
            ask("CREATE TABLE item(id bigint PRIMARY KEY, name text, note text, doc text, stamp text, of_left text, "
                "of_right text)", "ALTER TABLE item ALTER note SET STORAGE EXTERNAL")
        self.erp(f"INSERT INTO item SELECT i, 'name', repeat('x', 9000), '{{}}', 'none', 'first' "
                 f"FROM generate_series(1, {len(IDS)}) i")
        self.crm("CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                 "NEW.stamp := md5(random()::text); RETURN NEW; END $$",
                 "CREATE TRIGGER stamp BEFORE INSERT OR UPDATE ON item FOR EACH ROW EXECUTE FUNCTION stamp()",
                 "ALTER TABLE item REPLICA IDENTITY FULL")
        self.configure(ITEMS)
        self.run_maps("items")
        self.change_both_while_away(turns=2)

    def test_what_a_filter_reads_is_known_of_a_deleted_row(self):
        for ask in (self.erp, self.crm):
            ask("CREATE TABLE offer(id bigint PRIMARY KEY, price bigint, listed boolean NOT NULL DEFAULT true)")
        self.configure(OFFERS)
        refused = self.world.run("map", "run", "offers", "--wait")
        self.assertEqual(3, refused.returncode, refused)
        self.assertIn("ALTER TABLE public.offer REPLICA IDENTITY FULL", refused.stderr)
        self.erp("ALTER TABLE offer REPLICA IDENTITY FULL")
        self.crm("INSERT INTO offer VALUES(1, 10), (2, 20)")
        self.run_maps("offers")
        self.world.until(lambda: self.erp("SELECT count(*) FROM offer") == "2")
        self.erp("UPDATE offer SET listed = false WHERE id = 1", "DELETE FROM offer WHERE id = 1",
                 "DELETE FROM offer WHERE id = 2")
        self.world.until(lambda: self.crm("SELECT id FROM offer") == "1")

    def test_what_one_map_writes_the_other_map_of_the_table_sends_on(self):
        self.erp(*(f"CREATE TABLE {name}(id bigint PRIMARY KEY, name text)" for name in ("customer", "supplier")))
        self.crm("CREATE TABLE contact(id bigint PRIMARY KEY, name text)")
        self.configure(CUSTOMERS)
        self.run_maps("customers", "suppliers")
        self.erp("INSERT INTO customer VALUES(1, 'Ada')")
        self.world.until(lambda: self.erp("SELECT name FROM supplier WHERE id = 1") == "Ada")
        self.erp("UPDATE supplier SET name = 'Eve'")
        self.world.until(lambda: self.erp("SELECT name FROM customer") == "Eve")
        self.erp("DELETE FROM customer")
        self.world.until(lambda: self.erp("SELECT count(*) FROM supplier") == "0")
        self.assertEqual("0", self.crm("SELECT count(*) FROM contact"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
