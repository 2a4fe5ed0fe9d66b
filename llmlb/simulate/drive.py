"""One configuration put to a workload."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import inf

import attrs

from llmlb.config.model import Config
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Fate, Job, NodeSpec
from llmlb.simulate.request import FULL
from llmlb.simulate.watch import Watch
from llmlb.simulate.workload import Closed, Workload
from llmlb.telemetry.record import Outcome

STEPS = 200
"""How often `progress` is called."""
LOST_PAUSE_SECS = 1.0
"""After an error that does not say when to come back, a client that always wants more waits so long."""


@attrs.frozen
class Promise:
    """A `Retry-After` of a 429, and whether there was a place for the request when it was due."""

    fate: Fate
    kept: bool


@attrs.frozen
class Run:
    """What one configuration did."""

    config: Config
    nodes: tuple[NodeSpec, ...]
    workload: Workload
    fates: tuple[Fate, ...] = attrs.field(repr=False)
    """Of every request that came before the end of the workload: the last, of one that was tried several times."""
    promises: tuple[Promise, ...] = attrs.field(repr=False)
    watch: Watch = attrs.field(repr=False)


def drive(
    config: Config,
    nodes: Sequence[NodeSpec],
    workload: Workload,
    *,
    retries: int = 0,
    progress: Callable[[float], None] = lambda _: None,
) -> Run:
    """Run the workload to its end, and on until every request of it is over.

    `retries`: how often a refused request comes back, each time when it was told to. `progress` is told which part of
    the workload's time has passed.
    """
    simulation = Simulation(config, nodes)
    driver = _Driver(simulation, workload.length, retries)
    for arrival in workload.arrivals:
        simulation.call_at(arrival.at, partial(driver.send, arrival.job))
    for client in workload.closed:
        driver.keep(client)
    for step in range(1, STEPS + 1):
        simulation.run(workload.length * step / STEPS)
        progress(step / STEPS)
    simulation.run(inf)
    return Run(config, tuple(nodes), workload, tuple(driver.fates), tuple(driver.promises), driver.watch)


class _Driver:
    """The clients."""

    def __init__(self, simulation: Simulation, length: float, retries: int) -> None:
        self.fates: list[Fate] = []
        self.promises: list[Promise] = []
        self.watch = Watch()
        self._simulation = simulation
        self._length = length
        self._retries = retries
        simulation.observers.append(self.watch)

    def send(self, job: Job, then: Callable[[Fate], None] | None = None) -> None:
        """A client sends it, and again when it is refused and may."""
        self._simulation.submit(job, partial(self._over, self._retries, None, then))

    def keep(self, client: Closed) -> None:
        """So many requests, and another for each that is over, until the client stops."""
        jobs = client.jobs()
        for _ in range(client.count):
            self._simulation.call_at(client.start, partial(self._next, client, jobs))

    def _next(self, client: Closed, jobs: Iterator[Job]) -> None:
        if self._simulation.clock.now() < client.stop:
            self.send(next(jobs), partial(self._go_on, client, jobs))

    def _go_on(self, client: Closed, jobs: Iterator[Job], fate: Fate) -> None:
        pause = 0.0
        if fate.outcome in (Outcome.REJECTED, Outcome.FAILED):
            pause = fate.retry_after or LOST_PAUSE_SECS
        self._simulation.call_at(fate.ended + pause, partial(self._next, client, jobs))

    def _over(self, left: int, before: Fate | None, then: Callable[[Fate], None] | None, fate: Fate) -> None:
        if before is not None:
            self.promises.append(Promise(before, kept=fate.status != FULL))
        if fate.status == FULL and fate.retry_after is not None:
            if left:
                again = partial(self._over, left - 1, fate, then)
                self._simulation.submit_at(fate.ended + fate.retry_after, fate.job, again)
                return
            self._simulation.call_at(fate.ended + fate.retry_after, partial(self._look, fate))
        self.fates.append(fate)
        if then is not None:
            then(fate)

    def _look(self, fate: Fate) -> None:
        """Whether there is a place, now that it could be back."""
        self.promises.append(Promise(fate, kept=self._simulation.has_room(fate.job)))
