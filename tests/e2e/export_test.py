#!/usr/bin/env python3
"""Errors that are written to real files before they are purged, and folders that cannot be written."""
import json
import os
import pathlib
import stat
import subprocess
import sys
import unittest

from world import CONFIG, World

PROGRAM = sys.argv.pop(1)


class Export(unittest.TestCase):
    def begin(self, folder):
        self.world = World(PROGRAM)
        self.addCleanup(self.world.end)
        text = f"errors: {{ keep: 1s, export: {folder} }}\n        columns:"
        self.world.config.write_text(CONFIG.replace("columns:", text))
        self.world.start()
        done = self.world.run("map", "run", "customers", "--wait")
        self.assertEqual(0, done.returncode, done.stderr)
        self.folder = self.world.folder / folder

    def park(self, numbers):
        self.world.write("erp", ("INSERT INTO customer VALUES(?, 'bad', 'Rom')", [(n,) for n in numbers]))

    def events(self, name):
        return self.world.json("event", "list", "--type", name, "--limit", "1000")

    def until_purged(self, count):
        self.world.until(lambda: sum(len(one["data"]["records"]) for one in self.events("ParkedPurged")) == count)

    def expect_each_in_a_file(self, numbers):
        purged = self.events("ParkedPurged")
        written = []
        for one in purged:
            file = pathlib.Path(one["data"]["file"])
            lines = [json.loads(line) for line in file.read_text().splitlines()]
            self.assertEqual({record["record"] for record in one["data"]["records"]}, {line["id"] for line in lines})
            self.assertEqual(0o600, stat.S_IMODE(file.stat().st_mode))
            self.assertEqual(self.folder.resolve(), file.parent.resolve())
            written += lines
        self.assertEqual(sorted(numbers), sorted(int(line["key"]["id"]) for line in written))
        for line in written:
            self.assertEqual({"id": line["key"]["id"], "name": "bad", "city": "Rom"}, line["record"]["after"])
            self.assertIn("CHECK constraint failed", line["text"])
            self.assertEqual(1, line["attempts"])
        self.assertEqual([], [name for name in os.listdir(self.folder) if name.endswith(".part")])

    def failed_export(self):
        return self.world.json("map", "show", "customers")["failed_export"]

    def until_export_fails(self, reason):
        self.world.until(lambda: self.failed_export() is not None)
        self.assertIn(reason, self.failed_export()["reason"])
        self.assertEqual([], self.events("ParkedPurged"))
        self.assertEqual(1, len(self.events("ErrorExportFailed")), "once, not at each attempt")
        self.assertIn("ErrorExportFailed", [one["type"] for one in self.world.json("activity", "list", "customers")])

    def start_again(self):
        self.world.kill()
        self.world.start()

    def test_each_purged_error_is_in_a_file_that_an_event_names(self):
        self.begin("kept/purged/errors/")
        self.park(range(5))
        self.until_purged(5)
        self.park(range(10, 13))
        self.until_purged(8)
        self.expect_each_in_a_file([0, 1, 2, 3, 4, 10, 11, 12])
        self.assertIsNone(self.failed_export())

    def test_where_the_folder_is_no_folder_nothing_is_purged_until_it_is_mended(self):
        self.begin("purged")
        self.folder.write_text("somebody's notes")
        self.park(range(3))
        self.until_export_fails("directory")
        self.assertEqual("3", self.world.json("map", "show", "customers")["parked"])
        self.assertEqual("somebody's notes", self.folder.read_text())
        self.folder.unlink()
        self.start_again()
        self.until_purged(3)
        self.expect_each_in_a_file([0, 1, 2])
        self.assertIsNone(self.failed_export())

    def test_where_the_disk_is_full_nothing_is_purged_until_there_is_room(self):
        self.begin("purged")
        self.folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", self.folder], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here: " + mounted.stderr.decode().strip())
        self.addCleanup(lambda: subprocess.run(["umount", self.folder], check=True))
        (self.folder / "ballast").write_bytes(b"x" * (64 << 10))
        self.park(range(3))
        self.until_export_fails("No space left")
        self.assertEqual(["ballast"], os.listdir(self.folder))
        (self.folder / "ballast").unlink()
        self.start_again()
        self.until_purged(3)
        self.expect_each_in_a_file([0, 1, 2])


if __name__ == "__main__":
    unittest.main()
