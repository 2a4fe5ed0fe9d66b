"""Places against what happens when nobody comes or goes any more."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Literal

import attrs

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.waiting import Waiting
from benchmarks.worlds import NEVER_SECS, SFQ_QUANTUM, alike, settings
from llmlb.config.model import Config
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Job
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Arrival, Lengths

MEANS = (3.0, 6.0, 9.0, 12.0)
CV = 0.8
LOAD = 0.8
WARM_SECS = 600.0
MOST_WAITING = 4
"""Each key brings one to so many when it is measured, besides what waits by then."""
DEPTHS = (4, 8, 16)
SEEDS = 60
Told = tuple[int, int]
"""A place that was told, and by how many dispatches it was wrong."""


def drained(config: Config, count: int, seed: int) -> list[Told]:
    """After a while in which costs are learned, all keys bring some requests, and then nobody comes or goes."""
    specs = [f"key-{number}: rate={LOAD * count / sum(MEANS)}, mean={mean}" for number, mean in enumerate(MEANS)]
    workload = make_mix(specs, WARM_SECS, seed)
    random = Random(seed)
    brought = [
        Job(f"key-{number}", "", Lengths(mean, CV, 20 * mean).draw(random))
        for number, mean in enumerate(MEANS)
        for _ in range(random.randint(1, MOST_WAITING))
    ]
    random.shuffle(brought)
    arrivals = (*workload.arrivals, *(Arrival(WARM_SECS, job) for job in brought))
    simulation = Simulation(config, alike(count))
    waiting = Waiting(simulation, attrs.evolve(workload, arrivals=arrivals))
    simulation.run(WARM_SECS)
    told = [(request, simulation.scheduler.place(request.ticket, WARM_SECS).position) for request in waiting.requests]
    before = len(waiting.started_jobs)
    simulation.run()
    rank = {id(job): place for place, job in enumerate(waiting.started_jobs[before:], 1)}
    return [(place, rank[id(request.job)] - place) for request, place in told]


def drain(scale: Scale) -> Sequence[Line]:
    """By request and by seconds, on 1 node and on 4."""
    lines = []
    seeds = scale.seeds(SEEDS)
    for count in (1, 4):
        nodes = f"{count} node" + "s" * (count > 1)
        told = _all(count, seeds, "request")
        note = f"{len(told)} places"
        lines.append(
            judged(f"place exact, by request, {nodes}", _within(told, 0), least=1.0, scale=100, unit=" %", note=note)
        )
        ours, sfq = _all(count, seeds, "seconds"), _all(count, seeds, "seconds", SFQ_QUANTUM)
        for what, off, least in (("exact", 0, 0.60), ("within 1", 1, 0.85)):
            note, low = "", 0
            for high in DEPTHS:
                part = [one for one in ours if low < one[0] <= high]
                note += f"{', ' if note else 'places '}{low + 1} to {high}: {100 * _within(part, off):.0f} %"
                low = high
            beside = f"SFQ {100 * _within(sfq, off):.0f} %"
            title = f"place {what}, by seconds, {nodes}"
            value = _within(ours, off)
            lines.append(judged(title, value, least=least, scale=100, unit=" %", digits=0, note=note, beside=beside))
    return lines


def _all(count: int, seeds: range, cost: Literal["seconds", "request"], quantum: float = 0.0) -> list[Told]:
    config = settings(cost=cost, quantum=quantum, max_size=10_000, timeout=NEVER_SECS)
    return [told for seed in seeds for told in drained(config, count, seed)]


def _within(told: Sequence[Told], off: int) -> float:
    return sum(abs(error) <= off for _, error in told) / max(1, len(told))


ROWS = (Row("place", "Places against a drain", drain, SEEDS),)
