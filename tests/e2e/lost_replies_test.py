#!/usr/bin/env python3
"""The reply to each COMMIT of a batch is lost, two hundred times: what was written is found and written once."""
import sys
import unittest

from cutting_proxy import CuttingProxy
from postgres_server import PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)
BATCHES = 200
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
      - name: customers
        left:  {{ table: customer }}
        right: {{ table: customer }}
        key: [ {{ left: id, right: id }} ]
        columns: [ {{ left: name, right: name }} ]
"""
JOURNAL = ["CREATE TABLE journal(number serial, id bigint, deed text)",
           "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
           "INSERT INTO journal(id, deed) VALUES(coalesce(NEW.id, OLD.id), TG_OP); RETURN NULL; END $$",
           "CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON customer FOR EACH ROW EXECUTE FUNCTION note()"]


class LostReplies(unittest.TestCase):
    def setUp(self):
        self.postgres = PostgresServer()
        self.addCleanup(self.postgres.end)
        for name in ("erp", "crm"):
            self.postgres.ask("postgres", f"CREATE DATABASE {name}")
            self.postgres.ask(name, "CREATE TABLE customer(id bigint PRIMARY KEY, name text)")
        self.postgres.ask("crm", *JOURNAL)
        self.proxy = CuttingProxy(self.postgres.folder)
        self.addCleanup(self.proxy.end)
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.world.config.write_text(
            CONFIG.format(erp=self.postgres.url("erp"),
                          crm=f"host={self.proxy.folder} user=postgres dbname=crm"))

    def rows(self, database):
        return self.postgres.ask(database, "SELECT * FROM customer ORDER BY id")

    def test_each_effect_is_there_once(self):
        world = self.world
        world.start()
        started = world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, started.returncode, started.stderr)
        before = self.proxy.cuts
        deeds = []
        for number in range(BATCHES):
            key = number // 3
            statement, deed = [(f"INSERT INTO customer VALUES({key}, 'one')", "INSERT"),
                               (f"UPDATE customer SET name = 'two' WHERE id = {key}", "UPDATE"),
                               (f"DELETE FROM customer WHERE id = {key}", "DELETE")][number % 3]
            if deed == "DELETE" and key % 2 == 1:
                statement, deed = f"UPDATE customer SET name = 'three' WHERE id = {key}", "UPDATE"
            self.postgres.ask("erp", statement)
            deeds.append(f"{key}|{deed}")
            world.until(lambda: self.proxy.cuts - before > number)
        self.assertEqual(BATCHES, self.proxy.cuts - before)
        world.until(lambda: self.rows("erp") == self.rows("crm"))
        self.assertEqual("\n".join(deeds), self.postgres.ask("crm", "SELECT id, deed FROM journal ORDER BY number"))
        self.assertEqual([], world.json("error", "list", "--waiting"))
        self.assertEqual([], world.json("conflict", "list"))
        # Nothing of it went back, where it would be written again.
        self.postgres.ask("crm", "INSERT INTO customer VALUES(-1, 'from the right')")
        world.until(lambda: self.rows("erp") == self.rows("crm"))
        self.assertEqual(len(deeds) + 1, int(self.postgres.ask("crm", "SELECT count(*) FROM journal")))


if __name__ == "__main__":
    unittest.main()
