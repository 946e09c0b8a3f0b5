"""Two SQLite files, a configuration, and the program between them."""
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

CONFIG = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  erp: { connector: sqlite, path: erp.db }
  crm: { connector: sqlite, path: crm.db }
links:
  - name: erp-crm
    left: erp
    right: crm
    maps:
      - name: customers
        left:  { table: customer }
        right: { table: account }
        key: [ { left: id, right: number } ]
        columns:
          - { left: name, right: fullname }
          - { left: city, right: town }
"""

PATIENCE_SECONDS = 60


class World:
    def __init__(self, program):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dualwrite-e2e-"))
        self.config = self.folder / "dualwrite.yaml"
        self.config.write_text(CONFIG)
        self.server = None
        self.write("erp", "CREATE TABLE customer(id INTEGER PRIMARY KEY NOT NULL, name TEXT, city TEXT)")
        self.write("crm", "CREATE TABLE account(number INTEGER PRIMARY KEY NOT NULL, "
                          "fullname TEXT CHECK (fullname <> 'bad'), town TEXT)")

    def write(self, app, *statements):
        with sqlite3.connect(self.folder / f"{app}.db", timeout=30) as file:
            for statement in statements:
                if isinstance(statement, tuple):
                    file.executemany(*statement)
                else:
                    file.execute(statement)
        file.close()

    def rows(self, app):
        table = {"erp": "customer", "crm": "account"}[app]
        with sqlite3.connect(self.folder / f"{app}.db", timeout=30) as file:
            found = file.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()
        file.close()
        return found

    def start(self):
        log = open(self.folder / "server.log", "ab")
        self.server = subprocess.Popen([self.program, "serve", "--config", self.config], stdout=log, stderr=log,
                                       cwd=self.folder)
        log.close()
        self.until(lambda: self.run("status").returncode == 0 or self.server.poll() is not None)
        assert self.server.poll() is None, self.log()

    def log(self):
        return (self.folder / "server.log").read_text()

    def run(self, *words, **more):
        environment = {**os.environ, **more.pop("env", {})}
        options = ["--config", self.config] if more.pop("config", True) else []
        return subprocess.run([self.program, *words, *options], capture_output=True, text=True, timeout=120,
                              cwd=self.folder, env=environment, stdin=subprocess.DEVNULL)

    def json(self, *words):
        done = self.run(*words, "-o", "json")
        assert done.returncode == 0, (words, done)
        return json.loads(done.stdout)

    def metrics(self):
        folder = self.folder / "data"
        request = urllib.request.Request((folder / "server.address").read_text().strip() + "/metrics")
        request.add_header("Authorization", "Bearer " + (folder / "admin.token").read_text().strip())
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.read().decode()

    def until(self, is_done):
        end = time.monotonic() + PATIENCE_SECONDS
        while not is_done():
            assert time.monotonic() < end, "not in time\n" + self.log()
            time.sleep(0.02)

    def until_equal(self):
        self.until(lambda: self.rows("erp") == self.rows("crm"))

    def kill(self):
        self.server.kill()
        self.server.wait()

    def stop(self):
        self.server.terminate()
        return self.server.wait(timeout=60)

    def end(self):
        """Of a server that ended by itself it is said why."""
        if self.server is not None and self.server.poll() is None:
            self.kill()
        elif self.server is not None and self.server.returncode not in (0, -signal.SIGKILL):
            print(f"the server ended with {self.server.returncode}\n{self.log()[-4000:]}", file=sys.stderr)
        shutil.rmtree(self.folder)
