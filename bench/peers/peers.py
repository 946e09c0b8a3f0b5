"""Who keeps the two databases in step. Each is set up on empty or equal tables, and taken down again.

`engine_seconds` is the processor time of what runs outside the servers."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from cluster import children_of, seconds_of

TABLE = "item"


def until(is_done, what, patience=120):
    end = time.monotonic() + patience
    while not is_done():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.01)


class Peer:
    name = ""
    both_ways = False
    pauses = True

    def __init__(self, source, target, program):
        self.source, self.target, self.program = source, target, program

    def engine_seconds(self):
        return 0.0


class Native(Peer):
    """Publication and subscription of PostgreSQL itself; the subscriber's commits wait for its disk as the others' do."""
    name = "native"

    def start(self, copy=False, both=False):
        self.source.ask(f"CREATE PUBLICATION bench FOR TABLE {TABLE}")
        self.target.ask(f"CREATE SUBSCRIPTION bench CONNECTION '{self.source.url()}' PUBLICATION bench WITH "
                        f"(copy_data = {str(copy).lower()}, binary = true, synchronous_commit = 'on')")
        ready = ("SELECT count(*) FROM pg_subscription_rel JOIN pg_stat_subscription ON subid = srsubid "
                 "WHERE srsubstate = 'r' AND relid IS NULL AND received_lsn IS NOT NULL")
        until(lambda: self.target.ask(ready) == [(1,)], "the subscription is not ready", 600)

    def pause(self):
        self.target.ask("ALTER SUBSCRIPTION bench DISABLE")

    def resume(self):
        self.target.ask("ALTER SUBSCRIPTION bench ENABLE")

    def stop(self):
        self.target.ask("DROP SUBSCRIPTION bench")
        self.source.ask("DROP PUBLICATION bench")


class Pglogical(Peer):
    name = "pglogical"
    both_ways = True

    def start(self, copy=False, both=False):
        for name, one in (("source", self.source), ("target", self.target)):
            one.ask("CREATE EXTENSION pglogical")
            one.ask(f"SELECT pglogical.create_node('{name}', '{one.url()}')")
            one.ask(f"SELECT pglogical.replication_set_add_table('default', '{TABLE}')")
            one.ask("ALTER SYSTEM SET pglogical.synchronous_commit = on")
            one.ask("SELECT pg_reload_conf()")
        self.subscribe(self.target, self.source, copy)
        if both:
            self.subscribe(self.source, self.target, False)

    def subscribe(self, to, provider, copy):
        to.ask(f"SELECT pglogical.create_subscription('bench', '{provider.url()}', synchronize_structure := false, "
               f"synchronize_data := {str(copy).lower()}, forward_origins := '{{}}')")
        until(lambda: to.ask("SELECT status FROM pglogical.show_subscription_status()") == [("replicating",)],
              "pglogical does not replicate", 600)
        if copy:
            to.ask("SELECT pglogical.wait_for_subscription_sync_complete('bench')")

    def pause(self):
        self.target.ask("SELECT pglogical.alter_subscription_disable('bench', true)")

    def resume(self):
        self.target.ask("SELECT pglogical.alter_subscription_enable('bench', true)")

    def stop(self):
        for one in (self.target, self.source):
            one.ask("SELECT pglogical.drop_subscription('bench', true)")


class Bucardo(Peer):
    name = "bucardo"
    both_ways = True
    pauses = False

    def start(self, copy=False, both=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bucardo-"))
        self.target.ask("DROP DATABASE IF EXISTS bucardo WITH (FORCE)", "postgres")
        self.target.ask("DROP ROLE IF EXISTS bucardo", "postgres")
        self.target.ask("CREATE ROLE bucardo SUPERUSER LOGIN", "postgres")
        self.target.ask("CREATE DATABASE bucardo OWNER bucardo", "postgres")
        self.run("install", "--batch", "--pid-dir", self.folder)
        for name, one in (("A", self.source), ("B", self.target)):
            self.run("add", "database", name, f"dbname={one.database}", f"host={one.server.folder}", "user=postgres")
        self.run("add", "table", TABLE, "db=A", "relgroup=bench")
        role = "source" if both else "target"
        self.run("add", "sync", "bench", "relgroup=bench", f"dbs=A:source,B:{role}",
                 f"onetimecopy={int(copy)}", "conflict_strategy=bucardo_latest")
        self.run("start")
        until(lambda: self.target.ask("SELECT count(*) FROM pg_stat_activity WHERE datname = 'bucardo' AND query LIKE "
                                      "'%bucardo_kick_sync_bench%'", "postgres") != [(0,)], "bucardo does not listen")

    def run(self, *words):
        done = subprocess.run(
            ["bucardo", "--no-bucardorc", "--dbhost", str(self.target.server.folder), "--dbport", "5432", "--dbuser",
             "bucardo", "--dbname", "bucardo", "--piddir", str(self.folder), "--logdest", str(self.folder),
             *map(str, words)], capture_output=True, text=True, cwd=self.folder)
        if done.returncode != 0:
            raise RuntimeError(f"bucardo {words}: {done.stdout}{done.stderr}")

    def processes(self):
        for folder in pathlib.Path("/proc").iterdir():
            try:
                command = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
            except OSError:
                continue
            if command.lower().startswith(b"bucardo") and int(folder.name) != os.getpid():
                yield folder.name

    def engine_seconds(self):
        return sum(seconds_of(pid) for pid in self.processes())

    def stop(self):
        self.run("stop")
        until(lambda: not list(self.processes()), "bucardo does not stop")
        shutil.rmtree(self.folder)


class Pgloader(Peer):
    """A copy only."""
    name = "pgloader"
    pauses = False

    def start(self, copy=False, both=False):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="pgloader-"))
        command = folder / "bench.load"

        def url(one):
            return f"pgsql://postgres@unix:{one.server.folder}:5432/{one.database}"
        command.write_text(f"LOAD DATABASE FROM {url(self.source)} INTO {url(self.target)} WITH data only "
                           f"INCLUDING ONLY TABLE NAMES MATCHING '{TABLE}' IN SCHEMA 'public';\n")
        before = os.times()
        done = subprocess.run(["pgloader", "--root-dir", str(folder), str(command)], capture_output=True, text=True)
        after = os.times()
        self.seconds = after.children_user + after.children_system - before.children_user - before.children_system
        shutil.rmtree(folder)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def engine_seconds(self):
        return self.seconds

    def stop(self):
        pass


CONFIG = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  source: {{ connector: postgresql, url: "{source}" }}
  target: {{ connector: postgresql, url: "{target}" }}
links:
  - name: bench
    left: source
    right: target
    maps:
      - name: items
        left:  {{ table: item }}
        right: {{ table: item }}
        key: [ {{ left: id, right: id }} ]
        columns:
          - {{ left: name, right: name{way} }}
          - {{ left: street, right: street{way} }}
          - {{ left: country, right: country{way}, value_map: {{ Germany: DE, France: FR, Norway: NO, Spain: ES }} }}
          - {{ left: balance, right: balance{way} }}
          - {{ left: changed, right: changed{way} }}
"""


