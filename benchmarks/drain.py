"""Places against what happens when nobody comes or goes any more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.waiting import Waiting
from benchmarks.worlds import NEVER_SECS, SFQ_QUANTUM, alike, settings
from llmlb.config.model import Config
from llmlb.simulate.engine import Simulation
from llmlb.simulate.mix import make_mix

MEANS = (3.0, 4.8, 6.6, 8.4, 10.2, 12.0)
LOAD = 1.25
WARM_SECS = 900.0
SEEDS = 40


def errors(config: Config, count: int, seed: int) -> list[int]:
    """By how many dispatches each waiting request's place was wrong, after a while of overload, when arrivals end."""
    rate = LOAD * count / sum(MEANS)
    specs = [f"key-{number}: rate={rate}, mean={mean}" for number, mean in enumerate(MEANS)]
    simulation = Simulation(config, alike(count))
    waiting = Waiting(simulation, make_mix(specs, WARM_SECS, seed))
    simulation.run(WARM_SECS)
    now = simulation.clock.now()
    told = [(request, simulation.scheduler.place(request.ticket, now).position) for request in waiting.requests]
    before = len(waiting.started_jobs)
    simulation.run()
    rank = {id(job): place for place, job in enumerate(waiting.started_jobs[before:], 1)}
    return [rank[id(request.job)] - place for request, place in told]


def _parts(count: int, seeds: range, cost: Literal["seconds", "request"], quantum: float = 0.0) -> tuple[float, float]:
    config = settings(cost=cost, quantum=quantum, max_size=10_000, timeout=NEVER_SECS)
    all_errors = [error for seed in seeds for error in errors(config, count, seed)]
    exact = sum(error == 0 for error in all_errors) / len(all_errors)
    near = sum(abs(error) <= 1 for error in all_errors) / len(all_errors)
    return exact, near


def drain(scale: Scale) -> Sequence[Line]:
    """By request and by seconds, on 1 node and on 4."""
    lines = []
    seeds = scale.seeds(SEEDS)
    for count in (1, 4):
        nodes = f"{count} node" + "s" * (count > 1)
        exact, _ = _parts(count, seeds, "request")
        lines.append(judged(f"place exact, by request, {nodes}", exact, least=1.0, scale=100, unit=" %"))
        exact, near = _parts(count, seeds, "seconds")
        sfq_exact, sfq_near = _parts(count, seeds, "seconds", SFQ_QUANTUM)
        beside = f"SFQ {100 * sfq_exact:.0f} %"
        what = f"place exact, by seconds, {nodes}"
        lines.append(judged(what, exact, least=0.60, scale=100, unit=" %", digits=0, beside=beside))
        beside = f"SFQ {100 * sfq_near:.0f} %"
        what = f"place within 1, by seconds, {nodes}"
        lines.append(judged(what, near, least=0.85, scale=100, unit=" %", digits=0, beside=beside))
    return lines


ROWS = (Row("place", "Places against a drain", drain, SEEDS),)
