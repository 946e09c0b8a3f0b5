"""Measures dualwrite and its peers as adjacent pairs: one after the other on the same two servers, again and again."""
import contextlib
import sys

import peers
import report
import workloads
from cluster import Cluster
from processes import Meter

COPIES = ("native", "pgloader")
KEEPS_IN_STEP = ("native", "pglogical", "bucardo")


def can(peer, workload):
    if workload.copies:
        return peer.name in COPIES
    return (peer.name in KEEPS_IN_STEP and (peer.both_ways or not workload.both_ways)
            and (peer.pauses or not workload.needs_pause))


def evidence(sides, peer):
    """What is known where a measurement failed."""
    said = []

    def add(title, of):
        try:
            said.append(f"{title}: {of()}")
        except Exception as error:
            said.append(f"{title}: cannot be told: {error}")
    for one in sides:
        add(f"rows at the {one.name}", lambda: one.ask("SELECT count(*) FROM item")[0][0])
    add(f"{peer.name} says", peer.log_tail)
    for one in sides:
        add(f"the {one.name}'s server says", one.log_tail)
    return "\n".join(said)


def measure(sides, program, peer_type, workload, rows):
    """One run of one of them. An error says which, what was awaited and how things stood."""
    source, target = sides
    peer = peer_type(source, target, program)
    try:
        workloads.prepare(source, target, rows, not workload.copies, peer.name == "dualwrite")
        if workload.copies:
            peer.prepare_copy()
        else:
            peer.start(both=workload.both_ways)
        roots = {"source": source.postmaster, "target": target.postmaster}
        if peer.engine:
            roots["engine"] = peer.engine
        ended = peer.extra_seconds
        with Meter(roots) as meter:
            run = workload.run(source, target, peer, rows)
        run["cpu"] = {"engine": {}, **meter.seconds()}
        if peer.extra_seconds > ended:
            run["cpu"]["engine"][f"{peer.name} commands"] = peer.extra_seconds - ended
        here, there = (one.ask(workloads.DIGEST)[0] for one in sides)
        if here != there:
            raise RuntimeError(f"the tables differ, rows and digest: {here} and {there}")
        return run
    except Exception as error:
        raise RuntimeError(f"{workload.name}, {peer.name}: {error}\n{evidence(sides, peer)}") from error
    finally:
        try:
            peer.stop()
        except Exception as error:
            # Told, but not raised: it would hide what led to it, and what is left of a peer ends with the servers.
            print(f"{workload.name}, {peer.name}: does not end as it should: {error}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def two_servers(pglogical):
    with contextlib.ExitStack() as ends:
        sides = []
        for name in ("source", "target"):
            sides.append(Cluster(name, pglogical))
            ends.callback(sides[-1].end)
        yield sides


def compare_one(program, peer, workload, rows, pairs):
    """The pairs that could be measured, and what ended them where that was an error."""
    runs = []
    try:
        with two_servers(peer.name == "pglogical") as sides:
            for number in range(pairs):
                # Who comes first changes, so that neither always finds the warmer machine.
                order = (peer, peers.Dualwrite) if number % 2 == 0 else (peers.Dualwrite, peer)
                runs.append({one.name: measure(sides, program, one, workload, rows) for one in order})
                print(f"{workload.name}: {report.brief(peer.name, runs[-1][peer.name])}; "
                      f"{report.brief('dualwrite', runs[-1]['dualwrite'])}", file=sys.stderr, flush=True)
    except Exception as error:
        print(f"FAILED: {error}", file=sys.stderr, flush=True)
        return runs, str(error)
    return runs, None


def compare(asked):
    """True where nothing failed."""
    chosen = [(workload, peer) for workload in map(workloads.ALL.get, asked.workloads)
              for peer in map(peers.ALL.get, asked.peers) if can(peer, workload)]
    results = []
    for workload, peer in chosen:
        runs, failure = compare_one(asked.program, peer, workload(), asked.rows, asked.pairs)
        results.append(report.Result(workload.name, peer.name, runs, failure))
        if asked.json:
            report.write_json(asked.json, results)
    report.judge(results)
    print(report.table(results))
    print(f"\nWhere a target is missed, µs of processor time a row:\n\n{report.budget(results)}")
    if asked.json:
        report.write_json(asked.json, results)
    if asked.picture:
        report.draw(asked.picture, results)
    return not any(one.failure for one in results)
