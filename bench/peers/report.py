"""The figures of a comparison as a table, as JSON and as a picture."""
import json
import statistics


def median(runs, of):
    return statistics.median(of(one) for one in runs)


def range_text(values):
    return f"{min(values):,.0f}..{max(values):,.0f}"


def rate(run):
    return run["rows"] / run["seconds"]


def summary(pairs):
    """One line for each workload and peer; a ratio is the median of those of the pairs."""
    lines = []
    for (workload, peer), runs in pairs.items():
        ours, theirs = [one["dualwrite"] for one in runs], [one[peer] for one in runs]
        line = {"workload": workload, "peer": peer, "rounds": len(runs)}
        for name, of in (("dualwrite", ours), (peer, theirs)):
            line[name] = {"rows_per_second": median(of, rate), "range": [min(map(rate, of)), max(map(rate, of))]}
            for part in ("source", "target", "engine"):
                line[name][f"{part}_us_per_row"] = median(of, lambda one: 1e6 * one["cpu"][part] / one["rows"])
            if "delays" in of[0]:
                line[name]["delay_ms"] = {cut: median(of, lambda one: one["delays"][cut]) for cut in ("p50", "p99")}
        line["ratio"] = statistics.median(rate(one["dualwrite"]) / rate(one[peer]) for one in runs)
        lines.append(line)
    return lines


def table(lines):
    out = ["| workload | peer | its rows/s | dualwrite's rows/s | ratio | its µs of processor time a row: source, target, "
           "engine | dualwrite's |", "|---|---|---|---|---|---|---|"]
    for line in lines:
        peer, ours = line[line["peer"]], line["dualwrite"]

        def cost(of):
            return ", ".join(f"{of[f'{part}_us_per_row']:.1f}" for part in ("source", "target", "engine"))

        def speed(of):
            if "delay_ms" in of:
                return f"p50 {of['delay_ms']['p50']:.1f} ms, p99 {of['delay_ms']['p99']:.1f} ms"
            return f"{of['rows_per_second']:,.0f} ({range_text(of['range'])})"
        ratio = "" if "delay_ms" in ours else f"{line['ratio']:.2f}"
        out.append(f"| {line['workload']} | {line['peer']} | {speed(peer)} | {speed(ours)} | {ratio} | {cost(peer)} | "
                   f"{cost(ours)} |")
    return "\n".join(out)


def write_json(path, pairs, lines):
    runs = [{"workload": workload, "peer": peer, "runs": some} for (workload, peer), some in pairs.items()]
    path.write_text(json.dumps({"summary": lines, "pairs": runs}, indent=1))


def draw(path, lines):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    shown = [line for line in lines if "delay_ms" not in line["dualwrite"]]
    figure, axes = pyplot.subplots(figsize=(9, 1 + 0.5 * len(shown)))
    at = range(len(shown))
    axes.barh([one - 0.2 for one in at], [line["dualwrite"]["rows_per_second"] for line in shown], 0.4, label="dualwrite")
    axes.barh([one + 0.2 for one in at], [line[line["peer"]]["rows_per_second"] for line in shown], 0.4, label="peer")
    axes.set_yticks(list(at), [f"{line['workload']}\n{line['peer']}" for line in shown], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("rows a second")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
