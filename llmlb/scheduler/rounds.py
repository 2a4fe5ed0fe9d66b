"""The rounds of one pool of nodes, played through key by key.

With nobody coming or going and costs coming out as guessed, the order in which a pool serves depends on nothing but
the tags, turns and queues of the keys that wait for it: each round serves its keys in the order of their last turns,
again and again, until each is beyond the limit. It is the rule of `contest` and the charges of `charges` once more,
without all that one pool by itself does not need, at well under a microsecond a request.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush, nsmallest
from itertools import chain
from operator import attrgetter
from sys import maxsize

from llmlb.scheduler.contest import Standing, round_above
from llmlb.scheduler.flows import Flow, Pool, by_number
from llmlb.scheduler.order import Order
from llmlb.scheduler.prices import Prices
from llmlb.scheduler.ticket import Ticket


class _Runner:
    """A key in the rounds of one pool."""

    __slots__ = ("at", "fixed", "flow", "head", "last", "least", "most", "queue", "slope", "steps", "tag")

    def __init__(self, entrant: Standing, flow: Flow) -> None:
        self.flow = flow
        self.tag = entrant.tag
        self.last = entrant.last
        self.head = entrant.head
        self.at = 0
        self.queue: list[Ticket] | None = None
        """Its requests for the pool, oldest first; the next is number `at`."""

    def find(self, pool: Pool) -> list[Ticket]:
        """Its requests for the pool."""
        flow = self.flow
        queues = [queue for model, queue in flow.queues.items() if model in pool.models]
        self.queue = queues[0] if len(queues) == 1 else sorted(chain.from_iterable(queues), key=by_number)
        return self.queue

    def open(self, pool: Pool, prices: Prices, fair: bool) -> None:
        """It is its turn for the first time: find its requests, and what each costs per weight."""
        flow = self.flow
        if flow.waiting == 1:
            (self.queue,) = flow.queues.values()
            return
        queue = self.find(pool)
        self.steps: list[float] | None = None
        if not fair or len(flow.queues) > 1:  # without fairness one flow has the requests of all keys
            self.steps = [prices.guess(ticket) / flow.weight for ticket in queue]
            return
        fixed, slope, most = prices.line(flow.key, queue[0].model)
        self.fixed, self.slope = fixed / flow.weight, slope / flow.weight
        self.least, self.most = prices.floor / flow.weight, most / flow.weight


def in_rounds(order: Order, pool: Pool, until: Ticket | None = None, most: int = maxsize) -> list[Ticket]:
    """The order in which the pool serves those who wait for it: up to one of them, so many, or all."""
    quantum, limit = order.prices.quantum, pool.contest.limit
    flows, prices, turn = order.flows, order.prices, order.turn
    if until is None and (early := _first_round(order, pool, most)) is not None:
        return early
    ring: list[_Runner] = []
    ahead: list[tuple[float, int, _Runner]] = []
    for pushed, entrant in enumerate(pool.contest.entrants.values()):
        runner = _Runner(entrant, flows[entrant.key])
        if runner.tag < limit:
            ring.append(runner)
        else:
            ahead.append((runner.tag, pushed, runner))
    heapify(ahead)
    pushed = len(pool.contest.entrants)
    served: list[Ticket] = []
    while (ring or ahead) and len(served) < most:
        if not ring:
            limit = round_above(ahead[0][0], quantum)
            while ahead and ahead[0][0] < limit:
                ring.append(heappop(ahead)[2])
        ring.sort(key=_head)  # two sorts by one number each cost a third of one by two
        ring.sort(key=_last)
        while ring:
            if len(ring) == 1 and not ahead:  # nobody to take turns with
                rest = _rest(ring[0], pool)
                return served + rest[: most - len(served) if until is None else rest.index(until) + 1]
            again: list[_Runner] = []
            for runner in ring:
                if runner.queue is None:
                    runner.open(pool, prices, order.fair)
                    assert runner.queue is not None
                at = runner.at
                ticket = runner.queue[at]
                served.append(ticket)
                if ticket is until or len(served) == most:
                    return served
                runner.at = at = at + 1
                if at == len(runner.queue):
                    continue
                turn += 1
                runner.last = turn
                if runner.steps is None:
                    step = runner.fixed + runner.slope * ticket.size
                    if step > runner.most:
                        step = runner.most
                    if step < runner.least:
                        step = runner.least
                else:
                    step = runner.steps[at - 1]
                runner.tag = tag = runner.tag + step
                if tag < limit:
                    again.append(runner)
                else:
                    pushed += 1
                    heappush(ahead, (tag, pushed, runner))
            ring = again
    return served


def _first_round(order: Order, pool: Pool, most: int) -> list[Ticket] | None:
    """So many, where one round has enough keys for them: each has one turn, and it does not matter what it costs."""
    entrants, limit = pool.contest.entrants.values(), pool.contest.limit
    ring = [entrant for entrant in entrants if entrant.tag < limit]
    if not ring and entrants:
        limit = round_above(min(entrant.tag for entrant in entrants), order.prices.quantum)
        ring = [entrant for entrant in entrants if entrant.tag < limit]
    if len(ring) < most:
        return None
    heads = (order.flows[entrant.key].head(pool) for entrant in nsmallest(most, ring, key=_turn))
    return [head for head in heads if head is not None]


_turn = attrgetter("last", "head")
_head, _last = attrgetter("head"), attrgetter("last")


def _rest(runner: _Runner, pool: Pool) -> list[Ticket]:
    queue = runner.queue if runner.queue is not None else runner.find(pool)
    return queue[runner.at :]
