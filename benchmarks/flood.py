"""Five light keys beside one that asks for twice what there is, and one that comes in bursts."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

import attrs

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.worlds import SFQ_QUANTUM, alike, settings
from llmlb.config.model import Config
from llmlb.simulate.drive import Run, drive
from llmlb.simulate.measure import quantile, waited
from llmlb.simulate.mix import make_mix
from llmlb.simulate.watch import Service

LIGHT = tuple(f"light-{number}" for number in range(1, 6))
SEEDS = 5


@attrs.frozen
class Waits:
    """Of the light keys."""

    p50: float
    p99: float
    rest: float
    """Mean time until a node came free, of those who came while none was."""
    refused: float
    """Part of them that found the queue full."""


def run_flood(config: Config, count: int, length: float, seed: int) -> Run:
    """One run on `count` nodes."""
    light = [f"{key}: rate={count * 0.4 / 30}, mean=3" for key in LIGHT]
    heavy = [f"H: rate={count * 0.25}, mean=8", f"J: burst={15 * count}, every=120, mean=4"]
    return drive(config, alike(count), make_mix([*light, *heavy], length, seed))


def waits_of(runs: Sequence[Run]) -> Waits:
    """The waits of the light keys in these runs together."""
    fates = [fate for run in runs for fate in run.fates if fate.job.key in LIGHT]
    waits = waited(fates)
    rests = [rest for run in runs for rest in _rests(run)]
    return Waits(quantile(waits, 0.5), quantile(waits, 0.99), fmean(rests), fmean(fate.status == 429 for fate in fates))


def flood(scale: Scale) -> Sequence[Line]:
    """The waits of light keys on 1 node and on 4."""
    lines = []
    length = scale.secs(3000, 400)
    for count, most in ((1, 5.0), (4, 1.5)):
        policies = (settings(), settings(quantum=SFQ_QUANTUM), settings(fair=False))
        ours, sfq, fifo = (
            waits_of([run_flood(config, count, length, seed) for seed in scale.seeds(SEEDS)]) for config in policies
        )
        nodes = f"{count} node" + "s" * (count > 1)
        lines.append(
            judged(
                f"light key beside a flood, {nodes}: p50",
                ours.p50,
                most=min(most, 1.2 * ours.rest),
                unit=" s",
                digits=2,
                note=f"a node comes free after {ours.rest:.2f} s",
                beside=f"SFQ {sfq.p50:.2f} s, FIFO {fifo.p50:.1f} s",
            )
        )
        beside = f"SFQ {sfq.p99:.1f} s, FIFO {fifo.p99:.1f} s"
        what = f"light key beside a flood, {nodes}: p99"
        lines.append(judged(what, ours.p99, most=1.1 * sfq.p99, unit=" s", beside=beside))
        note = "they find the queue full; with push_out see the row of bursts"
        beside = f"FIFO {100 * fifo.refused:.0f} %"
        what = f"light key beside a flood, {nodes}: 429"
        lines.append(judged(what, ours.refused, scale=100, unit=" %", note=note, beside=beside))
    return lines


def _rests(run: Run) -> list[float]:
    """For each light request that met only busy nodes, how long until the first of them was done."""
    by_end: list[Service] = sorted(run.watch.services, key=lambda service: service.end)
    rests, at = [], 0
    for fate in sorted((f for f in run.fates if f.job.key in LIGHT), key=lambda fate: fate.arrived):
        while at < len(by_end) and by_end[at].end <= fate.arrived:
            at += 1
        if at < len(by_end) and fate.waited:
            rests.append(by_end[at].end - fate.arrived)
    return rests


ROWS = (Row("flood", "Light keys beside a flood", flood, SEEDS),)
