"""A PostgreSQL server of the test's own, on a socket in its folder."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

PROGRAMS = pathlib.Path("/usr/lib/postgresql/15/bin")

PAIR = """
version: 1
data_dir: ./data
listen: 127.0.0.1:0
apps:
  erp: {{ connector: postgresql, url: "{erp}" }}
  crm: {{ connector: postgresql, url: "{crm}" }}
links:
  - name: erp-crm
    left: erp
    right: crm
    maps:
"""


def pair_config(erp, crm, maps):
    """A configuration that ties the databases `postgres` of two servers by these maps, each an item of the list."""
    return PAIR.format(erp=erp.url("postgres"), crm=crm.url("postgres")) + maps


def programs_of(release):
    find = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "postgresql"
    return pathlib.Path(subprocess.run([find, str(release)], capture_output=True, text=True, check=True).stdout.strip())


class PostgresServer:
    def __init__(self, settings="", release=15, standby_of=None):
        self.programs = PROGRAMS if release == 15 else programs_of(release)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="dualwrite-pg-"))
        self.folder.chmod(0o777)
        if standby_of is None:
            self.run(self.programs / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E",
                     "UTF8", "--locale=C.UTF-8", "-N")
        else:
            standby_of.control("-m", "fast", "stop")
            self.run("cp", "-a", standby_of.folder / "data", self.folder)
            self.run("touch", self.folder / "data" / "standby.signal")
            standby_of.start()
            settings = f"primary_conninfo = '{standby_of.url('postgres')}'\n" + settings
        with open(self.folder / "data" / "postgresql.conf", "a") as file:
            file.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\nwal_level = logical\n"
                       "max_replication_slots = 20\nmax_wal_senders = 20\nshared_buffers = 16MB\n" + settings)
        self.start()

    def run(self, *command):
        # The server refuses to run as root.
        owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        done = subprocess.run([*owner, *map(str, command)], capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr

    def control(self, *words):
        # Its output goes to a file: a pipe would stay open as long as the server runs.
        with open(self.folder / "control.log", "ab") as log:
            owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
            subprocess.run([*owner, self.programs / "pg_ctl", "-D", self.folder / "data", "-w", "-t", "90", "-l",
                            self.folder / "server.log", *words], stdout=log, stderr=log, cwd="/", check=True)

    def start(self):
        self.control("start")

    def kill(self):
        """At once, as a loss of power would."""
        self.control("-m", "immediate", "stop")

    def end(self):
        try:
            if (self.folder / "data" / "postmaster.pid").exists():
                self.kill()
        finally:
            shutil.rmtree(self.folder)

    def url(self, database):
        return f"host={self.folder} user=postgres dbname={database}"

    def ask(self, database, *statements):
        """What the last statement answers: columns parted by |, one row on a line."""
        words = [part for one in statements for part in ("-c", one)]
        done = subprocess.run([PROGRAMS / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url(database), *words],
                              capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextlib.contextmanager
    def session(self, database, *statements):
        """One that stays open until the block ends, and has run the statements; gives what runs more of them."""
        one = subprocess.Popen([PROGRAMS / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", self.url(database)], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")

        def run(*words):
            one.stdin.write(";\n".join([*words, "SELECT 'done'"]) + ";\n")
            one.stdin.flush()
            assert one.stdout.readline() == "done\n"

        try:
            run(*statements)
            yield run
        finally:
            one.communicate()
