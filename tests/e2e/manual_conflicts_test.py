#!/usr/bin/env python3
"""What is refused to somebody who decides a conflict, by command and by address, and that nothing is lost by it."""
import json
import sys
import unittest
import urllib.error
import urllib.request

from world import World

PROGRAM = sys.argv.pop(1)


class ManualConflicts(unittest.TestCase):
    def setUp(self):
        self.world = world = World(PROGRAM)
        self.addCleanup(world.end)
        world.config.write_text(world.config.read_text().replace("columns:", "conflict: manual\n        columns:"))
        world.write("erp", "INSERT INTO customer VALUES(1, 'Ada', 'Oslo')")
        world.start()
        self.change("run")
        self.change("pause")
        world.write("erp", "UPDATE customer SET name = 'Ada L' WHERE id = 1")
        world.write("crm", "UPDATE account SET fullname = 'Ada R' WHERE number = 1")
        self.change("resume")
        world.until(lambda: world.json("conflict", "list"))
        self.conflict, = world.json("conflict", "list")

    def change(self, what):
        done = self.world.run("map", what, "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def decide(self, conflict, **body):
        """What is answered: the status, and the error or the decision."""
        address = (self.world.folder / "data" / "server.address").read_text().strip()
        token = (self.world.folder / "data" / "admin.token").read_text().strip()
        request = urllib.request.Request(f"{address}/api/v1/conflicts/{conflict}/resolve",
                                         data=json.dumps(body).encode(), method="POST",
                                         headers={"Authorization": "Bearer " + token,
                                                  "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)

    def refused(self, *asked, **body):
        status, why = self.decide(*asked, **body)
        return status, why["code"], json.dumps(why)

    def test_a_decision_that_cannot_be_carried_out_is_refused_and_changes_nothing(self):
        world = self.world
        which = self.conflict["id"]
        before = world.rows("crm")
        for wrong in ({}, {"keep": "middle"}):
            status, code, text = self.refused(which, **wrong)
            self.assertEqual((400, "request_invalid"), (status, code))
            self.assertIn("left or right", text)
        self.assertEqual("request_invalid", self.refused(which, keep="left", seen=7)[1])
        status, code, text = self.refused("999999", keep="left")
        self.assertEqual((404, "unknown_record"), (status, code))
        self.assertIn("999999 is in no conflict", text)

        # Somebody changes the row again while it is looked at.
        world.write("erp", "UPDATE customer SET name = 'Ada LL' WHERE id = 1")
        world.until(lambda: world.json("conflict", "show", which)["newest"] != self.conflict["newest"])
        status, code, text = self.refused(which, keep="left", seen=self.conflict["newest"])
        self.assertEqual((409, "conflict_moved"), (status, code))
        self.assertIn(world.json("conflict", "show", which)["newest"], text)
        self.assertEqual([(1, "Ada LL", "Oslo")], world.rows("erp"))
        self.assertEqual(before, world.rows("crm"))

        self.assertEqual(7, world.run("conflict", "resolve", "999999", "--keep", "left", "--yes").returncode)
        self.assertEqual(2, world.run("conflict", "resolve", which, "--keep", "both", "--yes").returncode)
        self.assertEqual(8, world.run("conflict", "resolve", which, "--keep", "right").returncode, "nobody agreed")
        decided = world.run("conflict", "resolve", which, "--keep", "right", "--yes")
        self.assertEqual(0, decided.returncode, decided.stderr)
        world.until(lambda: world.rows("erp") == world.rows("crm") == [(1, "Ada R", "Oslo")])
        again = world.run("conflict", "resolve", which, "--keep", "left", "--yes")
        self.assertEqual(7, again.returncode)
        self.assertIn("is in no conflict", again.stderr)
        self.assertEqual([], world.json("conflict", "list"))


if __name__ == "__main__":
    unittest.main()
