"""What the source does, and when the target has it.

Seconds run from the first statement at the source until the last change is seen at the target."""
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import cluster  # noqa: F401  (finds the tests' server)
import waiting
from postgres_server import PROGRAMS
from waiting import until

SCHEMA = ("CREATE TABLE item(id bigint PRIMARY KEY, name text NOT NULL, street text, country text, "
          "balance numeric(12,2), changed timestamptz) WITH (autovacuum_enabled = false)")
COUNTRIES = ("Germany", "France", "Norway", "Spain")
CODES = ("DE", "FR", "NO", "ES")
# As it is at the source, whichever side is asked.
DIGEST = ("SELECT count(*), sum(hashtextextended(concat_ws('|', id, name, street, CASE country WHEN 'DE' THEN 'Germany' "
          "WHEN 'FR' THEN 'France' WHEN 'NO' THEN 'Norway' WHEN 'ES' THEN 'Spain' ELSE country END, balance, "
          "extract(epoch FROM changed)), 0)) FROM item")

def at_both(source, target, act):
    """Does it on both sides at the same time; an error of either is raised."""
    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(act, (source, target)))


def row(number, countries=COUNTRIES):
    """The values of a row, as SQL."""
    return (f"{number}, 'customer ' || {number}, 'street ' || {number} % 977, "
            f"(ARRAY{list(countries)})[abs({number}) % 4 + 1], "
            f"{number} * 1.25 % 100000, timestamptz '2026-01-01' + {number} % 100000 * interval '1 minute'")


def fill(one, first, last, countries=COUNTRIES):
    one.load(f"INSERT INTO item SELECT {row('i', countries)} FROM generate_series({first}, {last}) i")


def prepare(source, target, rows, both_hold_them, codes):
    def make(one):
        one.renew()
        one.ask(SCHEMA)
        # Two rows more: the change of one ends a measurement.
        if both_hold_them or one is source:
            fill(one, -1, rows, CODES if codes and one is target else COUNTRIES)
        one.ask("VACUUM ANALYZE item")
        one.ask("CHECKPOINT")
    at_both(source, target, make)


def mark(one, number=0):
    one.load(f"UPDATE item SET name = 'the end' WHERE id = {number}")


def until_marked(one, number=0):
    with one.session("watch").cursor() as cursor:
        def is_marked():
            cursor.execute("SELECT name FROM item WHERE id = %s", (number,))
            return cursor.fetchone() == ("the end",)
        until(is_marked, f"the last change, of row {number}, at the {one.name}")


def update(one, rows, each, remainder=0, parts=1):
    """In transactions of `each` rows; of the rows only those with this remainder."""
    one.load(f"""DO $$ BEGIN FOR at IN 0 .. {rows // each - 1} LOOP
      UPDATE item SET balance = balance + 1, changed = changed + interval '1 s'
        WHERE id > at * {each} AND id <= (at + 1) * {each} AND id % {parts} = {remainder};
      COMMIT; END LOOP; END $$""")


class Workload:
    name = ""
    copies = False
    both_ways = False
    needs_pause = False

    def run(self, source, target, peer, rows):
        """Answers at least `rows` and `seconds`."""
        begins = time.monotonic()
        moved = self.change(source, rows)
        mark(source)
        until_marked(target)
        return {"rows": moved, "seconds": time.monotonic() - begins}


class Insert(Workload):
    name = "bulk insert, one transaction"

    def change(self, source, rows):
        fill(source, rows + 1, 2 * rows)
        return rows


class UpdateBy1000(Workload):
    name = "updates, 1,000 rows a transaction"

    def change(self, source, rows):
        update(source, rows, 1000)
        return rows


class UpdateBy1(Workload):
    name = "updates, one row a transaction"
    transactions = 10_000

    def change(self, source, rows):
        update(source, self.transactions, 1)
        return self.transactions


class Both(Workload):
    name = "updates on both sides at once, 1,000 rows a transaction"
    both_ways = True

    def run(self, source, target, peer, rows):
        begins = time.monotonic()
        at_both(source, target, lambda one: update(one, rows, 2000, int(one is target), 2))
        mark(source, 0)
        mark(target, -1)
        until_marked(target, 0)
        until_marked(source, -1)
        return {"rows": rows, "seconds": time.monotonic() - begins}


