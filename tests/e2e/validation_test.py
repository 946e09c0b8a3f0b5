#!/usr/bin/env python3
"""What is wrong with a map is told at once, by command and by address; and what changed in its tables."""
import json
import sys
import unittest
import urllib.request

from postgres_server import PostgresServer
from world import World

PROGRAM = sys.argv.pop(1)
POSTGRES = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  erp: {{ connector: postgresql, url: "{url}" }}
  crm: {{ connector: sqlite, path: crm.db }}
links:
  - name: erp-crm
    left: erp
    right: crm
    maps:
      - name: customers
        left:  {{ table: customer }}
        right: {{ table: account }}
        key: [ {{ left: code, right: number }} ]
        columns: [ {{ left: name, right: fullname }} ]
"""


class Validation(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)

    def change(self, old, new):
        text = self.world.config.read_text()
        self.assertIn(old, text)
        self.world.config.write_text(text.replace(old, new))

    def validate(self):
        """By command; the address has to say the same."""
        done = self.world.run("map", "validate", "customers", "-o", "json")
        found = json.loads(done.stdout)
        address = (self.world.folder / "data" / "server.address").read_text().strip()
        token = (self.world.folder / "data" / "admin.token").read_text().strip()
        request = urllib.request.Request(address + "/api/v1/maps/customers/validate", data=b"{}", method="POST",
                                         headers={"Authorization": "Bearer " + token,
                                                  "Content-Type": "application/json"})
        with urllib.request.urlopen(request) as reply:
            report = json.load(reply)
        self.assertEqual(report["problems"], [{k: v for k, v in one.items() if k != "map"} for one in found])
        self.assertEqual(report["ok"], done.returncode == 0, done)
        return done.returncode, found

    def codes(self):
        return [(one["severity"], one["code"], one["place"]) for one in self.validate()[1]]

    def test_everything_at_once_and_then_nothing(self):
        world = self.world
        world.write("crm", "ALTER TABLE account ADD COLUMN rating INTEGER NOT NULL DEFAULT 3",
                    "CREATE VIEW account_list AS SELECT * FROM account")
        self.change("{ left: name, right: fullname }", "{ left: nam, right: fullname }")
        self.change("left:  { table: customer }", "left:  { table: customer, filter: \"id\" }")
        world.start()
        code, found = self.validate()
        self.assertEqual(3, code)
        self.assertEqual([("error", "filter_not_boolean", "left.filter"), ("error", "unknown_column", "columns[0].left")],
                         [(one["severity"], one["code"], one["place"]) for one in found])
        self.assertIn("write 'name'", found[1]["fix"])
        refused = world.run("map", "run", "customers", "--wait")
        self.assertEqual(3, refused.returncode, refused)
        for one in found:
            self.assertIn(one["reason"], refused.stderr)

        self.change("{ left: nam, ", "{ left: name, ")
        self.change(", filter: \"id\"", "")
        self.change("table: account", "table: account_list")
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        self.assertIn(("error", "table_unsuitable", "right.table"), self.codes())
        self.change("table: account_list", "table: accounts")
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        self.assertEqual([("error", "table_missing", "right.table")], self.codes())

        self.change("table: accounts", "table: account")
        self.assertEqual(0, world.run("config", "apply", "--yes").returncode)
        self.assertEqual((0, []), self.validate())
        self.assertIn("Nothing keeps it from running", world.run("map", "validate", "customers").stderr)

    def test_what_has_changed_in_a_table_since_the_map_was_started(self):
        world = self.world
        world.start()
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.write("erp", "ALTER TABLE customer ADD COLUMN phone TEXT")
        self.assertEqual([("note", "table_changed", "left.table")], self.codes())
        world.write("crm", "ALTER TABLE account RENAME COLUMN town TO place")
        code, found = self.validate()
        self.assertEqual(3, code)
        said = {(one["severity"], one["code"]): one["reason"] for one in found}
        self.assertIn("'town' is gone", said["warning", "table_changed"])
        self.assertIn("'town'", said["error", "unknown_column"])
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ada', 'Oslo', NULL)")
        world.until(lambda: world.json("map", "show", "customers")["status"] == "not_running")
        self.assertIn("unknown_column", [one["code"] for one in self.validate()[1]])

        world.write("crm", "ALTER TABLE account RENAME COLUMN place TO town")
        self.assertEqual(0, world.run("map", "run", "customers", "--initial-sync", "--wait").returncode)
        world.until(lambda: len(world.rows("crm")) == 1)
        self.assertEqual((0, []), self.validate())

    def test_an_app_that_does_not_let_its_table_be_used(self):
        server = PostgresServer()
        self.addCleanup(lambda: server.end())
        server.ask("postgres", "CREATE TABLE customer(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
                   "code bigint NOT NULL UNIQUE, name text)",
                   "CREATE ROLE sync LOGIN", "GRANT CREATE ON DATABASE postgres TO sync")
        url = server.url("postgres").replace("user=postgres", "user=sync")
        self.world.config.write_text(POSTGRES.format(url=url))
        self.world.start()
        code, found = self.validate()
        self.assertEqual(3, code)
        self.assertEqual({"table_unsuitable"}, {one["code"] for one in found})
        fixes = [one["fix"] for one in found]
        self.assertEqual(5, len(fixes), found)
        identity = [one for one in found if "REPLICA IDENTITY" in one["fix"]]
        self.assertIn("lacks code", identity[0]["reason"])
        refused = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(3, refused.returncode, refused)
        self.assertIn('ALTER TABLE public.customer REPLICA IDENTITY FULL', refused.stderr)
        server.ask("postgres", *fixes)
        self.assertEqual((0, []), self.validate())
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done)

        server.kill()
        found = self.validate()[1]
        self.assertEqual([("error", "app_unreachable", "left.table")],
                         [(one["severity"], one["code"], one["place"]) for one in found])
        server.start()


if __name__ == "__main__":
    unittest.main()
