"""The customer's example: A sends five and B sends two, and they are served A B A B A A A."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.worlds import NEVER_SECS, SFQ_QUANTUM, alike, settings
from llmlb.config.model import Config
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Job
from llmlb.simulate.observer import Observer

WANTED = "ABABAAA"
MEANS = (2.0, 5.0, 10.0, 30.0)
"""Seconds a request takes; each differs from that by up to a fifth."""
SEEDS = 200


class _Starts(Observer):
    def __init__(self) -> None:
        self.keys = ""

    def started(self, job: Job, node: str, now: float) -> None:
        self.keys += job.key


def served(config: Config, seed: int, *, busy: bool) -> str:
    """The order of service. `busy`: whether the node has another key's request when they come."""
    random = Random(seed)
    mean = MEANS[seed % len(MEANS)]
    simulation = Simulation(config, alike(1))
    starts = _Starts()
    simulation.observers.append(starts)
    for key in ("X" if busy else "") + "AAAAABB":
        simulation.submit(Job(key, "", mean * random.uniform(0.8, 1.2)))
    simulation.run()
    return starts.keys.removeprefix("X")


def order(scale: Scale) -> Sequence[Line]:
    """How often the order was the customer's."""
    seeds = scale.seeds(SEEDS)
    lines = []
    for busy in (False, True):
        ours = _part(settings(timeout=NEVER_SECS), seeds, busy=busy)
        sfq = _part(settings(timeout=NEVER_SECS, quantum=SFQ_QUANTUM), seeds, busy=busy)
        what = f"A B A B A A A, costs +-20 %, node {'busy' if busy else 'idle'} at first"
        lines.append(judged(what, ours, least=1.0, scale=100, unit=" %", digits=0, beside=f"SFQ {100 * sfq:.0f} %"))
    return lines


def _part(config: Config, seeds: range, *, busy: bool) -> float:
    return sum(served(config, seed, busy=busy) == WANTED for seed in seeds) / len(seeds)


ROWS = (Row("order", "The order of the customer's example", order, SEEDS),)
