"""Who keeps the two databases in step, or copies one into the other.

Each is set up on empty or equal tables: `start` makes it follow changes, `copy` makes it copy what is there and follow where it
can. `stop` ends its processes, whatever happened before. `engine` is the process, with those below it, that runs outside the
servers; `extra_seconds` is processor time there that had ended before anybody could look."""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import waiting
from processes import tree
from waiting import until

TABLE = "item"


def tail(path, lines=15):
    try:
        with open(path, errors="replace") as file:
            return "".join(collections.deque(file, lines))
    except OSError as error:
        return f"{error}\n"


class Peer:
    name = ""
    both_ways = False
    pauses = True
    engine = None
    extra_seconds = 0.0
    folder = None

    def __init__(self, source, target, program):
        self.source, self.target, self.program = source, target, program

    def make_folder(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-"))

    def command(self, words, **how):
        """Runs a command of the peer to its end; its processor time counts as the peer's."""
        before = os.times()
        done = subprocess.run([str(one) for one in words], capture_output=True, text=True, cwd=self.folder,
                              stdin=subprocess.DEVNULL, timeout=waiting.patience, **how)
        after = os.times()
        self.extra_seconds += (after.children_user + after.children_system
                               - before.children_user - before.children_system)
        return done

    def prepare_copy(self):
        """What can be done before the time of a copy begins."""

    def log_tail(self):
        return ""

    def stop(self):
        if self.folder:
            shutil.rmtree(self.folder, ignore_errors=True)


class Native(Peer):
    """Publication and subscription of PostgreSQL itself; the subscriber's commits wait for its disk as the others' do."""
    name = "native"

    def subscribe(self, copy):
        self.target.ask(f"CREATE SUBSCRIPTION bench CONNECTION '{self.source.url()}' PUBLICATION bench WITH "
                        f"(copy_data = {str(copy).lower()}, binary = true, synchronous_commit = 'on')")

    def start(self, both=False):
        self.prepare_copy()
        self.subscribe(copy=False)
        ready = ("SELECT count(*) FROM pg_subscription_rel JOIN pg_stat_subscription ON subid = srsubid "
                 "WHERE srsubstate = 'r' AND relid IS NULL AND received_lsn IS NOT NULL")
        until(lambda: self.target.ask(ready) == [(1,)], "a subscription that is ready")

    def prepare_copy(self):
        self.source.ask(f"CREATE PUBLICATION bench FOR TABLE {TABLE}")

    def copy(self):
        self.subscribe(copy=True)

    def pause(self):
        self.target.ask("ALTER SUBSCRIPTION bench DISABLE")
        until(lambda: self.target.ask("SELECT count(*) FROM pg_stat_subscription WHERE pid IS NOT NULL") == [(0,)],
              "the subscription's worker to end")

    def resume(self):
        self.target.ask("ALTER SUBSCRIPTION bench ENABLE")

    def stop(self):
        if self.target.ask("SELECT 1 FROM pg_subscription"):
            self.target.ask("DROP SUBSCRIPTION bench")
        self.source.ask("DROP PUBLICATION IF EXISTS bench")


class Pglogical(Peer):
    name = "pglogical"
    both_ways = True

    def start(self, both=False):
        for name, one in (("source", self.source), ("target", self.target)):
            one.ask("CREATE EXTENSION pglogical")
            one.ask(f"SELECT pglogical.create_node('{name}', '{one.url()}')")
            one.ask(f"SELECT pglogical.replication_set_add_table('default', '{TABLE}')")
        self.subscribe(self.target, self.source)
        if both:
            self.subscribe(self.source, self.target)

    def subscribe(self, to, provider):
        to.ask(f"SELECT pglogical.create_subscription('bench', '{provider.url()}', synchronize_structure := false, "
               "synchronize_data := false, forward_origins := '{}')")
        until(lambda: self.status(to) == "replicating", "pglogical's subscription to be 'replicating'")
        until(lambda: provider.ask("SELECT count(*) FROM pg_replication_slots WHERE active") == [(1,)],
              "pglogical to read its slot")

    @staticmethod
    def status(one):
        found = one.ask("SELECT status FROM pglogical.show_subscription_status()")
        return found[0][0] if found else "none"

    def pause(self):
        self.target.ask("SELECT pglogical.alter_subscription_disable('bench', true)")
        until(lambda: self.source.ask("SELECT count(*) FROM pg_replication_slots WHERE active") == [(0,)],
              "pglogical to let go of its slot")

    def resume(self):
        self.target.ask("SELECT pglogical.alter_subscription_enable('bench', true)")

    def log_tail(self):
        return "".join(f"{at}: pglogical's subscription is {self.status(one)}\n"
                       for at, one in (("source", self.source), ("target", self.target))
                       if one.ask("SELECT 1 FROM pg_extension WHERE extname = 'pglogical'"))

    def stop(self):
        for one in (self.target, self.source):
            if one.ask("SELECT 1 FROM pg_extension WHERE extname = 'pglogical'"):
                one.ask("SELECT pglogical.drop_subscription('bench', true)")


class Bucardo(Peer):
    name = "bucardo"
    both_ways = True
    pauses = False

    def start(self, both=False):
        self.make_folder()
        self.target.ask("DROP DATABASE IF EXISTS bucardo WITH (FORCE)", "postgres")
        self.target.ask("DROP ROLE IF EXISTS bucardo", "postgres")
        self.target.ask("CREATE ROLE bucardo SUPERUSER LOGIN", "postgres")
        self.target.ask("CREATE DATABASE bucardo OWNER bucardo", "postgres")
        self.run("install", "--batch", "--pid-dir", self.folder)
        for name, one in (("A", self.source), ("B", self.target)):
            self.run("add", "database", name, f"dbname={one.database}", f"host={one.server.folder}", "user=postgres")
        self.run("add", "table", TABLE, "db=A", "relgroup=bench")
        self.run("add", "sync", "bench", "relgroup=bench", f"dbs=A:source,B:{'source' if both else 'target'}",
                 "conflict_strategy=bucardo_latest")
        self.run("start")
        until(lambda: "New kid, sync" in (self.folder / "log.bucardo").read_text(errors="replace"), "bucardo's worker", 0.1)
        # Waits until a whole round was made.
        self.run("kick", "bench", f"{waiting.patience:.0f}")
        self.engine = int((self.folder / "bucardo.mcp.pid").read_text().split()[0])

    def run(self, *words):
        done = self.command(["bucardo", "--no-bucardorc", "--dbhost", self.target.server.folder, "--dbport", "5432",
                             "--dbuser", "bucardo", "--dbname", "bucardo", "--piddir", self.folder, "--logdest",
                             self.folder, *words])
        if done.returncode != 0:
            raise RuntimeError(f"bucardo {words}: {done.stdout}{done.stderr}")

    def processes(self):
        """Its own, by the files that they keep their numbers in."""
        for file in self.folder.glob("bucardo*.pid"):
            try:
                first = int(file.read_text().split()[0])
            except (FileNotFoundError, IndexError):
                continue  # It ends just now.
            yield from filter(self.is_bucardo, tree(first))

    def log_tail(self):
        return tail(self.folder / "log.bucardo") if self.folder else ""

    def stop(self):
        if not self.folder:
            return
        running = set(self.processes())
        try:
            self.run("stop")
            until(lambda: not set(self.processes()) and not any(map(self.is_bucardo, running)), "bucardo to stop", 0.1)
        finally:
            for pid in filter(self.is_bucardo, running):
                os.kill(pid, 9)
            super().stop()

    @staticmethod
    def is_bucardo(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"Bucardo")
        except (FileNotFoundError, ProcessLookupError):
            return False


class Pgloader(Peer):
    """A copy only."""
    name = "pgloader"
    pauses = False

    def prepare_copy(self):
        self.make_folder()

        def url(one):
            return f"pgsql://postgres@unix:{one.server.folder}:5432/{one.database}"
        (self.folder / "bench.load").write_text(
            f"LOAD DATABASE FROM {url(self.source)} INTO {url(self.target)} WITH data only "
            f"INCLUDING ONLY TABLE NAMES MATCHING '{TABLE}' IN SCHEMA 'public';\n")

    def copy(self):
        done = self.command(["pgloader", "--root-dir", self.folder, self.folder / "bench.load"])
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)

    def log_tail(self):
        return tail(self.folder / "pgloader.log") if self.folder else ""


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
    server = None

    def serve(self, both):
        self.make_folder()
        self.folder.joinpath("dualwrite.yaml").write_text(CONFIG.format(
            source=self.source.url(), target=self.target.url(), way="" if both else ", direction: left_to_right"))
        with open(self.folder / "server.log", "ab") as log:
            self.server = subprocess.Popen([self.program, "serve", "--config", "dualwrite.yaml"], cwd=self.folder,
                                           stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.engine = self.server.pid
        until(self.answers, "dualwrite to answer", 0.1)

    def answers(self):
        if self.server.poll() is not None:
            raise RuntimeError(f"dualwrite ended by itself with {self.server.returncode}")
        return self.run("status", check=False).returncode == 0

    def start(self, both=False):
        self.serve(both)
        self.run("map", "run", "items", "--skip-initial-sync", "--wait")

    def prepare_copy(self):
        self.serve(both=False)

    def copy(self):
        self.run("map", "run", "items", "--initial-sync")

    def run(self, *words, check=True):
        done = self.command([self.program, *words, "--config", "dualwrite.yaml"])
        if check and done.returncode != 0:
            raise RuntimeError(f"dualwrite {' '.join(words)}: {done.stderr}")
        return done

    def pause(self):
        self.run("map", "pause", "items", "--wait")

    def resume(self):
        self.run("map", "resume", "items")

    def queued(self):
        return int(json.loads(self.run("map", "show", "items", "-o", "json").stdout)["queued"])

    def log_tail(self):
        if not self.folder:
            return ""
        said = tail(self.folder / "server.log")
        if self.server and self.server.poll() is None:
            for words in (("map", "show", "items"), ("error", "groups")):
                try:
                    said += self.run(*words, check=False).stdout
                except subprocess.TimeoutExpired as error:
                    said += f"{error}\n"
        return said

    def stop(self):
        try:
            if self.server:
                self.server.terminate()
                self.server.wait(60)
        finally:
            if self.server and self.server.poll() is None:
                self.server.kill()
                self.server.wait()
            super().stop()


ALL = {one.name: one for one in (Native, Pglogical, Bucardo, Pgloader, Dualwrite)}