class CatchUp(Workload):
    """Seconds run from the resumption; processor time from the first statement, with what is done while the pause lasts."""
    name = "catch-up after a pause, updates"
    needs_pause = True

    def run(self, source, target, peer, rows):
        peer.pause()
        update(source, rows, 1000)
        mark(source)
        if peer.name == "dualwrite":
            until(lambda: peer.queued() > rows, f"{rows + 1} records in the queue", 0.2)
        begins = time.monotonic()
        peer.resume()
        until_marked(target)
        return {"rows": rows, "seconds": time.monotonic() - begins}


class InitialSync(Workload):
    name = "initial sync"
    copies = True

    def run(self, source, target, peer, rows):
        begins = time.monotonic()
        peer.copy()
        with target.session("watch").cursor() as cursor:
            def found(sql):
                cursor.execute(sql)
                return cursor.fetchone()[0]
            # Counting takes what it counts time: it waits for the last row, which is cheaper to look for.
            until(lambda: found(f"SELECT count(*) FROM item WHERE id = {rows}") == 1
                  and found("SELECT count(*) FROM item") == rows + 2, f"{rows + 2} rows at the target", 0.05)
        return {"rows": rows, "seconds": time.monotonic() - begins}


class Delay(Workload):
    """Both servers are asked about every millisecond how far they are; each transaction inserts one row, of the next id."""
    name = "delay at 1,000 transactions a second"
    seconds = 12
    warm_up_seconds = 2

    @staticmethod
    def watch(one, seen, is_over):
        with one.session("watch").cursor() as cursor:
            while not is_over.is_set():
                cursor.execute("SELECT max(id) FROM item")
                seen.append((time.monotonic(), cursor.fetchone()[0]))
                time.sleep(0.001)

    def run(self, source, target, peer, rows):
        script = source.server.folder / "insert.sql"
        source.ask(f"CREATE SEQUENCE numbers START {rows + 1}")
        script.write_text(f"INSERT INTO item SELECT {row('i')} FROM (SELECT nextval('numbers') i) n;\n")
        seen, is_over = ([], []), threading.Event()
        watchers = [threading.Thread(target=self.watch, args=(one, into, is_over), daemon=True)
                    for one, into in zip((source, target), seen)]
        try:
            for one in watchers:
                one.start()
            subprocess.run([PROGRAMS / "pgbench", "-n", "-c", "4", "-j", "1", "-T", str(self.seconds), "-R", "1000",
                            "-f", script, f"{source.url()} user=load"], capture_output=True, check=True, cwd="/",
                           timeout=waiting.patience)
            mark(source)
            until_marked(target)
        finally:
            is_over.set()
            for one in watchers:
                one.join()
        last = source.ask("SELECT max(id) FROM item")[0][0]
        if seen[1][-1][1] != last:
            seen[1].append((time.monotonic(), last))
        delays = self.between(seen, rows + 1000 * self.warm_up_seconds, last)
        return {"rows": last - rows, "seconds": self.seconds, "delay_ms": delays}

    @staticmethod
    def between(seen, first, last):
        """Milliseconds from being seen at the source to being seen at the target, of each id.

        Clients that commit at the same time may do so in another order than their ids': what is seen is the highest, and the
        same transaction lets it be seen on both sides."""
        def first_seen(samples):
            at = iter(samples)
            when, reached = next(at)
            for number in range(first, last + 1):
                while reached is None or reached < number:
                    when, reached = next(at)
                yield when
        delays = [1000 * max(0.0, there - here) for here, there in zip(*map(first_seen, seen))]
        cuts = statistics.quantiles(delays, n=100)
        return {"p50": cuts[49], "p99": cuts[98]}


ALL = {"insert": Insert, "update1000": UpdateBy1000, "update1": UpdateBy1, "both": Both, "initial": InitialSync,
       "catchup": CatchUp, "delay": Delay}
