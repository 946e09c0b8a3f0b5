"""One of the two servers that are kept in step."""
import collections
import pathlib
import sys

import psycopg2

import waiting

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from postgres_server import PostgresServer  # noqa: E402

# Durable as a server is by default; memory as for a small machine; no checkpoint falls into a measurement.
SETTINGS = """
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 30min
max_worker_processes = 64
"""
# Its settings and its library are read at the start of a server only.
PGLOGICAL = """
shared_preload_libraries = 'pglogical'
pglogical.synchronous_commit = on
"""


class Cluster:
    def __init__(self, name, pglogical=False):
        self.name = name
        self.server = PostgresServer(SETTINGS + (PGLOGICAL if pglogical else ""))
        self.sessions = []
        self.loading = None
        self.rounds = 0
        try:
            for user in ("load", "watch"):
                self.ask(f"CREATE ROLE {user} SUPERUSER LOGIN", "postgres")
            # Newer minor releases decode by plug-ins of this list only.
            if pglogical and self.ask("SELECT 1 FROM pg_settings WHERE name = 'output_plugin_libraries'", "postgres"):
                self.ask("ALTER SYSTEM SET output_plugin_libraries = pgoutput, pglogical_output", "postgres")
                self.ask("SELECT pg_reload_conf()", "postgres")
        except BaseException:
            self.end()
            raise

    # Each round has a database of its own: what a peer left in the one before cannot disturb it.
    @property
    def database(self):
        return f"bench{self.rounds}"

    @property
    def postmaster(self):
        return int((self.server.folder / "data" / "postmaster.pid").read_text().split()[0])

    def url(self, database=None):
        return self.server.url(database or self.database)

    def session(self, user="postgres", database=None):
        """The user tells the bench's own sessions from those of the peers: processor time is counted by it."""
        made = psycopg2.connect(self.url(database), user=user, connect_timeout=30,
                                options=f"-c statement_timeout={waiting.patience * 1000:.0f}")
        made.autocommit = True
        self.sessions.append(made)
        return made

    def ask(self, sql, database=None):
        session = self.session(database=database)
        try:
            with session.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            self.sessions.remove(session)
            session.close()

    def load(self, sql):
        """A statement of the application's, in a session that stays, so that its processor time is known to be its own."""
        self.loading = self.loading or self.session("load")
        with self.loading.cursor() as cursor:
            cursor.execute(sql)

    def renew(self):
        """An empty database."""
        self.close_sessions()
        self.ask("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active", "postgres")
        waiting.until(lambda: not self.ask("SELECT 1 FROM pg_replication_slots WHERE active", "postgres"),
                      "slots of the round before to be let go")
        self.ask("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots", "postgres")
        self.rounds += 1
        self.ask(f"CREATE DATABASE {self.database}", "postgres")

    def close_sessions(self):
        for session in self.sessions:
            session.close()
        self.sessions.clear()
        self.loading = None

    def log_tail(self, lines=12):
        with open(self.server.folder / "server.log", errors="replace") as log:
            return "".join(collections.deque((line for line in log if "checkpoint" not in line), lines))

    def end(self):
        self.close_sessions()
        self.server.end()
