#!/usr/bin/env python3
"""The log as its reader has it: found by request and by time, exported, proven, held to what was given out."""
import json
import pathlib
import subprocess
import sys
import unittest

from world import World

PROGRAM = sys.argv.pop(1)
CHECKER = pathlib.Path(__file__).parents[1] / "proof" / "check_proof.py"


class Log(unittest.TestCase):
    def setUp(self):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        self.world.start()

    def run_map(self):
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)

    def work(self):
        self.run_map()
        rows = [(i, f"name {i}", "Oslo") for i in range(300)]
        self.world.write("erp", ("INSERT INTO customer VALUES(?, ?, ?)", rows))
        self.world.until_equal()

    def file(self, name, *words):
        done = self.world.run(*words)
        self.assertEqual(0, done.returncode, done.stderr)
        path = self.world.folder / name
        path.write_text(done.stdout)
        return path

    def check(self, proof, *more):
        return subprocess.run([sys.executable, CHECKER, proof, *more], capture_output=True, text=True)

    def test_an_event_is_proven_to_a_program_that_shares_no_code(self):
        world = self.world
        self.work()
        kept = self.file("head.json", "event", "head")
        captured = [one for one in world.json("event", "list", "--type", "RecordsCaptured") if one["span"] == 300]
        wanted = str(int(captured[0]["sequence"]) + 17)  # one record among many
        to = json.loads(kept.read_text())["sequence"]
        world.write("erp", "UPDATE customer SET city = 'Rom' WHERE id = 1")
        world.until_equal()
        proof = self.file("proof.json", "event", "prove", wanted, "--to", to)
        raw = world.folder / "event.bin"
        key = json.loads(kept.read_text())["key"]
        done = self.check(proof, "--head", kept, "--key", key, "--event", raw)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual(b"DWEV", raw.read_bytes()[4:8])
        self.assertEqual(1, self.check(proof, "--key", "00" * 32).returncode)
        other = self.file("other.json", "event", "head")
        self.assertEqual(1, self.check(proof, "--head", other).returncode)
        self.refuses_every_change(proof)

    def refuses_every_change(self, path):
        proof = json.loads(path.read_text())
        sys.path.insert(0, str(CHECKER.parent))
        import check_proof
        check_proof.check(proof)

        def changed(text, at):
            return text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1:]

        def refused(change):
            copy = json.loads(path.read_text())
            change(copy)
            with self.assertRaises((check_proof.Refused, ArithmeticError, LookupError, ValueError)):
                check_proof.check(copy)
        for name in ("block", "table_row", "stored"):
            step = max(1, len(proof[name]) // 400)
            for at in range(0, len(proof[name]), step):
                refused(lambda copy: copy.update({name: changed(copy[name], at)}))
        for name in ("path", "links"):
            for i, text in enumerate(proof[name]):
                for at in range(0, len(text), 7):
                    refused(lambda copy: copy[name].__setitem__(i, changed(copy[name][i], at)))
            if proof[name]:
                refused(lambda copy: copy[name].pop())
            refused(lambda copy: copy[name].append("00" * (32 if name == "path" else 88)))
        self.assertTrue(proof["links"])
        for name in ("log", "sequence", "recorded_at_us"):
            refused(lambda copy: copy["head"].update({name: copy["head"][name] + "1"}))
        for name in ("chain", "key", "signature"):
            for at in range(0, len(proof["head"][name]), 5):
                refused(lambda copy: copy["head"].update({name: changed(copy["head"][name], at)}))
        refused(lambda copy: copy.update({"chunk": copy["chunk"] + 1}))
        refused(lambda copy: copy.update({"sequence": str(10**9)}))

    def test_a_copy_is_held_to_a_head_that_was_kept(self):
        world = self.world
        self.work()
        first = self.file("first.json", "event", "head")
        self.assertTrue(world.json("event", "verify", "--head", first)["ok"])
        self.assertEqual(0, world.stop(), world.log())
        older = world.folder / "older"
        subprocess.run(["cp", "-a", world.folder / "data", older], check=True)
        world.start()
        second = self.file("second.json", "event", "head")
        self.assertEqual(0, world.stop(), world.log())

        def verify(folder, head):
            return world.run("event", "verify", "--data-dir", folder, "--head", head, "-o", "json", config=False)
        for folder, head in (("data", first), ("data", second), (older, first)):
            done = verify(folder, head)
            self.assertEqual(0, done.returncode, (done.stdout, done.stderr))
        back = verify(older, second)
        self.assertEqual(1, back.returncode)
        self.assertFalse(json.loads(back.stdout)["ok"])
        self.assertIn("log_set_back", json.loads(back.stdout)["reason"])
        first.write_text(first.read_text().replace('"sequence":"', '"sequence":"1'))
        forged = verify("data", first)
        self.assertEqual((8, ""), (forged.returncode, forged.stdout))

    def test_events_are_found_by_request_and_by_time(self):
        world = self.world
        before = world.json("event", "list", "--backward", "--limit", "1")[0]["sequence"]
        self.run_map()
        requests = world.json("event", "list", "--type", "RunRequested")
        self.assertEqual(1, len(requests))
        request = requests[0]["sequence"]
        found = world.json("event", "list", "--correlation", request)
        self.assertEqual("RunRequested", found[0]["type"])
        self.assertIn("MapStarted", [one["type"] for one in found])
        everything = world.json("event", "list", "--limit", "1000")
        belongs = [one for one in everything if request in (one["sequence"], one.get("correlation"))]
        self.assertEqual(belongs, found)
        turned = world.json("event", "list", "--correlation", request, "--backward")
        self.assertEqual(belongs[::-1], turned)

        times = [one["recorded_at"] for one in everything]
        since = times[len(times) // 2]
        expected = [one for one in everything if one["recorded_at"] >= since]
        self.assertEqual(expected, world.json("event", "list", "--since", since, "--limit", "1000"))
        early = [one for one in everything if one["recorded_at"] <= since]
        self.assertEqual(early, world.json("event", "list", "--until", since, "--limit", "1000"))
        both = world.json("event", "list", "--since", since, "--until", since, "--backward")
        self.assertEqual([one for one in expected if one in early][::-1], both)
        self.assertEqual(len(everything), len(world.json("event", "list", "--since", "1h", "--limit", "1000")))
        self.assertEqual(2, world.run("event", "list", "--since", "yesterday").returncode)
        self.assertNotEqual(before, request)

    def test_an_export_holds_every_event_and_record_and_goes_on_where_it_ended(self):
        world = self.world
        self.work()
        file = world.folder / "events.ndjson"
        words = ("event", "export", "--file", file)
        self.assertEqual(0, world.run(*words).returncode)
        first = file.read_bytes()
        events = [json.loads(line) for line in first.splitlines()]
        following = [int(one["sequence"]) + one["span"] for one in events]
        self.assertEqual([1, *following[:-1]], [int(one["sequence"]) for one in events])
        names = [row["after"]["name"] for one in events for row in one.get("records", []) if "name" in row["after"]]
        self.assertEqual([f"name {i}" for i in range(300)], [name for name in names if name.startswith("name")][:300])
        file.write_bytes(first[:len(first) * 2 // 3])
        world.write("erp", "UPDATE customer SET city = 'Rom' WHERE id = 1")
        world.until_equal()
        world.until(lambda: world.run(*words).returncode == 0)
        self.assertTrue(file.read_bytes().startswith(first))
        self.assertGreater(len(file.read_bytes()), len(first))
        file.write_text("something else\n")
        self.assertEqual(2, world.run(*words).returncode)
        self.assertEqual("something else\n", file.read_text())

    def test_an_export_can_be_cloud_events(self):
        world = self.world
        self.run_map()
        done = world.run("event", "export", "--format", "cloudevents", "--type", "MapStarted")
        self.assertEqual(0, done.returncode, done.stderr)
        event = json.loads(done.stdout.splitlines()[0])
        head = json.loads(world.run("event", "head").stdout)
        self.assertEqual(("1.0", f"urn:dualwrite:log:{head['log']}", "dualwrite.MapStarted", "application/json"),
                         (event["specversion"], event["source"], event["type"], event["datacontenttype"]))
        self.assertTrue(event["time"].endswith("Z"))
        self.assertEqual(event["id"], event["sequence"])
        allowed = "abcdefghijklmnopqrstuvwxyz0123456789"
        self.assertTrue(all(set(name) <= set(allowed) for name in event))
        self.assertIn("data", event["data"])

    def backup(self, name="backup"):
        made = self.world.json("backup", self.world.folder / name)
        self.assertEqual(made["id"], self.world.json("event", "list", "--type", "BackupTaken")[-1]["sequence"])
        return made

    def use(self, folder):
        text = self.world.config.read_text()
        before = text.split("data_dir: ")[1].split("\n")[0]
        self.world.config.write_text(text.replace(f"data_dir: {before}", f"data_dir: ./{folder}"))

    def test_a_backup_beside_the_work_is_restored_whole(self):
        world = self.world
        self.work()
        made = self.backup()
        kept = self.file("head.json", "event", "head")
        self.assertEqual(8, world.run("backup", world.folder / "backup").returncode)
        done = world.run("restore", "backup", "restored", "-o", "json", config=False)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertEqual((True, made["head"]), (json.loads(done.stdout)["ok"], json.loads(done.stdout)["head"]))
        behind = world.run("event", "verify", "--data-dir", "restored", "--head", kept, "-o", "json", config=False)
        self.assertIn("log_set_back", json.loads(behind.stdout)["reason"])
        self.assertFalse((world.folder / "backup" / "signing.key").exists())
        for table in (world.folder / "backup" / "log").glob("*.sst"):
            text = bytearray(table.read_bytes())
            text[len(text) // 3] ^= 1
            table.write_bytes(text)
        damaged = world.run("restore", "backup", "again", config=False)
        self.assertEqual((1, False), (damaged.returncode, (world.folder / "again").exists()), damaged.stderr)

    def test_a_fork_is_the_way_on_with_a_log_that_was_set_back(self):
        world = self.world
        self.work()
        self.backup()
        world.write("erp", "UPDATE customer SET city = 'Rom' WHERE id < 100")
        world.until_equal()
        self.assertEqual(0, world.stop(), world.log())
        self.assertEqual(0, world.run("restore", "backup", "plain", config=False).returncode)
        self.use("plain")
        refused = world.run("serve")
        self.assertEqual(1, refused.returncode)
        self.assertIn("the log was set back", refused.stderr)

        world.write("crm", "UPDATE account SET town = 'Bern' WHERE number = 250")
        done = world.run("restore", "--fork", "plain", "forked")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stderr, r"crm, lane 0: holds [1-9]\d* batches that the log does not know")
        self.use("forked")
        world.start()
        forked = world.json("event", "list", "--type", "LogForked")[0]
        crm = [gap for gap in forked["data"]["gaps"] if gap["way"] == "left_to_right" and gap["lane"] == "0"]
        self.assertGreater(int(crm[0]["batches"]), 0)
        shown = world.json("map", "show", "customers")
        self.assertEqual("not_running", shown["status"])
        self.assertIn("forked", shown["reason"])
        ran = world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, ran.returncode, ran.stderr)
        world.until_equal()
        world.write("erp", "INSERT INTO customer VALUES(1000, 'Ada', 'Oslo')")
        world.write("crm", "UPDATE account SET town = 'Genf' WHERE number = 251")
        world.until_equal()
        self.assertIn((251, "name 251", "Genf"), world.rows("erp"))
        self.assertTrue(world.json("event", "verify")["ok"])
        world.kill()
        world.start()
        world.until(lambda: world.json("map", "show", "customers")["status"] == "running")
        self.assertEqual(0, world.stop(), world.log())
        self.use("data")
        former = world.run("serve")
        self.assertEqual(1, former.returncode)
        self.assertIn("another log wrote to this app", former.stderr)

    def test_a_start_from_saved_views_is_as_one_from_the_log(self):
        world = self.world
        self.work()
        expected = self.seen()
        for damage in (lambda _: None, lambda saved: saved.write_bytes(saved.read_bytes()[:-1]), pathlib.Path.unlink):
            self.assertEqual(0, world.stop(), world.log())
            saved, = self.snapshots()
            damage(saved)
            world.start()
            world.until(lambda: world.json("map", "show", "customers")["status"] == "running")
            self.assertEqual(expected, self.seen())
        world.kill()
        world.start()
        self.assertEqual(expected, self.seen())

    def seen(self):
        shown = self.world.json("map", "show", "customers")
        return [shown[name] for name in ("status", "queued", "parked", "directions")], self.world.json("sync", "list")

    def snapshots(self):
        return list((self.world.folder / "data").glob("views-*.snapshot"))

    def test_views_are_folded_anew_beside_the_work(self):
        world = self.world
        self.work()
        rebuilt = {one["view"]: one["differed"] for one in world.json("replay", "rebuild")}
        self.assertLess({"status", "activity", "parked", "alerts"}, set(rebuilt))
        self.assertFalse(any(rebuilt.values()), rebuilt)
        one = world.run("replay", "rebuild", "activity")
        self.assertEqual(0, one.returncode, one.stderr)
        self.assertIn("activity", one.stdout)
        self.assertNotIn("parked", one.stdout)
        wrong = world.run("replay", "rebuild", "activities")
        self.assertEqual(2, wrong.returncode, wrong.stderr)
        self.assertIn("'activities'", wrong.stderr)
        self.assertIn("operations", wrong.stderr)
        world.write("erp", "UPDATE customer SET city = 'Bonn' WHERE id < 100")
        world.until_equal()

    def test_a_new_program_prepares_its_views_beside_the_old_one(self):
        world = self.world
        self.work()
        program = world.folder / "dualwrite-next"
        program.write_bytes(pathlib.Path(world.program).read_bytes() + b"next")
        program.chmod(0o755)
        done = subprocess.run([program, "replay", "prepare", "--config", world.config], capture_output=True, text=True)
        self.assertEqual(0, done.returncode, done.stderr)
        prepared, = self.snapshots()
        self.assertFalse((world.folder / "data" / "log-to-prepare").exists())
        expected = self.seen()
        self.assertEqual(0, world.stop(), world.log())
        self.assertEqual(2, len(self.snapshots()))
        world.program = program
        world.start()
        self.assertEqual(expected, self.seen())
        self.assertEqual(0, world.stop(), world.log())
        self.assertTrue(prepared.exists())

    def test_a_log_without_its_anchor_is_forked(self):
        world = self.world
        self.work()
        self.assertEqual(0, world.stop(), world.log())
        (world.folder / "data" / "anchor").unlink()
        refused = world.run("serve")
        self.assertIn("restore --fork", refused.stderr)
        (world.folder / "crm.db").rename(world.folder / "away.db")
        done = world.run("restore", "--fork", "data", "forked")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("crm: not known", done.stderr)
        (world.folder / "crm.db").unlink(missing_ok=True)
        (world.folder / "away.db").rename(world.folder / "crm.db")
        self.use("forked")
        world.start()
        self.assertEqual(0, world.run("map", "run", "customers", "--wait").returncode)
        world.until_equal()


if __name__ == "__main__":
    unittest.main(verbosity=2)
