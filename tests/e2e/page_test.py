#!/usr/bin/env python3
"""What a page of table maps shows, tab by tab: each is filled by one request, and each list takes the same filters everywhere."""
import json
import re
import sys
import unittest
import urllib.error
import urllib.parse
import urllib.request

from world import CONFIG, World

PROGRAM = sys.argv.pop(1)
TEXT = "the credit limit of this account is not set"
ALERTS = """
    alerts:
      - name: too many application errors
        when: { errors: [application], count: 1000, within: 15m }
        notify: "ops@example.com, erp-team@example.com"
        then: pause
smtp: { url: smtp://127.0.0.1:2525, from: dualwrite@example.com }
"""
# What a list has beside its filters: how much of it, in which order and form, and where to.
FORM = {"limit", "cursor", "backward", "images", "records", "format", "file"}
CLIENT = {"config", "server", "token", "output", "timeout"}
# A command, its address, and the filter that its argument stands for.
LISTS = [
    ("app list", "/api/v1/apps", None),
    ("map list", "/api/v1/maps", None),
    ("map queue", "/api/v1/maps/{map}/queue", None),
    ("map drift", "/api/v1/maps/{map}/drift", None),
    ("activity list", "/api/v1/activity", "map"),
    ("activity export", "/api/v1/activity", "map"),
    ("sync list", "/api/v1/syncs", "map"),
    ("error list", "/api/v1/errors", None),
    ("error groups", "/api/v1/errors/groups", None),
    ("error export", "/api/v1/errors", None),
    ("conflict list", "/api/v1/conflicts", None),
    ("operation list", "/api/v1/operations", None),
    ("alert list", "/api/v1/alerts", None),
    ("alert history", "/api/v1/alerts/{rule}/history", None),
    ("maintenance list", "/api/v1/maintenance", None),
    ("event list", "/api/v1/events", None),
    ("event export", "/api/v1/events", None),
]


