"""Places against what happens when nobody comes or goes any more."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
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
WARM_SECS = 600.0
LOADS = (0.9, 1.0)
BROUGHT = 4
"""In the burst each key brings one to so many at once, besides what waits by then."""
DEPTHS = (4, 8, 16)
SEEDS = 80
Told = tuple[int, int]
"""A place that was told, and by how many dispatches it was wrong."""


@attrs.frozen
class Queue:
    """A queue at the moment in which it is looked at: after a while at some load, in which costs are learned."""

    count: int
    load: float
    brought: int = 0


def drained(config: Config, queue: Queue, seed: int) -> list[Told]:
    """All who wait ask for their place, and then nobody comes or goes."""
    rate = queue.load * queue.count / sum(MEANS)
    specs = [f"key-{number}: rate={rate}, mean={mean}, cv={CV}" for number, mean in enumerate(MEANS)]
    workload = make_mix(specs, WARM_SECS, seed)
    random = Random(seed)
    brought = [
        Job(f"key-{number}", "", Lengths(mean, CV, 20 * mean).draw(random))
        for number, mean in enumerate(MEANS)
        for _ in range(random.randint(1, queue.brought) if queue.brought else 0)
    ]
    random.shuffle(brought)
    arrivals = (*workload.arrivals, *(Arrival(WARM_SECS, job) for job in brought))
    simulation = Simulation(config, alike(queue.count))
    waiting = Waiting(simulation, attrs.evolve(workload, arrivals=arrivals))
    simulation.run(WARM_SECS)
    told = [(request, simulation.scheduler.place(request.ticket, WARM_SECS).position) for request in waiting.requests]
    before = len(waiting.started_jobs)
    simulation.run()
    rank = {id(job): place for place, job in enumerate(waiting.started_jobs[before:], 1)}
    return [(place, rank[id(request.job)] - place) for request, place in told]


def drain(scale: Scale) -> Sequence[Line]:
    """By request and by seconds, on 1 node and on 4; by seconds, places depend on how deep the queue is."""
    lines = []
    seeds = scale.seeds(SEEDS)
    for count in (1, 4):
        nodes = f"{count} node" + "s" * (count > 1)
        told = _all(Queue(count, LOADS[0], BROUGHT), seeds, "request")
        note = f"{len(told)} places"
        lines.append(
            judged(f"place exact, by request, {nodes}", _within(told, 0), least=1.0, scale=100, unit=" %", note=note)
        )
        for queue in (*(Queue(count, load) for load in LOADS), Queue(count, LOADS[0], BROUGHT)):
            lines += _by_seconds(queue, seeds, nodes)
    return lines


def _by_seconds(queue: Queue, seeds: range, nodes: str) -> list[Line]:
    ours, sfq = _all(queue, seeds, "seconds"), _all(queue, seeds, "seconds", SFQ_QUANTUM)
    what = f"a burst at {queue.load}" if queue.brought else f"load {queue.load}"
    lines = []
    for how, off, least in (("exact", 0, 0.60), ("within 1", 1, 0.85)):
        parts, low = [f"{len(ours)} places"], 0
        for high in DEPTHS:
            if part := [one for one in ours if low < one[0] <= high]:
                parts.append(f"{low + 1} to {high}: {100 * _within(part, off):.0f} %")
            low = high
        lines.append(
            judged(
                f"place {how}, by seconds, {what}, {nodes}",
                _within(ours, off),
                least=-inf if queue.brought else least,
                scale=100,
                unit=" %",
                digits=0,
                note=", ".join(parts),
                beside=f"SFQ {100 * _within(sfq, off):.0f} %",
            )
        )
    return lines


def _all(queue: Queue, seeds: range, cost: Literal["seconds", "request"], quantum: float = 0.0) -> list[Told]:
    config = settings(cost=cost, quantum=quantum, max_size=10_000, timeout=NEVER_SECS)
    return [told for seed in seeds for told in drained(config, queue, seed)]


def _within(told: Sequence[Told], off: int) -> float:
    return sum(abs(error) <= off for _, error in told) / max(1, len(told))


ROWS = (Row("place", "Places against a drain", drain, SEEDS),)
