"""Clients that always want more, on a simulation whose nodes the row changes while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Fate, Job
from llmlb.simulate.mix import make_mix
from llmlb.simulate.watch import Watch


def keep(simulation: Simulation, specs: list[str], length: float, seed: int) -> None:
    """Start the clients of these `--mix` specs (all of them `closed=`): when a request is over, the next one comes."""
    for client in make_mix(specs, length, seed).closed:
        jobs = client.jobs()
        for _ in range(client.count):
            simulation.call_at(client.start, partial(_next, simulation, jobs, client.stop))


def watched(simulation: Simulation) -> Watch:
    """What is taken down of it from now on."""
    watch = Watch()
    simulation.observers.append(watch)
    return watch


def had(watch: Watch, key: str, start: float, end: float) -> float:
    """Node-seconds the key had between two times."""
    return sum(
        max(0.0, min(service.end, end) - max(service.start, start)) for service in watch.services if service.key == key
    )


def share(watch: Watch, key: str, start: float, end: float) -> float:
    """Its part of all node-seconds that were had."""
    keys = {service.key for service in watch.services}
    return had(watch, key, start, end) / sum(had(watch, other, start, end) for other in keys)


def _next(simulation: Simulation, jobs: Iterator[Job], stop: float, _: Fate | None = None) -> None:
    if simulation.clock.now() < stop:
        simulation.submit(next(jobs), partial(_next, simulation, jobs, stop))