class Dualwrite(Peer):
    """With its log of every change, and a value map on one column."""
    name = "dualwrite"
    both_ways = True

    def start(self, copy=False, both=False):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dualwrite-bench-"))
        self.folder.joinpath("dualwrite.yaml").write_text(CONFIG.format(
            source=self.source.url(), target=self.target.url(), way="" if both else ", direction: left_to_right"))
        with open(self.folder / "server.log", "ab") as log:
            self.server = subprocess.Popen([self.program, "serve", "--config", "dualwrite.yaml"], cwd=self.folder,
                                           stdout=log, stderr=log)
        until(lambda: self.run("status", check=False).returncode == 0, "dualwrite does not start")
        mode = "--initial-sync" if copy else "--skip-initial-sync"
        self.run("map", "run", "items", mode, "--wait")

    def run(self, *words, check=True):
        done = subprocess.run([self.program, *words, "--config", "dualwrite.yaml"], cwd=self.folder,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if check and done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stderr}\n{self.folder.joinpath('server.log').read_text()}")
        return done

    def pause(self):
        self.run("map", "pause", "items", "--wait")

    def resume(self):
        self.run("map", "resume", "items")

    def queued(self):
        return int(json.loads(self.run("map", "show", "items", "-o", "json").stdout)["queued"])

    def engine_seconds(self):
        return seconds_of(self.server.pid) + sum(seconds_of(pid) for pid in children_of(self.server.pid))

    def stop(self):
        self.server.terminate()
        self.server.wait()
        shutil.rmtree(self.folder)


ALL = {one.name: one for one in (Native, Pglogical, Bucardo, Pgloader, Dualwrite)}
