"""The figures of a comparison as tables, as JSON and as a picture."""
import dataclasses
import json
import statistics

from processes import BENCH

PARTS = ("source", "target", "engine")
# What is aimed at, as a ratio of rows a second; of a delay, milliseconds more than the peer's.
TARGETS = {
    ("bulk insert, one transaction", "native"): 1.5,
    ("updates, 1,000 rows a transaction", "native"): 1.2,
    ("updates, one row a transaction", "native"): 1.2,
    ("updates on both sides at once, 1,000 rows a transaction", "pglogical"): 1.2,
    ("updates on both sides at once, 1,000 rows a transaction", "bucardo"): 5.0,
    ("initial sync", "native"): 1.0,
    ("initial sync", "pgloader"): 3.0,
}
DELAY_TARGETS = {("delay at 1,000 transactions a second", "native"): {"p50": 3.0, "p99": 15.0}}
CATCH_UP = ("catch-up after a pause, updates", "updates, 1,000 rows a transaction")


@dataclasses.dataclass
class Result:
    """Of one workload and peer: a run of each for every pair, and what ended them where that was an error."""
    workload: str
    peer: str
    runs: list
    failure: str = None
    target: str = ""
    is_met: bool = None

    def of(self, name):
        return [one[name] for one in self.runs]

    @property
    def ratio(self):
        return statistics.median(rate(one["dualwrite"]) / rate(one[self.peer]) for one in self.runs)


def rate(run):
    return run["rows"] / run["seconds"]


def median(runs, of):
    return statistics.median(of(one) for one in runs)


def micros(run, part, role=None):
    """Processor time a row of one process, or of all of a part."""
    # What the bench uses to look is no part of what it measures.
    roles = run["cpu"].get(part, {})
    seconds = roles.get(role, 0.0) if role else sum(some for name, some in roles.items() if name != BENCH)
    return 1e6 * seconds / run["rows"]


def delay(runs, cut):
    return median(runs, lambda one: one["delay_ms"][cut])


def brief(name, run):
    speed = ", ".join(f"{cut} {ms:.1f} ms" for cut, ms in run.get("delay_ms", {}).items()) or f"{rate(run):,.0f} rows/s"
    return f"{name} {speed}"


def judge(results):
    """Says of each which target it has, and whether it is met."""
    # Of all peers' pairs: the yardstick of a catch-up is not the peer, but the same changes live.
    late, live = ([rate(run) for one in results if one.workload == name for run in one.of("dualwrite")] for name in CATCH_UP)
    for one in filter(lambda one: one.runs, results):
        which = (one.workload, one.peer)
        if which in TARGETS:
            one.target, one.is_met = f"{TARGETS[which]} ×", one.ratio >= TARGETS[which]
        elif which in DELAY_TARGETS:
            more = {cut: delay(one.of("dualwrite"), cut) - delay(one.of(one.peer), cut) for cut in DELAY_TARGETS[which]}
            one.target = ", ".join(f"{cut} + {ms:.0f} ms: + {more[cut]:.1f} ms" for cut, ms in DELAY_TARGETS[which].items())
            one.is_met = all(more[cut] <= ms for cut, ms in DELAY_TARGETS[which].items())
        elif one.workload == CATCH_UP[0] and live:
            own = statistics.median(late) / statistics.median(live)
            one.target, one.is_met = f"1 × its own live rate: {own:.2f}", own >= 1.0


def speed_text(runs):
    rates = [rate(one) for one in runs]
    if "delay_ms" in runs[0]:
        return (f"p50 {delay(runs, 'p50'):.1f} ms, p99 {delay(runs, 'p99'):.1f} ms at "
                f"{statistics.median(rates):,.0f}/s")
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f}..{max(rates):,.0f})"


def cost_text(runs):
    return ", ".join(f"{median(runs, lambda one: micros(one, part)):.1f}" for part in PARTS)


def table(results):
    out = ["| workload | peer | pairs | its rows/s | dualwrite's rows/s | ratio | target | "
           "its µs a row: source, target, engine | dualwrite's |", "|---|---|---|---|---|---|---|---|---|"]
    for one in results:
        cells = [one.workload, one.peer, str(len(one.runs))]
        if one.runs:
            theirs, ours = one.of(one.peer), one.of("dualwrite")
            verdict = {True: "met", False: "**missed**", None: ""}[one.is_met]
            cells += [speed_text(theirs), speed_text(ours), "" if "delay_ms" in ours[0] else f"{one.ratio:.2f}",
                      f"{one.target} {verdict}".strip(), cost_text(theirs), cost_text(ours)]
        if one.failure:
            cells[2] += f", then failed: {one.failure.splitlines()[0].replace('|', '/')}"
        out.append("| " + " | ".join(cells + [""] * (9 - len(cells))) + " |")
    return "\n".join(out)


def costs_text(runs, part):
    """Of each process of a part, the dearest first."""
    roles = {role for run in runs for role in run["cpu"].get(part, {})} - {BENCH}
    costs = sorted(((median(runs, lambda run: micros(run, part, role)), role) for role in roles), reverse=True)
    return ", ".join(f"{role} {cost:.1f}" for cost, role in costs if cost >= 0.05)


def budget(results):
    """Where a target was missed: microseconds a row of each process, of both."""
    out = ["| workload | of | source | target | engine | all | time that passed |", "|---|---|---|---|---|---|---|"]
    for one in results:
        for name in (one.peer, "dualwrite") if one.is_met is False else ():
            runs = one.of(name)
            cells = [f"{one.workload}; {one.peer}" if name == one.peer else "", name]
            cells += [costs_text(runs, part) for part in PARTS]
            cells.append(f"{median(runs, lambda run: sum(micros(run, part) for part in PARTS)):.1f}")
            cells.append(f"{median(runs, lambda run: 1e6 * run['seconds'] / run['rows']):.1f}")
            out.append("| " + " | ".join(cells) + " |")
    return "\n".join(out) if len(out) > 2 else "Every target that was measured is met."


def write_json(path, results):
    path.write_text(json.dumps([dataclasses.asdict(one) for one in results], indent=1) + "\n")


def draw(path, results):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    measured = [one for one in results if one.runs]
    rates = [one for one in measured if "delay_ms" not in one.runs[0]["dualwrite"]]
    delays = [one for one in measured if one not in rates]
    figure, axes = pyplot.subplots(2, 1, figsize=(9, 2 + 0.5 * len(measured)),
                                   gridspec_kw={"height_ratios": [max(1, len(rates)), max(1, len(delays))]})
    bars(axes[0], rates, lambda runs: median(runs, rate), "rows a second")
    axes[0].set_xscale("log")
    bars(axes[1], delays, lambda runs: delay(runs, "p99"), "milliseconds of delay, 99th percentile; smaller is better")
    figure.tight_layout()
    figure.savefig(path)


def bars(axes, results, of, label):
    for name, shift in (("dualwrite", -0.2), ("peer", 0.2)):
        axes.barh([at + shift for at in range(len(results))],
                  [of(one.of(one.peer if name == "peer" else name)) for one in results], 0.4, label=name)
    axes.set_yticks(range(len(results)), [f"{one.workload}\n{one.peer}" for one in results], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend()
