"""Three models on six failing nodes: whether a node is ever idle while a request waits that it could serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.waiting import Waiting
from benchmarks.worlds import nodes, settings
from llmlb.scheduler.ticket import Ticket
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Fate, Job
from llmlb.simulate.mix import make_mix
from llmlb.simulate.observer import Observer
from llmlb.telemetry.record import Outcome

NODES = nodes("a", "ab", "b", "c", "bc", "a")
SPECS = (
    "A: model=a, rate=0.8, mean=5",
    "B: model=b, rate=0.6, mean=5",
    "C: model=c, rate=0.2, mean=8",
    "D: model=a, rate=0.1, mean=3",
    "E: model=b, rate=0.1, mean=3",
    "F: model=c, rate=0.1, mean=3",
    "G: model=a, rate=0.1, mean=10",
    "G: model=c, rate=0.1, mean=4",
)
SEEDS = 5


class Stranded(Observer):
    """Adds up the time of nodes that are idle while one of those who wait could be served there."""

    def __init__(self, simulation: Simulation, waiting: Callable[[], Sequence[Ticket]]) -> None:
        self.node_secs = 0.0
        self.down: set[str] = set()
        self._simulation = simulation
        self._waiting = waiting
        self._since = 0.0
        self._idle = 0
        self._due = False
        simulation.observers.append(self)

    def look(self) -> None:
        """Something changes: see what it has come to when this instant is over."""
        if not self._due:
            self._due = True
            self._simulation.call_at(self._simulation.clock.now(), self._look)

    def waits(self, job: Job, now: float) -> None:
        self.look()

    def left(self, job: Job, now: float) -> None:
        self.look()

    def ended(self, job: Job, node: str, held: float, now: float) -> None:
        self.look()

    def over(self, fate: Fate) -> None:
        self.look()

    def _look(self) -> None:
        self._due = False
        now = self._simulation.clock.now()
        self.node_secs += self._idle * (now - self._since)
        self._since = now
        busy = self._simulation.busy
        tickets = self._waiting()
        self._idle = sum(
            any(ticket.model in node.models and node.name not in ticket.tried for ticket in tickets)
            for node in NODES
            if node.name not in busy and node.name not in self.down
        )


def run(length: float, seed: int) -> tuple[float, Simulation]:
    """Stranded node-seconds of a run, and the run."""
    simulation = Simulation(settings(), NODES)
    waiting = Waiting(simulation, make_mix(SPECS, length, seed))
    stranded = Stranded(simulation, lambda: [request.ticket for request in waiting.requests])
    random = Random(seed)

    def fail(node: str) -> None:
        stranded.down.add(node)
        simulation.down(node)
        stranded.look()
        simulation.call_at(simulation.clock.now() + random.uniform(20, 60), lambda: come_back(node))

    def come_back(node: str) -> None:
        stranded.down.discard(node)
        simulation.up(node)
        stranded.look()
        live(node)

    def live(node: str) -> None:
        at = simulation.clock.now() + random.uniform(200, 500)
        if at < length:
            simulation.call_at(at, lambda: fail(node))

    for node in NODES:
        live(node.name)
    simulation.run()
    return stranded.node_secs, simulation


def stranded(scale: Scale) -> Sequence[Line]:
    """Over all runs."""
    runs = [run(scale.secs(1800, 300), seed) for seed in scale.seeds(SEEDS)]
    served = sum(simulation.outcomes[Outcome.SERVED] for _, simulation in runs)
    arrivals = sum(simulation.arrivals for _, simulation in runs)
    retried = sum(fate.attempts > 1 for _, simulation in runs for fate in simulation.fates)
    note = f"{served} of {arrivals} served, {retried} of them after a node had failed them"
    what = "idle node time while a request waits for the node"
    return [judged(what, sum(secs for secs, _ in runs), most=0.0, unit=" s", note=note)]


ROWS = (Row("stranded", "Models and failing nodes", stranded, SEEDS),)
