#!/usr/bin/env python3
"""Many tables of two PostgreSQL servers, each with a map of its own in one link. DW_MANY_MAPS says how many."""
import os
import sys
import time
import unittest

import world
from postgres_server import PostgresServer, pair_config

PROGRAM = sys.argv.pop(1)
MAPS = int(os.environ.get("DW_MANY_MAPS", "60"))

MAP = """
      - name: map-{i}
        left:  {{ table: t{i} }}
        right: {{ table: t{i} }}
        key: [ {{ left: id, right: id }} ]
        columns: [ {{ left: name, right: name }} ]
"""


class ManyMaps(unittest.TestCase):
    def setUp(self):
        self.erp, self.crm = PostgresServer(), PostgresServer()
        self.addCleanup(self.erp.end)
        self.addCleanup(self.crm.end)
        self.world = world.World(PROGRAM)
        self.addCleanup(self.world.end)

    def for_all(self, server, statement):
        server.ask("postgres", f"DO $$ BEGIN FOR i IN 1..{MAPS} LOOP EXECUTE format({statement}, i); END LOOP; END $$")

    def until(self, what, is_done):
        began = time.monotonic()
        while not is_done():
            self.assertLess(time.monotonic(), began + 120 + 2 * MAPS, "not in time\n" + self.world.log()[-4000:])
            self.assertIsNone(self.world.server.poll(), self.world.log()[-4000:])
            time.sleep(0.2)
        print(f"{MAPS} maps: {what} after {time.monotonic() - began:.1f} s", file=sys.stderr)

    def sums(self, server):
        """Rows of all tables, and a digest of them."""
        every = " UNION ALL ".join(f"SELECT {i} AS t, * FROM t{i}" for i in range(1, MAPS + 1))
        return server.ask("postgres", f"SELECT count(*), md5(string_agg(a::text, ';' ORDER BY t, id)) FROM ({every}) a")

    def test_all_of_them_start_and_deliver_both_ways(self):
        for server in (self.erp, self.crm):
            self.for_all(server, "'CREATE TABLE t%s(id bigint PRIMARY KEY, name text)'")
        self.for_all(self.erp, "'INSERT INTO t%s VALUES(1, ''copied'')'")
        maps = "".join(MAP.format(i=i) for i in range(1, MAPS + 1))
        self.world.config.write_text(pair_config(self.erp, self.crm, maps))
        self.world.start()
        done = self.world.run("map", "run", "--all")
        self.assertEqual(0, done.returncode, done.stderr)
        self.until("running", lambda: all(one["status"] == "running" for one in self.maps()))
        self.for_all(self.erp, "'INSERT INTO t%s VALUES(2, ''left'')'")
        self.for_all(self.crm, "'INSERT INTO t%s VALUES(3, ''right'')'")
        self.until("equal", lambda: self.sums(self.erp).startswith(f"{3 * MAPS}|")
                   and self.sums(self.erp) == self.sums(self.crm))
        self.erp.ask("postgres", f"UPDATE t{MAPS} SET name = 'at once'")
        self.until("one change delivered", lambda: self.sums(self.erp) == self.sums(self.crm))

    def maps(self):
        return self.world.json("map", "list")


if __name__ == "__main__":
    unittest.main()