class Page(unittest.TestCase):
    """One map with a past: an initial sync with errors and two more, a queue with errors, a retry, a pause."""

    @classmethod
    def setUpClass(cls):
        cls.world = World(PROGRAM)
        cls.addClassCleanup(cls.world.end)
        cls.world.config.write_text(CONFIG + ALERTS)
        cls.world.write("crm", "CREATE TABLE refused(number INTEGER PRIMARY KEY)",
                        "CREATE TRIGGER no_refused BEFORE INSERT ON account "
                        "WHEN NEW.number IN (SELECT number FROM refused) BEGIN "
                        f"SELECT RAISE(ABORT, '{TEXT}'); END")
        cls.world.start()
        cls.insert(range(20), refused=(3, 7))
        cls.run_to(4, "map", "run", "customers", "--wait")
        cls.mend(3)
        cls.run_to(4, "sync", "rerun", "customers", "--wait")
        cls.run_to(0, "sync", "rerun", "customers", "--without-errors", "--wait")
        cls.run_to(0, "map", "run", "customers", "--wait")
        cls.run_to(0, "map", "pause", "customers", "--wait")
        cls.insert(range(100, 110), refused=(100, 101, 102))
        cls.world.until(lambda: cls.get("/api/v1/maps/customers")["queued"] == "10")
        cls.run_to(0, "map", "resume", "customers", "--wait")
        cls.world.until(lambda: cls.get("/api/v1/maps/customers")["parked"] == "4")
        cls.mend(100)
        mended = cls.items("/api/v1/errors?filter=" + urllib.parse.quote("\"key\" = '100'"))[0]["id"]
        cls.run_to(0, "error", "retry", mended, "--wait")
        cls.run_to(0, "map", "pause", "customers", "--wait")
        cls.insert([200])
        cls.insert([201])
        cls.world.until(lambda: cls.get("/api/v1/maps/customers")["queued"] == "2")

    @classmethod
    def run_to(cls, code, *words):
        done = cls.world.run(*words)
        assert done.returncode == code, done

    @classmethod
    def insert(cls, numbers, refused=()):
        cls.world.write("crm", ("INSERT INTO refused VALUES(?)", [(n,) for n in refused]))
        cls.world.write("erp", ("INSERT INTO customer VALUES(?, ?, 'Oslo')", [(n, f"name {n}") for n in numbers]))

    @classmethod
    def mend(cls, number):
        cls.world.write("crm", ("DELETE FROM refused WHERE number = ?", [(number,)]))

    @classmethod
    def get(cls, target):
        data = cls.world.folder / "data"
        request = urllib.request.Request((data / "server.address").read_text().strip() + target)
        request.add_header("Authorization", "Bearer " + (data / "admin.token").read_text().strip())
        with urllib.request.urlopen(request, timeout=30) as reply:
            return json.load(reply)

    @classmethod
    def items(cls, target):
        return cls.get(target)["items"]

    def test_table_maps(self):
        shown = [(one["name"], one["link"], one["left"], one["right"], one["status"], one["queued"], one["parked"],
                  one["last_error"]["text"], one["last_action"]["state"]) for one in self.items("/api/v1/maps")]
        self.assertEqual([("customers", "erp-crm", {"app": "erp", "table": "customer"},
                           {"app": "crm", "table": "account"}, "paused", "2", "3", TEXT, "completed")], shown)
        buttons = self.items("/api/v1/maps")[0]["allowed_actions"]
        self.assertLessEqual({"resume", "stop"}, set(buttons))
        self.assertFalse({"run", "pause", "retry"} & set(buttons))

    def test_table_mappings_and_details(self):
        shown = self.get("/api/v1/maps/customers")
        definition = shown["definition"]
        self.assertEqual([("id", "number")], [(one["left"], one["right"]) for one in definition["key"]])
        self.assertEqual([("name", "fullname"), ("city", "town")],
                         [(one["left"], one["right"]) for one in definition["columns"]])
        self.assertEqual(("newest_wins", "propagate", "left", "file"),
                         (definition["conflict"], definition["deletes"], definition["master"], shown["managed_by"]))

    def test_initial_sync_details(self):
        executions = self.items("/api/v1/syncs?map=customers")
        self.assertEqual([("completed", "without_errors", "0"), ("failed", "all", "1"), ("failed", "all", "2")],
                         [(one["state"], one["which"], one["failed"]) for one in executions])
        self.assertEqual(executions[0]["id"], self.get("/api/v1/syncs/customers")["id"])
        for one in executions:
            self.assertTrue(one["started"] and one["finished"])
            self.assertEqual({"left_to_right", "right_to_left"}, {leg["direction"] for leg in one["legs"]})
        leg = [leg for leg in executions[-1]["legs"] if leg["direction"] == "left_to_right"][0]
        self.assertEqual(("20", "18", "2"), (leg["rows"], leg["inserted"], leg["failed"]))
        reasons = self.items(f"/api/v1/syncs/{executions[-1]['id']}/errors")
        self.assertEqual([("left_to_right", {"id": "3"}, TEXT), ("left_to_right", {"id": "7"}, TEXT)],
                         [(one["direction"], one["key"], one["text"]) for one in reasons])

    def test_queued_records(self):
        page = self.get("/api/v1/maps/customers/queue?limit=1")
        self.assertEqual("2", page["queued"])
        found = page["items"]
        while page["next_cursor"] is not None:  # "Load more"
            page = self.get("/api/v1/maps/customers/queue?limit=1&cursor=" + page["next_cursor"])
            found += page["items"]
        self.assertEqual([({"id": "200"}, "insert", "name 200"), ({"id": "201"}, "insert", "name 201")],
                         [(one["key"], one["operation"], one["after"]["name"]) for one in found])
        of_key = self.items("/api/v1/maps/customers/queue?key=201")
        self.assertEqual([{"id": "201"}], [one["key"] for one in of_key])

    def test_catch_up_errors(self):
        shown = self.items("/api/v1/errors?map=customers&ended=1&images=1")
        cells = {one["key"]["id"]: (one["state"], one["attempts"]) for one in shown}
        self.assertEqual({"7": ("failed", 1), "100": ("completed", 1), "101": ("failed", 1), "102": ("failed", 1)},
                         {id: cells[id] for id in ("7", "100", "101", "102")})
        for one in shown:
            self.assertEqual((TEXT, "left_to_right"), (one["text"], one["direction"]))
            self.assertEqual(f"name {one['key']['id']}", one["record"]["after"]["name"])
            self.assertTrue(one["cause"] and one["fix"] and one["first_failed"])

    def test_activity_log(self):
        shown = self.items("/api/v1/activity?map=customers&limit=1000")
        self.assertTrue(all(one["at"] and one["text"] and one["actor"] for one in shown))
        steps = ["MapCreated", "RunRequested", "InitialSyncStarted", "InitialSyncCompleted", "MapResumed", "PauseRequested",
                 "MapPaused", "ResumeRequested", "MapResumed", "RecordParked", "CaughtUp", "RetryRequested", "MapPaused"]
        types = iter(one["type"] for one in reversed(shown))
        self.assertTrue(all(step in types for step in steps), [one["type"] for one in reversed(shown)])
        errors = [one for one in shown if one["type"] == "RecordParked"][0]
        log = self.items(f"/api/v1/activity/{errors['id']}/log?limit=1000")
        self.assertEqual(errors["count"], sum(one["type"] == "RecordParked" for one in log))

    def test_alert_settings(self):
        shown = [(one["name"], one["state"], one["errors"], one["count"], one["within_seconds"], one["notify"], one["then"])
                 for one in self.items("/api/v1/alerts")]
        self.assertEqual([("too many application errors", "clear", ["application"], 1000, "900",
                           "ops@example.com, erp-team@example.com", "pause")], shown)

    def options_of(self, command):
        text = self.world.run("help", *command.split(), config=False).stdout
        return set(re.findall(r"^  --([a-z-]+)", text, re.MULTILINE)) - CLIENT

    def test_every_list_takes_the_same_filters_by_command_line_and_http(self):
        paths = self.get("/api/v1/openapi.json")["paths"]
        for command, path, argument in LISTS:
            asked = {one["name"] for one in paths[path]["get"]["parameters"] if one["in"] == "query"} - FORM
            said = self.options_of(command) - FORM | ({argument} - {None})
            self.assertEqual(asked, said, command)

    def test_a_filter_finds_the_same_by_command_line_and_http(self):
        for command, path, filters in [
                ("error list", "/api/v1/errors", {"state": "completed"}),
                ("error list", "/api/v1/errors", {"class": "application", "ended": "1", "direction": "left_to_right"}),
                ("error list", "/api/v1/errors", {"filter": "initial_sync and attempts = 1", "map": "customers"}),
                ("error groups", "/api/v1/errors/groups", {"text": "credit limit"}),
                ("activity list", "/api/v1/activity", {"type": "MapPaused", "link": "erp-crm"}),
                ("event list", "/api/v1/events", {"type": "RecordParked", "map": "customers"})]:
            words = [word for name, value in filters.items()
                     for word in ([f"--{name}"] if value == "1" else [f"--{name}", value])]
            by_http = self.items(path + "?" + urllib.parse.urlencode(filters))
            self.assertTrue(by_http, filters)
            self.assertEqual(by_http, self.world.json(*command.split(), *words), filters)

    def test_as_of_is_refused_with_a_reason_on_each_list(self):
        for path in ("/api/v1/maps", "/api/v1/errors", "/api/v1/activity", "/api/v1/syncs", "/api/v1/maps/customers/queue"):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.get(path + "?as_of=2026-01-01T00:00:00Z")
            problem = json.load(refused.exception)
            refused.exception.close()
            self.assertEqual("as_of_unavailable", problem["code"], path)
            self.assertIn("as they are now", json.dumps(problem))
        for command, path, argument in LISTS:
            refused = self.world.run(*command.split(), "--as-of", "2h")
            self.assertEqual(2, refused.returncode, command)
            self.assertIn("as they are now", refused.stderr, command)


if __name__ == "__main__":
    unittest.main()
