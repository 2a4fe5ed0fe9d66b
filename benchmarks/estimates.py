"""How far the waits that are told are from those that come.

Whole seconds are told: the error of a wait of less than a second is taken against a second.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

import attrs

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.trace import traced
from benchmarks.worlds import alike, nodes, settings
from llmlb.simulate.drive import drive
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.measure import measure
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Workload

LEFT_OUT_SECS = 60.0
"""At the start, while nothing is known."""
SEEDS = 5
TRACE_NODES = 6


@attrs.frozen
class Case:
    """A workload on nodes."""

    what: str
    nodes: tuple[NodeSpec, ...]
    workload: Callable[[Scale, int], Workload]
    bursts: bool = False


@attrs.frozen
class Told:
    """How the estimates of a run came out."""

    error: float
    miss: float
    below: float
    bias: float
    count: int


def bursts(scale: Scale, seed: int) -> Workload:
    """Each of four keys sends three at a time, every 90 s, the keys one after another."""
    specs = [f"key-{i}: burst=3, every=90, start={22.5 * i}, mean=6, cv=0.5" for i in range(4)]
    return make_mix(specs, scale.secs(3600, 600), seed)


def mixed(scale: Scale, seed: int) -> Workload:
    """Eight keys of different rates and lengths."""
    specs = [f"key-{i}: rate={0.03 * (1 + i % 3)}, mean={4 + 2 * (i % 4)}" for i in range(8)]
    return make_mix(specs, scale.secs(3600, 600), seed)


def models(scale: Scale, seed: int) -> Workload:
    """Two keys for each of three models, with services of 3, 6 and 15 s."""
    specs = [f"key-{i}: rate=0.09, model={'abc'[i % 3]}, mean={(3, 6, 15)[i % 3]}" for i in range(6)]
    return make_mix(specs, scale.secs(3600, 600), seed)


CASES = (
    Case("bursts, 1 node", alike(1), bursts, bursts=True),
    Case("8 keys, 4 nodes", alike(4), mixed),
    Case("3 models, 5 nodes", nodes("a", "ab", "c", "c", "bc"), models),
    Case("trace at 0.9", alike(TRACE_NODES), lambda scale, seed: traced(scale, TRACE_NODES, 0.9, seed)),
    Case("trace at 1.2", alike(TRACE_NODES), lambda scale, seed: traced(scale, TRACE_NODES, 1.2, seed)),
)


def told(case: Case, scale: Scale, seed: int) -> Told:
    """One run."""
    run = drive(settings(), case.nodes, case.workload(scale, seed))
    later = tuple(fate for fate in run.fates if fate.arrived >= LEFT_OUT_SECS)
    result = measure(attrs.evolve(run, fates=later))
    return Told(
        result.estimate_error or 0.0,
        result.estimate_miss or 0.0,
        result.below or 0.0,
        result.estimate_bias or 0.0,
        result.estimates,
    )


def estimates(scale: Scale) -> Sequence[Line]:
    """Errors of each case, the mean of its seeds, and over all."""
    lines, errors, misses = [], [], []
    for case in CASES:
        runs = [told(case, scale, seed) for seed in scale.seeds(SEEDS)]
        error, miss = fmean(run.error for run in runs), fmean(run.miss for run in runs)
        below, bias = fmean(run.below for run in runs), fmean(run.bias for run in runs)
        errors.append(error)
        misses.append(miss)
        each = "/".join(f"{100 * run.error:.0f}" for run in runs)
        note = f"seeds {each}; {sum(run.count for run in runs)} waits"
        lines.append(
            judged(f"wait, {case.what}: median error", error, most=0.55, scale=100, unit=" %", digits=0, note=note)
        )
        note = f"wait - estimate {bias:+.1f} s on average"
        lines.append(judged(f"wait, {case.what}: mean error", miss, unit=" s", note=note))
        least, each = 0.38 if case.bursts else 0.45, "/".join(f"{100 * run.below:.0f}" for run in runs)
        most, what = 0.55, f"wait, {case.what}: below the estimate"
        lines.append(judged(what, below, least=least, most=most, scale=100, unit=" %", digits=0, note=f"seeds {each}"))
    lines.append(judged("wait: median error, mean of all", fmean(errors), most=0.40, scale=100, unit=" %"))
    lines.append(judged("wait: mean error, mean of all", fmean(misses), most=5.2, unit=" s"))
    lines.append(Line(what="the wait with 90 % certainty", must="85..92 % below, if offered", measured="not offered"))
    return lines


ROWS = (Row("estimates", "Waits against their estimates", estimates, SEEDS),)
