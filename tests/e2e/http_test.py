#!/usr/bin/env python3
"""The API as a client of its own sees it: who is let in, what is too much, streams that go on, commands sent twice."""
import http.client
import json
import socket
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)


class Http(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.world.start()
        data = self.world.folder / "data"
        self.address = (data / "server.address").read_text().strip().removeprefix("http://")
        self.token = (data / "admin.token").read_text().strip()

    def ask(self, method, target, body=None, **headers):
        line = http.client.HTTPConnection(self.address, timeout=30)
        self.addCleanup(line.close)
        sent = {"Authorization": f"Bearer {self.token}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        line.request(method, target, body, sent)
        return line.getresponse()

    def test_who_is_let_in(self):
        self.assertEqual(200, self.ask("GET", "/api/v1/status").status)
        self.assertEqual(401, self.ask("GET", "/api/v1/status", Authorization="Bearer no").status)
        self.assertEqual(401, self.ask("GET", "/metrics", Authorization="").status)
        self.assertEqual(200, self.ask("GET", "/livez", Authorization="").status)
        self.assertEqual(421, self.ask("GET", "/api/v1/status", Host="evil.example").status)

    def test_problems_are_documents(self):
        reply = self.ask("GET", "/api/v1/maps/nothing")
        self.assertEqual("application/problem+json", reply.getheader("Content-Type"))
        self.assertEqual("unknown_map", json.loads(reply.read())["code"])
        self.assertEqual(405, self.ask("DELETE", "/api/v1/maps").status)

    def test_what_is_too_large_is_refused_and_the_others_are_served_on(self):
        self.assertEqual(413, self.ask("POST", "/api/v1/errors/retry", "x" * (2 << 20)).status)
        self.assertEqual(431, self.ask("GET", "/api/v1/status", X_Long="x" * (32 << 10)).status)
        host, port = self.address.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as line:
            line.sendall(b"this is not HTTP\r\n\r\n")
            line.settimeout(30)
            while line.recv(1024):
                pass
        self.assertEqual(200, self.ask("GET", "/api/v1/status").status)

    def test_one_connection_carries_many_requests(self):
        line = http.client.HTTPConnection(self.address, timeout=30)
        self.addCleanup(line.close)
        for _ in range(5):
            line.request("GET", "/api/v1/maps", headers={"Authorization": f"Bearer {self.token}"})
            self.assertEqual(1, len(json.loads(line.getresponse().read())["items"]))

    def test_a_command_sent_twice_is_taken_once(self):
        target = "/api/v1/maps/customers/run?wait=1"
        first = json.loads(self.ask("POST", target, Idempotency_Key="k1").read())
        self.world.kill()
        self.world.start()
        self.address = (self.world.folder / "data" / "server.address").read_text().strip().removeprefix("http://")
        again = json.loads(self.ask("POST", target, Idempotency_Key="k1").read())
        self.assertEqual(first["id"], again["id"])
        self.assertEqual(409, self.ask("POST", target, Idempotency_Key="k2").status)

    def events(self, count, **headers):
        reply = self.ask("GET", "/api/v1/events/stream?from=1", **headers)
        self.assertEqual("text/event-stream", reply.getheader("Content-Type"))
        seen = []
        while len(seen) < count:
            line = reply.readline().decode()
            self.assertTrue(line)
            if line.startswith("id: "):
                seen.append(int(line[4:]))
        return seen

    def test_a_stream_goes_on_behind_the_last_event_that_was_seen(self):
        first = self.events(3)
        self.assertEqual([1, 2, 3], first)
        self.assertEqual([4, 5], self.events(2, Last_Event_ID="3"))

    def test_the_api_describes_itself(self):
        document = json.loads(self.ask("GET", "/api/v1/openapi.json").read())
        self.assertTrue(document["openapi"].startswith("3.1"))
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                named = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
                self.assertEqual({part[1:-1] for part in path.split("/") if part.startswith("{")}, named)
                if method == "get" and not named and not path.endswith("/stream"):
                    self.assertEqual(200, self.ask("GET", path).status, path)


if __name__ == "__main__":
    unittest.main(verbosity=2)
