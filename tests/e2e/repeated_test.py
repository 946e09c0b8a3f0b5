#!/usr/bin/env python3
"""Retries and deletes that are asked for more than once, by one client or by several, and a kill amid them."""
import concurrent.futures
import http.client
import json
import sqlite3
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)
RETRY, DELETE = "/api/v1/errors/retry", "/api/v1/errors/delete"


class Repeated(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        # What the application does of its own accord at each row that it takes: one line a write.
        self.world.write("crm", "CREATE TABLE refused(number INTEGER PRIMARY KEY)",
                         "CREATE TABLE effect(number INTEGER)",
                         "CREATE TRIGGER no_refused BEFORE INSERT ON account "
                         "WHEN NEW.number IN (SELECT number FROM refused) BEGIN "
                         "SELECT RAISE(ABORT, 'the credit limit of this account is not set'); END",
                         "CREATE TRIGGER inserted AFTER INSERT ON account BEGIN "
                         "INSERT INTO effect VALUES(NEW.number); END",
                         "CREATE TRIGGER updated AFTER UPDATE ON account BEGIN "
                         "INSERT INTO effect VALUES(NEW.number); END")
        self.world.start()
        self.assertEqual(0, self.world.run("map", "run", "customers", "--wait").returncode)

    def park(self, numbers):
        numbers = list(numbers)
        wanted = self.parked() + len(numbers)
        self.world.write("crm", ("INSERT INTO refused VALUES(?)", [(n,) for n in numbers]))
        self.world.write("erp", ("INSERT INTO customer VALUES(?, 'Ada', 'Oslo')", [(n,) for n in numbers]))
        self.world.until(lambda: self.parked() == wanted)

    def mend(self):
        self.world.write("crm", "DELETE FROM refused")

    def parked(self):
        return int(self.world.json("map", "show", "customers")["parked"])

    def effects(self):
        with sqlite3.connect(self.world.folder / "crm.db", timeout=30) as file:
            found = [row[0] for row in file.execute("SELECT number FROM effect ORDER BY 1")]
        file.close()
        return found

    def act(self, target, key=None, **body):
        data = self.world.folder / "data"
        line = http.client.HTTPConnection((data / "server.address").read_text().strip().removeprefix("http://"),
                                          timeout=60)
        headers = {"Authorization": "Bearer " + (data / "admin.token").read_text().strip()}
        if key is not None:
            headers["Idempotency-Key"] = key
        line.request("POST", target, json.dumps(body), headers)
        reply = line.getresponse()
        text = reply.read()
        line.close()
        self.assertEqual(202, reply.status, text)
        return json.loads(text)

    def at_once(self, *calls):
        with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
            return [one.result() for one in [pool.submit(call) for call in calls]]

    def operation(self, id):
        return self.world.json("operation", "show", id)

    def until_finished(self, ids):
        self.world.until(lambda: all(self.operation(id)["state"] != "running" for id in ids))

    def test_a_double_click_is_one_retry(self):
        self.park(range(300))
        self.mend()
        first, second = self.at_once(*[lambda: self.act(RETRY, "click", all=True)] * 2)
        self.assertEqual(first["operations"], second["operations"])
        self.assertEqual(("300", "300"), (first["matched"], second["matched"]))
        self.world.until_equal()
        self.until_finished(first["operations"])
        self.assertEqual(list(range(300)), self.effects())
        self.assertEqual(1, len(self.world.json("operation", "list")))

        self.park(range(300, 310))
        self.world.kill()
        self.world.start()
        late = self.act(RETRY, "click", all=True)
        self.assertEqual((first["operations"], "300"), (late["operations"], late["matched"]))
        self.assertEqual([1] * 10, [one["attempts"] for one in self.world.json("error", "list")])

    def test_two_clients_at_once_try_each_record_once(self):
        self.park(range(300))
        replies = self.at_once(*[lambda key=key: self.act(RETRY, key, all=True) for key in ("ann", "ben")])
        ids = [id for one in replies for id in one["operations"]]
        self.until_finished(ids)
        self.assertEqual(300, sum(int(self.operation(id)["failed"]) for id in ids))
        errors = self.world.json("error", "list", "--limit", "1000")
        self.assertEqual([2] * 300, [one["attempts"] for one in errors], "one refusal each, whoever asked")
        self.mend()
        replies = self.at_once(*[lambda: self.act(RETRY, all=True)] * 2)
        self.world.until_equal()
        ids = [id for one in replies for id in one["operations"]]
        self.until_finished(ids)
        self.assertEqual(300, sum(int(self.operation(id)["succeeded"]) for id in ids))
        self.assertEqual(list(range(300)), self.effects())

    def test_a_delete_that_is_resent_takes_nothing_that_came_later(self):
        self.park(range(20))
        first, second = self.at_once(*[lambda: self.act(DELETE, "gone", all=True)] * 2)
        self.assertEqual(first["operations"], second["operations"])
        self.assertEqual(0, self.parked())
        self.park(range(20, 25))
        late = self.act(DELETE, "gone", all=True)
        self.assertEqual((first["operations"], "20"), (late["operations"], late["matched"]))
        self.assertEqual(5, self.parked())

    def test_what_matched_nothing_matches_nothing_when_it_is_resent(self):
        for target in (RETRY, DELETE):
            self.assertEqual(("0", []), (lambda one: (one["matched"], one["operations"]))(
                self.act(target, target, all=True)))
        self.park(range(5))
        for target in (RETRY, DELETE):
            late = self.act(target, target, all=True)
            self.assertEqual(("0", []), (late["matched"], late["operations"]))
        self.assertEqual([1] * 5, [one["attempts"] for one in self.world.json("error", "list")])

    def test_a_kill_amid_a_retry_of_all_leaves_one_effect_a_record(self):
        rows = 3_000
        self.park(range(rows))
        self.mend()
        first = self.act(RETRY, "all", all=True)
        self.world.until(lambda: self.effects() != [])
        # Nothing can be written from here on, so that the kill comes amid the retry.
        crm = sqlite3.connect(self.world.folder / "crm.db", timeout=30, isolation_level=None)
        crm.execute("BEGIN IMMEDIATE")
        done = crm.execute("SELECT count(*) FROM effect").fetchone()[0]
        self.assertLess(done, rows)
        self.world.kill()
        crm.close()
        self.world.start()
        again = self.act(RETRY, "all", all=True)
        self.assertEqual(first["operations"], again["operations"])
        self.world.until_equal()
        self.until_finished(first["operations"])
        self.assertEqual(str(rows), self.operation(first["operations"][0])["succeeded"])
        self.assertEqual(list(range(rows)), self.effects())
        self.assertTrue(self.world.json("event", "verify")["ok"])


if __name__ == "__main__":
    unittest.main()
