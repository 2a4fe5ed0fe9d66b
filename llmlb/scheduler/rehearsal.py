"""The order of service of several pools together, rehearsed.

Where keys wait for more than one pool, who is next in one depends on what was given out in another, and so on which
node is free when. It is the rule of `contest`, the charges of `charges` and the moves of `order` once more, for when
nobody comes or goes, nothing is learned, costs come out as guessed and no node has failed anybody: at a third of the
cost of serving a copy of the order on. Of a key nothing is copied before it has its first turn.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from llmlb.scheduler.charges import ELSEWHERE
from llmlb.scheduler.contest import round_above
from llmlb.scheduler.flows import Flow, Pool
from llmlb.scheduler.order import Order
from llmlb.scheduler.ticket import Ticket


class _Arena:
    """The contest for one pool. What is in its heaps of a key that has had a turn since is out of date."""

    __slots__ = ("ahead", "keys", "limit", "models", "ring")

    def __init__(self, pool: Pool) -> None:
        entrants = pool.contest.entrants
        self.models = pool.models
        self.limit = limit = pool.contest.limit
        self.keys = set(entrants)
        self.ring = [(e.last, e.head, e.tag, 0, key) for key, e in entrants.items() if e.tag < limit]
        """Those in the round: last turn, oldest request, tag, turns had, key."""
        self.ahead = [(e.tag, e.last, e.head, 0, key) for key, e in entrants.items() if not e.tag < limit]
        """Those ahead of it, the same by tag."""
        heapify(self.ring)
        heapify(self.ahead)

    def put(self, last: int, head: int, tag: float, turns: int, key: str, half: float) -> None:
        """Take note of how a key stands. `half`: half a quantum."""
        if tag + half < self.limit:
            self.limit = tag + half
        if tag < self.limit:
            heappush(self.ring, (last, head, tag, turns, key))
        else:
            heappush(self.ahead, (tag, last, head, turns, key))


class _Stand:
    """How a key stands in an arena it is still in."""

    __slots__ = ("arena", "head", "room", "tag")

    def __init__(self, arena: _Arena, tag: float, room: float, head: int) -> None:
        self.arena = arena
        self.tag = tag
        self.room = room
        self.head = head


class _Part:
    """A key that has had a turn: where it stands, and how far it is in its queues."""

    __slots__ = ("at", "flow", "stands", "turns")

    def __init__(self, flow: Flow, arenas: Iterable[tuple[Pool, _Arena]]) -> None:
        self.flow = flow
        self.at = dict.fromkeys(flow.queues, 0)
        self.turns = 0
        mine = ((arena, flow.standings[pool]) for pool, arena in arenas if flow.key in arena.keys)
        self.stands = [_Stand(arena, standing.tag, standing.room, standing.head) for arena, standing in mine]

    def head(self, models: frozenset[str]) -> Ticket | None:
        """Its oldest request for one of these."""
        oldest: Ticket | None = None
        for model, at in self.at.items():
            if model in models and at < len(queue := self.flow.queues[model]):
                ticket = queue[at]
                if oldest is None or ticket.number < oldest.number:
                    oldest = ticket
        return oldest


class Rehearsal:
    """What an order will do, told one dispatch after another; the order itself is not changed."""

    def __init__(self, order: Order, pools: Iterable[Pool]) -> None:
        assert not order.sent_back, "not all requests could go to every node"
        self._order = order
        self._quantum = order.prices.quantum
        self._turn = order.turn
        self._arenas = {pool: _Arena(pool) for pool in pools}
        self._parts: dict[str, _Part] = {}
        self._lines: dict[tuple[str, str], tuple[float, float, float]] = {}

    def take(self, pool: Pool) -> Ticket | None:
        """The request that a node of this pool serves next; None if there is none left for it."""
        arena = self._arenas[pool]
        key = self._next(arena)
        if key is None:
            return None
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _Part(self._order.flows[key], self._arenas.items())
        ticket = part.head(arena.models)
        assert ticket is not None
        part.at[ticket.model] += 1
        part.turns += 1
        self._turn += 1
        self._leave(part, ticket.number)
        contested = len(arena.keys) > (key in arena.keys)
        step = self._cost(ticket) / part.flow.weight if contested else 0.0
        most = ELSEWHERE * self._quantum / part.flow.weight
        for stand in part.stands:
            if stand.arena is arena:
                stand.tag += step
                stand.room = most
            elif contested:
                spilled = min(step, stand.room)
                stand.tag += spilled
                stand.room = min(most, stand.room - spilled)
            stand.arena.put(self._turn, stand.head, stand.tag, part.turns, key, self._quantum / 2)
        return ticket

    def _next(self, arena: _Arena) -> str | None:
        ring, ahead, parts = arena.ring, arena.ahead, self._parts
        while True:
            while ring:
                last, head, tag, turns, key = ring[0]
                part = parts.get(key)
                valid = turns == (part.turns if part is not None else 0)
                if valid and tag < arena.limit:
                    return key
                heappop(ring)
                if valid:
                    heappush(ahead, (tag, last, head, turns, key))
            while ahead:
                part = parts.get(ahead[0][4])
                if part is None or part.turns == ahead[0][3]:
                    break
                heappop(ahead)
            if not ahead:
                return None
            arena.limit = round_above(ahead[0][0], self._quantum)
            while ahead and ahead[0][0] < arena.limit:
                tag, last, head, turns, key = heappop(ahead)
                heappush(ring, (last, head, tag, turns, key))

    @staticmethod
    def _leave(part: _Part, number: int) -> None:
        """The request is out of its queue: the key is out of the arenas that it has nothing else for."""
        for stand in part.stands.copy():
            if stand.head == number:
                if (head := part.head(stand.arena.models)) is None:
                    stand.arena.keys.remove(part.flow.key)
                    part.stands.remove(stand)
                else:
                    stand.head = head.number

    def _cost(self, ticket: Ticket) -> float:
        """What it is guessed to cost."""
        prices = self._order.prices
        which = ticket.key, ticket.model
        line = self._lines.get(which)
        if line is None:
            line = self._lines[which] = prices.line(*which)
        a, b, most = line
        return max(prices.floor, min(a + b * ticket.size, most))
