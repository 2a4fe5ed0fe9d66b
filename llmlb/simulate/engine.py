"""The queue, the scheduler and simulated nodes on one virtual clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from math import inf

from llmlb.clock import Timer
from llmlb.config.model import Config
from llmlb.scheduler.fair import FairScheduler
from llmlb.simulate.clock import EventClock
from llmlb.simulate.job import Fate, Job, NodeSpec
from llmlb.simulate.machine import Machine
from llmlb.simulate.observer import Observer
from llmlb.simulate.request import Request
from llmlb.telemetry.record import Outcome
from llmlb.turns.local import LocalTurns

DISABLED_KEY, UNKNOWN_MODEL, NO_NODE_ONLINE = 401, 404, 503


class Simulation:
    """Runs the real `LocalTurns` and `FairScheduler` as the gateway of `config` would, without network or waiting.

    `nodes` take the place of the configured ones. Keys go by the names of `config.api_keys`, for their weights and
    limits; any other name is a key of weight 1. What happens in one instant happens in the order in which it was
    asked for: a run depends on its input only.
    """

    def __init__(self, config: Config, nodes: Iterable[NodeSpec], *, start: float = 0.0) -> None:
        self.config = config
        self.clock = EventClock(start)
        self.scheduler = FairScheduler(
            {key.name: key.weight for key in config.api_keys},
            fair=config.queue.enable_fairness,
            cost=config.fairness.cost,
            quantum=config.fairness.quantum,
            default_service_secs=config.fairness.default_service_secs,
        )
        self._disabled = {key.name for key in config.api_keys if key.disabled}
        self._limits = {key.name: key.max_waiting for key in config.api_keys if key.max_waiting}
        self.turns = LocalTurns(
            self.scheduler,
            self.clock,
            max_size=config.queue.max_size,
            max_per_key=config.queue.max_per_key,
            limits=self._limits,
            when_full=config.queue.when_full,
        )
        self.observers: list[Observer] = []
        self.fates: list[Fate] = []
        """What became of each request that is over, in the order of their ends."""
        self.arrivals = 0
        self.outcomes: Counter[Outcome] = Counter()
        self._machines: dict[str, Machine] = {}
        for spec in nodes:
            self._machines[spec.name] = machine = Machine(spec, self.turns, self.clock)
            machine.start(spec.models)

    # What one does with it

    def call_at(self, when: float, do: Callable[[], None]) -> Timer:
        """Call `do` at that time."""
        return self.clock.call_at(when, do)

    def submit(self, job: Job, done: Callable[[Fate], None] | None = None) -> Request:
        """The request comes now. `done` is called in the same instant in which it is over, once all else is settled."""
        self.arrivals += 1
        request = Request(self, str(self.arrivals), job, done)
        if job.key in self._disabled:
            request.end(Outcome.FAILED, DISABLED_KEY)
        elif not self.hopeful(job.model, ()):
            known = any(job.model in machine.node.first_seen for machine in self._machines.values())
            request.end(Outcome.FAILED, NO_NODE_ONLINE if known or not job.model else UNKNOWN_MODEL)
        else:
            request.set_deadline()
            self.turns.submit(request.ticket, request)
        return request

    def submit_at(self, when: float, job: Job, done: Callable[[Fate], None] | None = None) -> None:
        """The request comes at that time."""
        self.clock.call_at(when, partial(self._submit, job, done))

    def serves(self, node: str, models: Iterable[str]) -> None:
        """The node serves exactly these models from now on. What it has goes on."""
        self._machines[node].start(tuple(models))

    def down(self, node: str) -> None:
        """The node fails: what it has goes back to the queue, and it takes nothing until it is `up`."""
        self._machines[node].fail()

    def up(self, node: str) -> None:
        """The node is back, with the models it had."""
        machine = self._machines[node]
        machine.start(machine.node.listed)

    def run(self, until: float = inf) -> None:
        """Go on to this time, and no further; without one, until nothing is left to happen."""
        self.clock.run(until)

    def has_room(self, job: Job) -> bool:
        """Whether the request would be let in if it came now: to an idle node, or to a place in the queue."""
        for machine in self._machines.values():
            if machine.has is None and machine.node.usable and job.model in machine.serves:
                return True
        queue, turns = self.config.queue, self.turns.snapshot()
        own = turns.waiting_by_key.get(job.key, 0)
        if 0 < self._limits.get(job.key, queue.max_per_key) <= own:
            return False
        if turns.waiting < queue.max_size:
            return True
        return queue.when_full == "push_out" and own + 1 < max(turns.waiting_by_key.values())

    @property
    def busy(self) -> dict[str, tuple[Job, float]]:
        """What each node has that has something, and since when."""
        return {name: (m.has.job, m.since) for name, m in self._machines.items() if m.has is not None}

    # For its requests

    def serve(self, node: str, request: Request) -> None:
        """Hand the request to its node."""
        self._machines[node].serve(request, request.job.secs)

    def hang_up(self, node: str) -> None:
        """The client of the request the node has is gone."""
        self._machines[node].hang_up()

    def hopeful(self, model: str, tried: Iterable[str]) -> bool:
        """Whether some node not tried yet is there for the model."""
        return any(model in m.serves for m in self._machines.values() if m.node.hopeful and m.id not in tried)

    def forgive(self, nodes: Iterable[str], request: str) -> None:
        """The request failed on more than one node, so it counts against none of them."""
        for name in nodes:
            self._machines[name].node.forgive(request)

    def departed(self, request: Request, fate: Fate) -> None:
        """The request is over."""
        self.fates.append(fate)
        self.outcomes[fate.outcome] += 1
        for observer in self.observers:
            observer.over(fate)
        if request.done is not None:
            self.clock.call_at(fate.ended, partial(request.done, fate))

    def _submit(self, job: Job, done: Callable[[Fate], None] | None) -> None:
        self.submit(job, done)
