"""What the queue itself costs on one core: the real objects, driven in this process, by the time of the processor."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from statistics import fmean, median
from time import thread_time

import attrs

from benchmarks.rows import Line, Row, Scale, judged
from llmlb.errors import Refusal
from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.placement import Candidate
from llmlb.scheduler.ticket import Actual, Place, Ticket
from llmlb.simulate.clock import EventClock
from llmlb.turns.local import LocalTurns

ROUNDS = 1000
MS = 1000.0


@attrs.define(eq=False)
class _Node:
    """An idle node asks; a busy one has a ticket since a time."""

    id: str
    serves: frozenset[str]
    loaded: frozenset[str] = frozenset()
    has: Ticket | None = None
    since: float = 0.0

    def candidate(self, model: str) -> Candidate:
        return Candidate(self.id, True, len(self.serves), 0, None, 0.0)


@attrs.define(eq=False)
class _Client:
    """Takes its node, and counts refusals."""

    stand: Stand
    ticket: Ticket

    def placed(self, place: Place) -> None:
        pass

    def granted(self, node: str) -> None:
        self.stand.nodes[node].has = self.ticket
        self.stand.nodes[node].since = self.stand.clock.now()

    def refused(self, error: Refusal) -> None:
        self.stand.refused += 1


class _Scheduler(FairScheduler):
    """While it is `filling`, nobody asks for places: at 10,000 waiting that would take minutes."""

    filling = True

    def place(self, ticket: Ticket, now: float) -> Place:
        return Place(0, None) if self.filling else super().place(ticket, now)


class Stand:
    """A queue with nodes that are all busy and so many waiting, kept so: who is served is replaced."""

    def __init__(self, models: Sequence[str], keys: int, waiting: int, *, room: int = 10**6, seed: int = 1) -> None:
        self.clock = EventClock()
        self._scheduler = _Scheduler({})
        self.turns = LocalTurns(self._scheduler, self.clock, max_size=waiting + room)
        self.refused = 0
        self.nodes: dict[str, _Node] = {}
        self._random = Random(seed)
        self._keys = keys
        self._names = sorted({model for served in models for model in served})
        self._count = 0
        for number, served in enumerate(models):
            node = _Node(f"node-{number}", frozenset(served))
            self.nodes[node.id] = node
            self.turns.topology(node.id, node.serves, 0.0)
            self.turns.pull(node)
        while self._scheduler.running < len(models):
            self.submit()
        while self._scheduler.waiting < waiting:
            self.submit()
        for _ in range(300):  # so that costs are known, and some keys owe something
            self.free()
            self.submit()
        self._scheduler.filling = False
        for _ in range(50):  # some waits come to their end, and have been foreseen
            self.free()
            self.submit()

    def submit(self) -> float:
        """One more request; the seconds it took."""
        self._count += 1
        key = f"key-{self._count % self._keys}"
        model = self._random.choice(self._names)
        ticket = Ticket(str(self._count), key, model, self.clock.now(), size=self._random.randint(200, 20_000))
        client = _Client(self, ticket)
        begin = thread_time()
        self.turns.submit(ticket, client)
        return thread_time() - begin

    def free(self) -> float:
        """A node is done and takes the next; the seconds that took, without the settling of the done one."""
        self.clock.run(self.clock.now() + self._random.expovariate(len(self.nodes) / 5.0))
        node = self._random.choice(list(self.nodes.values()))
        ticket, node.has = node.has, None
        if ticket is not None:
            self.turns.finished(ticket, Actual(self.clock.now() - node.since, complete=True))
        begin = thread_time()
        self.turns.pull(node)
        return thread_time() - begin


def pop(rounds: int) -> Line:
    """A free node takes the next request."""
    stand = Stand(["m"] * 1000, keys=100, waiting=400)
    times = []
    for _ in range(rounds):
        times.append(stand.free())
        stand.submit()
    what = "pop, 100 keys waiting, 1,000 nodes"
    return judged(what, median(times) * MS, most=0.05, unit=" ms", digits=4)


def admission(waiting: int, models: Sequence[str], rounds: int) -> float:
    """Milliseconds until a request that has to wait has its place and wait: the median."""
    stand = Stand(models, keys=20, waiting=waiting)
    times = []
    for _ in range(rounds):
        stand.free()
        times.append(stand.submit())
    return median(times) * MS


def refusal(waiting: int, rounds: int) -> tuple[float, float]:
    """Milliseconds until a request is refused by a full queue, which moves now and then: median and mean."""
    stand = Stand(["m"] * 4, keys=20, waiting=waiting, room=0)
    times = []
    for number in range(rounds):
        if number % 5 == 0:
            stand.free()
            stand.submit()
        times.append(stand.submit())
    return median(times) * MS, fmean(times) * MS


def costs(scale: Scale) -> Sequence[Line]:
    """All of them, beside what was seen elsewhere."""
    lines = [pop(ROUNDS // 10 if scale.quick else ROUNDS)]
    alike, mixed = ["m"] * 4, ["a", "ab", "b", "c", "bc", "a"]
    many = 1000 if scale.quick else 10_000
    for waiting, most, count in ((100, 0.5, ROUNDS), (many, 10.0, ROUNDS // 10)):
        rounds, shown = count // 10 if scale.quick else count, f"{waiting:,}"
        value = admission(waiting, alike, rounds)
        beside = "naive dry run 1.2 ms and draws 1.5 ms" if waiting == 100 else ""
        what = f"admission that waits, {shown} waiting"
        lines.append(judged(what, value, most=most, unit=" ms", digits=3, beside=beside))
        entangled = admission(waiting, mixed, rounds)
        lines.append(judged(f"{what}, 3 models on 6 nodes", entangled, most=most, unit=" ms", digits=3))
        refused, mean = refusal(waiting, rounds)
        what = f"refusal, {shown} waiting: less than an admission"
        note = f"mean {mean:.3f} ms"
        lines.append(judged(what, refused, most=value, unit=" ms", digits=3, note=note))
    return lines


ROWS = (Row("costs", "What the queue costs", costs),)
