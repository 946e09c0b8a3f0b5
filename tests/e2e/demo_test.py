#!/usr/bin/env python3
"""The demonstration, as a newcomer starts it."""
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

COMPARE = sys.argv.pop(2)
PROGRAM = sys.argv.pop(1)


class Demo(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory(prefix="dualwrite-demo-")
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name) / "demo"

    def start(self):
        """The words it prints until it says what to do next."""
        self.demo = subprocess.Popen([PROGRAM, "demo", self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                     text=True)
        self.addCleanup(self.demo.stderr.close)
        self.addCleanup(self.demo.kill)
        said = []
        for line in self.demo.stderr:
            said.append(line)
            if "Ctrl-C ends it" in line:
                return "".join(said)
        self.fail("".join(said))

    def stop(self):
        self.demo.send_signal(signal.SIGINT)
        self.assertEqual(0, self.demo.wait(timeout=60), self.demo.stderr.read())

    def are_equal(self):
        return subprocess.run([sys.executable, COMPARE, "compare", self.folder], capture_output=True).returncode == 0

    def value(self, app, query):
        with sqlite3.connect(self.folder / f"{app}.db", timeout=30) as file:
            found = file.execute(query).fetchone()
        file.close()
        return found and found[0]

    def test_brings_both_applications_in_step_and_goes_on_where_it_was(self):
        said = self.start()
        self.assertTrue(self.are_equal(), said)
        self.stop()
        self.value("erp", "UPDATE customer SET name = 'Somebody New' WHERE number = 1 RETURNING 1")
        self.start()
        end = time.monotonic() + 60
        while self.value("crm", "SELECT fullname FROM account WHERE accountnumber = 1") != "Somebody New":
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.stop()

    def test_leaves_a_folder_of_something_else_alone(self):
        self.folder.mkdir()
        (self.folder / "letter.txt").write_text("Dear Ada")
        done = subprocess.run([PROGRAM, "demo", self.folder], capture_output=True, text=True, timeout=60)
        self.assertEqual(8, done.returncode, done.stderr)
        self.assertIn("it is not empty, and holds no demonstration; name another folder", done.stderr)
        self.assertEqual(["letter.txt"], [one.name for one in self.folder.iterdir()])


if __name__ == "__main__":
    unittest.main()
