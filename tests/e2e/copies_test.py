#!/usr/bin/env python3
"""Initial syncs by several lanes between two PostgreSQL servers: tables with keys of many types, and as many rows as make
ranges and chunks end at the same row, or not; while both sides are written to, and the program is killed."""
import sys
import time
import unittest

import world
from postgres_server import PostgresServer, pair_config

PROGRAM = sys.argv.pop(1)

# Names of the key's columns, their declarations, and their values for the i-th row; where the right table has others, these.
KEYS = {
    "whole": (["id"], "id bigint", "i"),
    "fraction": (["id"], "id numeric", "i / 8.0 - 3"),
    "word": (["id"], "id text", "chr(97 + i % 26) || i"),
    "sorted": (["id"], 'id text COLLATE "en-x-icu"', "CASE i % 2 WHEN 0 THEN 'a' ELSE 'A' END || i"),
    "uuid": (["id"], "id uuid", "md5(i::text)::uuid"),
    "moment": (["id"], "id timestamptz", "'2026-01-01Z'::timestamptz + i * interval '7 hours'"),
    "pair": (["kind", "id"], "kind text, id int", "chr(97 + i % 3), i"),
    "digits": (["id"], "id bigint", "i", "id text", "i::text"),
}
COUNTS = (79, 80, 120)  # 80 are two ranges of four chunks
TABLES = [f"{kind}_{count}" for kind in KEYS for count in COUNTS]
OPTIONS = "engine: { chunk_rows: 10 }\n"


def map_of(table):
    columns = KEYS[table.split("_")[0]][0]
    key = ", ".join(f"{{ left: {one}, right: {one} }}" for one in columns)
    return f"""
      - name: {table}
        left:  {{ table: public.{table} }}
        right: {{ table: {table} }}
        key: [ {key} ]
        columns: [ {{ left: name, right: name }} ]
"""


class Copies(unittest.TestCase):
    def setUp(self):
        self.erp, self.crm = PostgresServer(), PostgresServer()
        self.addCleanup(self.erp.end)
        self.addCleanup(self.crm.end)
        self.world = world.World(PROGRAM)
        self.addCleanup(self.world.end)
        for server, side, step in ((self.erp, "left", 1), (self.crm, "right", 3)):
            server.ask("postgres", *(one for table in TABLES for one in self.filled(table, side, step)))
        self.world.config.write_text(OPTIONS + pair_config(self.erp, self.crm, "".join(map_of(one) for one in TABLES)))

    def filled(self, table, side, step):
        kind, count = table.split("_")
        columns, *left = KEYS[kind]
        declared, values = left[-2:] if side == "right" else left[:2]
        return (f"CREATE TABLE {table}({declared}, name text, PRIMARY KEY ({', '.join(columns)}))",
                f"INSERT INTO {table} SELECT {values}, '{side}' FROM generate_series(1, {count}, {step}) i")

    def digest(self, server):
        each = " UNION ALL ".join(f"SELECT '{one}' AS t, a::text AS row FROM {one} a" for one in TABLES)
        return server.ask("postgres", f"SELECT t, count(*), md5(string_agg(row, ';' ORDER BY row)) FROM ({each}) a "
                                      "GROUP BY t ORDER BY t").splitlines()

    def until(self, is_done):
        end = time.monotonic() + 200
        while not is_done():
            running = [one["name"] for one in self.world.json("map", "list") if one["status"] != "running"]
            self.assertLess(time.monotonic(), end, f"not in time\nnot running: {running}\n" + self.world.log()[-4000:])
            self.assertIsNone(self.world.server.poll(), self.world.log()[-4000:])
            time.sleep(0.1)

    def all_run(self):
        return all(one["status"] == "running" for one in self.world.json("map", "list"))

    def both_equal(self):
        return self.digest(self.erp) == self.digest(self.crm)

    def counts(self):
        return {table: int(count) for table, count, _ in (line.split("|") for line in self.digest(self.crm))}

    def test_every_row_is_copied_once(self):
        self.world.start()
        self.assertEqual(0, self.world.run("map", "run", "--all").returncode)
        self.until(self.all_run)
        self.until(self.both_equal)
        self.assertEqual({table: int(table.split("_")[1]) for table in TABLES}, self.counts())
        for one in self.world.json("sync", "list"):
            count = int(one["map"].split("_")[1])
            rows = {leg["direction"]: int(leg["rows"]) for leg in one["legs"]}
            self.assertEqual({"left_to_right": count, "right_to_left": (count + 2) // 3}, rows, one)

    def test_the_same_while_both_sides_are_written_to_and_the_program_is_killed(self):
        self.world.start()
        self.assertEqual(0, self.world.run("map", "run", "--all").returncode)
        for turn in range(6):
            for server in (self.erp, self.crm):
                server.ask("postgres", *(f"UPDATE {table} SET name = name || {turn} WHERE random() < 0.1"
                                         for table in TABLES[turn % 3::3]))
            if turn % 2 == 1:
                self.world.kill()
                self.world.start()
        self.until(self.all_run)
        self.until(self.both_equal)
        self.assertEqual({table: int(table.split("_")[1]) for table in TABLES}, self.counts())


if __name__ == "__main__":
    unittest.main()
