"""Four keys that always want more, on 1 node, on 4, and with weights: how far apart they are ever served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.worlds import NEVER_SECS, SFQ_QUANTUM, alike, settings
from llmlb.simulate.drive import Run, drive
from llmlb.simulate.gaps import gap_bound, largest_gap
from llmlb.simulate.mix import make_mix
from llmlb.simulate.windows import WINDOW_SECS, by_window, jain_indices

MEANS = {"A": 18, "B": 3, "C": 3, "D": 6}
KEYS = tuple(MEANS)
CUT_MEANS = 3.5
WEIGHTS = {"A": 1.0, "B": 2.0, "C": 4.0, "D": 1.0}
START_SECS = 300.0
SEEDS = 5


def run_backlog(
    count: int, length: float, seed: int, weights: Mapping[str, float] | None = None, quantum: float = 0.0
) -> Run:
    """The four keys on `count` nodes, each with three more requests than there are nodes."""
    specs = [f"{key}: closed={count + 3}, mean={mean}, cap={CUT_MEANS * mean}" for key, mean in MEANS.items()]
    config = settings(weights=weights, quantum=quantum, max_size=1000, timeout=NEVER_SECS)
    return drive(config, alike(count), make_mix(specs, length, seed))


def gap_of(run: Run) -> float:
    """The most that two keys were served apart, in node-seconds per weight."""
    weights = {key.name: key.weight for key in run.config.api_keys}
    length = run.workload.length
    gap = largest_gap(run.watch.services, run.watch.backlogs(length), weights, [KEYS], start=START_SECS, until=length)
    return gap or 0.0


def jain_of(run: Run) -> list[float]:
    """Jain's index of each window of five minutes."""
    length = run.workload.length
    return jain_indices(run.watch.services, run.watch.backlogs(length), {}, [KEYS], length, start=START_SECS)


def share_errors(run: Run, weights: Mapping[str, float]) -> list[float]:
    """By how much shares of windows of five minutes differ from those by weight: the most of each window."""
    windows = by_window(run.watch.services, WINDOW_SECS, run.workload.length)[int(START_SECS / WINDOW_SECS) :]
    whole = sum(weights.values())
    return [
        max(abs(had.get(key, 0.0) / sum(had.values()) - weight / whole) for key, weight in weights.items())
        for had in windows
        if had
    ]


def gaps(scale: Scale) -> Sequence[Line]:
    """The gap on 1 node, on 4, and with weights."""
    lines = []
    length = scale.secs(6000, 900)
    for what, count, weights in (("1 node", 1, None), ("4 nodes", 4, None), ("3 nodes, weights 1:2:4:1", 3, WEIGHTS)):
        runs = [run_backlog(count, length, seed, weights) for seed in scale.seeds(SEEDS)]
        sfq = [gap_of(run_backlog(count, length, seed, weights, SFQ_QUANTUM)) for seed in scale.seeds(SEEDS)]
        each = [gap_of(run) for run in runs]
        bounds = [gap_bound(run.watch.services, weights or {}, [KEYS], count, 0.0) for run in runs]
        most = max(gap / bound for gap, bound in zip(each, bounds, strict=True))
        note = f"worst of {_listed(each)}; at most {most:.2f} of the bound"
        beside = f"SFQ {max(sfq):.0f} of {_listed(sfq)}"
        lines.append(judged(f"gap, {what}", max(each), most=100, unit=" node-s", digits=0, note=note, beside=beside))
    return lines


def jain(scale: Scale) -> Sequence[Line]:
    """Jain's index of windows of five minutes."""
    lines = []
    length = scale.secs(6000, 900)
    for count, mean, worst in ((1, 0.985, 0.95), (4, 0.995, 0.99)):
        what = f"{count} node" + "s" * (count > 1)
        ours = [jain_of(run_backlog(count, length, seed)) for seed in scale.seeds(SEEDS)]
        sfq = [jain_of(run_backlog(count, length, seed, quantum=SFQ_QUANTUM)) for seed in scale.seeds(SEEDS)]
        value, other = fmean(fmean(one) for one in ours), fmean(fmean(one) for one in sfq)
        lines.append(judged(f"Jain of 300 s, mean, {what}", value, least=mean, digits=4, beside=f"SFQ {other:.4f}"))
        value, other = min(min(one) for one in ours), min(min(one) for one in sfq)
        lines.append(judged(f"Jain of 300 s, worst, {what}", value, least=worst, digits=4, beside=f"SFQ {other:.4f}"))
    return lines


def weighted(scale: Scale) -> Sequence[Line]:
    """Shares by weight in windows of five minutes."""
    lines = []
    length = scale.secs(6000, 900)
    three = {key: weight for key, weight in WEIGHTS.items() if key != "D"}
    for what, weights in (("1:2:4:1", WEIGHTS), ("1:2:4", three)):
        errors: list[float] = []
        for seed in scale.seeds(SEEDS):
            specs = [f"{key}: closed=6, mean={MEANS[key]}, cap={CUT_MEANS * MEANS[key]}" for key in weights]
            config = settings(weights=weights, max_size=1000, timeout=NEVER_SECS)
            errors += share_errors(drive(config, alike(3), make_mix(specs, length, seed)), weights)
        note = f"worst window of {len(errors)}; mean {100 * fmean(errors):.1f}"
        lines.append(
            judged(
                f"shares of 300 s, weights {what}, off by", max(errors), most=0.03, scale=100, unit=" points", note=note
            )
        )
    return lines


def _listed(values: Sequence[float]) -> str:
    return "/".join(f"{value:.0f}" for value in values)


ROWS = (
    Row("gap", "Four backlogged keys: the gap", gaps, SEEDS),
    Row("jain", "Four backlogged keys: Jain's index", jain, SEEDS),
    Row("weights", "Backlogged keys with weights", weighted, SEEDS),
)
