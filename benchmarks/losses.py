"""What light keys lose in overload and in bursts, on the recorded trace."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.trace import bursty, light_keys, traced
from benchmarks.worlds import alike, settings
from llmlb.config.model import Config
from llmlb.simulate.drive import drive
from llmlb.simulate.workload import Workload

NODES = 6
EVERY_SECS, WITHIN_SECS = 300.0, 30.0
SEEDS = 5


def lost(config: Config, workloads: Sequence[Workload], status: int) -> float:
    """Part of the light keys' requests that were answered so, the mean of the runs."""
    parts = []
    for workload in workloads:
        light = light_keys(workload)
        run = drive(config, alike(NODES), workload)
        parts.append(fmean(fate.status == status for fate in run.fates if fate.job.key in light))
    return fmean(parts)


def late(scale: Scale) -> Sequence[Line]:
    """504s of light keys."""
    lines = []
    for load, shown, most in ((0.87, "0.87", 0.003), (1.29, "1.3", 0.003)):
        workloads = [traced(scale, NODES, load, seed) for seed in scale.seeds(SEEDS)]
        ours, fifo = lost(settings(), workloads, 504), lost(settings(fair=False), workloads, 504)
        lines.append(
            judged(
                f"light keys on the trace, load {shown}: 504",
                ours,
                most=most,
                scale=100,
                unit=" %",
                digits=2,
                beside=f"FIFO {100 * fifo:.1f} %",
            )
        )
    return lines


def full(scale: Scale) -> Sequence[Line]:
    """429s of light keys when all come at once."""
    workloads = [bursty(traced(scale, NODES, 0.87, seed), EVERY_SECS, WITHIN_SECS) for seed in scale.seeds(SEEDS)]
    ours = lost(settings(when_full="push_out"), workloads, 429)
    plain, fifo = lost(settings(), workloads, 429), lost(settings(fair=False), workloads, 429)
    what = "light keys in bursts of the trace, push_out: 429"
    beside = f"without push_out {100 * plain:.0f} %, FIFO {100 * fifo:.0f} %"
    return [judged(what, ours, most=0.05, scale=100, unit=" %", beside=beside)]


ROWS = (
    Row("late", "What light keys lose to the timeout", late, SEEDS),
    Row("full", "What light keys lose to a full queue", full, SEEDS),
)
