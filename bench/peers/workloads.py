"""What the source does, and when the target has it: each answers rows and seconds, or delays.

Seconds run from the first statement at the source until the last change is seen at the target."""
import statistics
import subprocess
import threading
import time

import cluster  # noqa: F401  (finds the tests' server)
from peers import until
from postgres_server import PROGRAMS

SCHEMA = ("CREATE TABLE item(id bigint PRIMARY KEY, name text NOT NULL, street text, country text, "
          "balance numeric(12,2), changed timestamptz)")
ROW = ("'customer ' || {id}, 'street ' || {id} % 977, (ARRAY['Germany', 'France', 'Norway', 'Spain'])[abs({id}) % 4 + 1], "
       "{id} * 1.25 % 100000, timestamptz '2026-01-01' + {id} % 100000 * interval '1 minute'")
# As it is at the source, whichever side is asked.
DIGEST = ("SELECT count(*), sum(hashtextextended(concat_ws('|', id, name, street, CASE country WHEN 'DE' THEN 'Germany' "
          "WHEN 'FR' THEN 'France' WHEN 'NO' THEN 'Norway' WHEN 'ES' THEN 'Spain' ELSE country END, balance, extract(epoch FROM changed)), 0)) "
          "FROM item")
CODES = ("UPDATE item SET country = CASE country WHEN 'Germany' THEN 'DE' WHEN 'France' THEN 'FR' "
         "WHEN 'Norway' THEN 'NO' ELSE 'ES' END")


def fill(one, first, last):
    one.ask(f"INSERT INTO item SELECT i, {ROW.format(id='i')} FROM generate_series({first}, {last}) i")


def prepare(source, target, rows, both_hold_them, codes):
    for one in (source, target):
        one.renew()
        one.ask(SCHEMA)
    # The rows whose change ends a measurement.
    for one in (source, target) if both_hold_them else (source,):
        fill(one, -1, rows)
        one.ask("ALTER TABLE item SET (autovacuum_enabled = false)")
    if both_hold_them and codes:
        target.ask(CODES)
    for one in (source, target):
        one.ask("VACUUM ANALYZE item")
        one.ask("CHECKPOINT", "postgres")


def mark(one, row=0):
    one.ask(f"UPDATE item SET name = 'the end' WHERE id = {row}")


def until_marked(one, row=0):
    session = one.session()
    with session.cursor() as cursor:
        def is_marked():
            cursor.execute("SELECT name FROM item WHERE id = %s", (row,))
            return cursor.fetchone() == ("the end",)
        until(is_marked, "the last change does not arrive", 900)


def update(one, rows, each, remainder=0, parts=1):
    """In transactions of `each` rows; of the rows only those with this remainder."""
    one.ask(f"""DO $$ BEGIN FOR at IN 0 .. {rows // each - 1} LOOP
      UPDATE item SET balance = balance + 1, changed = changed + interval '1 s'
        WHERE id > at * {each} AND id <= (at + 1) * {each} AND id % {parts} = {remainder};
      COMMIT; END LOOP; END $$""")


class Insert:
    name = "bulk insert, one transaction"

    def run(self, source, target, peer, rows):
        fill(source, rows + 1, 2 * rows)
        mark(source)
        until_marked(target)
        return rows


class UpdateBy1000:
    name = "updates, 1,000 rows a transaction"

    def run(self, source, target, peer, rows):
        update(source, rows, 1000)
        mark(source)
        until_marked(target)
        return rows


class UpdateBy1:
    name = "updates, one row a transaction"

    def run(self, source, target, peer, rows):
        some = rows // 10
        update(source, some, 1)
        mark(source)
        until_marked(target)
        return some


class Both:
    name = "updates on both sides at once, 1,000 rows a transaction"
    both_ways = True

    def run(self, source, target, peer, rows):
        sides = [threading.Thread(target=update, args=(one, rows, 2000, at, 2))
                 for at, one in enumerate((source, target))]
        for one in sides:
            one.start()
        for one in sides:
            one.join()
        mark(source, 0)
        mark(target, -1)
        until_marked(target, 0)
        until_marked(source, -1)
        return rows


class CatchUp:
    name = "catch-up after a pause, updates"
    needs_pause = True

    def run(self, source, target, peer, rows):
        peer.pause()
        update(source, rows, 1000)
        mark(source)
        if peer.name == "dualwrite":
            until(lambda: peer.queued() > rows, "the queue does not fill", 900)
        self.begins = time.monotonic()
        peer.resume()
        until_marked(target)
        return rows


class InitialSync:
    name = "initial sync"
    copies = True

    def run(self, source, target, peer, rows):
        peer.start(copy=True)
        until(lambda: target.ask("SELECT count(*) FROM item") == [(rows + 2,)], "not all rows arrive", 900)
        return rows


class Delay:
    """Both servers are asked about every half millisecond how far they are; each transaction inserts the next id."""
    name = "delay at 1,000 transactions a second"

    def watch(self, one, seen, is_over):
        session = one.session()
        with session.cursor() as cursor:
            while not is_over.is_set():
                cursor.execute("SELECT max(id) FROM item")
                seen.append((time.monotonic(), cursor.fetchone()[0]))
                time.sleep(0.0005)

    def run(self, source, target, peer, rows):
        seconds = 10
        script = source.server.folder / "insert.sql"
        source.ask(f"CREATE SEQUENCE numbers START {rows + 1}")
        script.write_text(f"INSERT INTO item SELECT i, {ROW.format(id='i')} FROM (SELECT nextval('numbers') i) n;\n")
        seen, is_over = ([], []), threading.Event()
        watchers = [threading.Thread(target=self.watch, args=(one, into, is_over))
                    for one, into in zip((source, target), seen)]
        for one in watchers:
            one.start()
        subprocess.run([PROGRAMS / "pgbench", "-n", "-c", "1", "-T", str(seconds), "-R", "1000", "-f", script,
                        source.url()], capture_output=True, check=True, cwd="/")
        mark(source)
        until_marked(target)
        last = source.ask("SELECT max(id) FROM item")[0][0]
        is_over.set()
        for one in watchers:
            one.join()
        self.delays = self.between(seen, rows + 1, last)
        return last - rows

    @staticmethod
    def between(seen, first, last):
        """Milliseconds from being seen at the source to being seen at the target, of each id."""
        def first_seen(samples):
            at = iter(samples)
            when, reached = next(at)
            for number in range(first, last + 1):
                while reached is None or reached < number:
                    when, reached = next(at)
                yield when
        delays = sorted(1000 * max(0.0, there - here) for here, there in zip(*map(first_seen, seen)))
        cuts = statistics.quantiles(delays, n=100)
        return {"p50": cuts[49], "p99": cuts[98]}


ALL = {"insert": Insert, "update1000": UpdateBy1000, "update1": UpdateBy1, "both": Both, "catchup": CatchUp,
       "initial": InitialSync, "delay": Delay}
