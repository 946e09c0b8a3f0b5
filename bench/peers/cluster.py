"""The two servers that are kept in step, and the processor time that they take."""
import os
import pathlib
import sys

import psycopg2

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "e2e"))
from postgres_server import PostgresServer  # noqa: E402

# Durable as a server is by default; memory as for a small machine. pglogical has to be loaded with the server.
SETTINGS = """
shared_buffers = 512MB
max_wal_size = 8GB
checkpoint_timeout = 30min
max_worker_processes = 20
shared_preload_libraries = 'pglogical'
"""
TICK = os.sysconf("SC_CLK_TCK")


def seconds_of(pid):
    """Processor time of a process and of those that it has waited for."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return sum(int(one) for one in fields[11:15]) / TICK


def children_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []


class Cluster:
    def __init__(self):
        self.server = PostgresServer(SETTINGS)
        self.sessions = []
        self.rounds = 0

    # pglogical's supervisor does not answer the barrier that DROP DATABASE waits for: each round has a database of its own.
    @property
    def database(self):
        return f"bench{self.rounds}"

    def url(self):
        return self.server.url(self.database)

    def session(self, database=None):
        made = psycopg2.connect(self.server.url(database or self.database))
        made.autocommit = True
        self.sessions.append(made)
        return made

    def ask(self, sql, database=None):
        with self.session(database).cursor() as cursor:
            cursor.execute(sql)
            found = cursor.fetchall() if cursor.description else []
        self.sessions.pop().close()
        return found

    def renew(self):
        """An empty database."""
        for session in self.sessions:
            session.close()
        self.sessions.clear()
        self.ask("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active", "postgres")
        self.ask("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active", "postgres")
        self.rounds += 1
        self.ask(f"CREATE DATABASE {self.database}", "postgres")
        self.ask("CHECKPOINT", "postgres")

    def seconds(self):
        postmaster = int((self.server.folder / "data" / "postmaster.pid").read_text().split()[0])
        return seconds_of(postmaster) + sum(seconds_of(pid) for pid in children_of(postmaster))

    def end(self):
        for session in self.sessions:
            session.close()
        self.server.end()
