"""The lineup: those who wait, in the order in which they will be served, each with its place and expected wait.

It is the `plan` of everybody at once, for whoever looks at the whole queue, and asking for it changes nothing. Places
and waits are those that a client would be told at this moment; but where some nodes depend on each other and others do
not, each kind is drawn by itself here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge, nsmallest
from itertools import islice, repeat

import attrs

from llmlb.scheduler.flows import Pool, by_number
from llmlb.scheduler.order import Order
from llmlb.scheduler.plan import Dispatch, ways
from llmlb.scheduler.stations import Stations
from llmlb.scheduler.ticket import Ticket
from llmlb.scheduler.wait import waits


@attrs.frozen
class Entry:
    """A waiting request in the lineup. Without a position: no node that could serve it is there."""

    ticket: Ticket
    position: int | None = None
    """As `Place.position`."""
    wait: float | None = None
    """Seconds until its own dispatch, whether or not it may wait so long. None for those too far back to be played."""
    node: str | None = None
    """The node that it will be given to, if it all comes about so. None where `wait` is."""


def lineup(order: Order, stations: Stations, now: float, most: int, factor: float = 1.0) -> tuple[Entry, ...]:
    """The first `most` in the order of service, then of those whom no node serves as many that came first.

    Where nodes of several kinds depend on each other, `plan.MOST_STEPS` are played through, and those behind them
    counted in the order of arrival. `factor`: what waits are multiplied with.
    """
    count = _Count(order, [pool for pool in order.pools.values() if stations.serves(pool)])
    lines = [zip(repeat(way.pools), way.dispatches) for way in ways(order, count.pools, stations, now, most)]
    dispatches = list(islice(merge(*lines, key=_at), most))
    expected = _waits(dispatches, stations, now)
    entries = []
    for _, dispatch in dispatches:
        ticket, node = dispatch.ticket, dispatch.node
        count.given(node)
        entries.append(Entry(ticket, count.at_nodes_for(ticket), expected[ticket.number] * factor, node))
    stuck = list(_stuck(order, count.pools, stations, now))
    if len(entries) < min(most, order.waiting - len(stuck)):
        done = {ticket.number for ticket in (*(entry.ticket for entry in entries), *stuck)}
        behind = (ticket for ticket in _everybody(order) if ticket.number not in done)
        entries += map(count.behind, nsmallest(most - len(entries), behind, key=by_number))
    return (*entries, *map(Entry, nsmallest(most, stuck, key=by_number)))


def _waits(dispatches: Iterable[tuple[tuple[Pool, ...], Dispatch]], stations: Stations, now: float) -> dict[int, float]:
    """By number, the seconds that each will wait, to be drawn for the pools of each way once."""
    found: dict[int, float] = {}
    tickets: dict[tuple[Pool, ...], list[Ticket]] = {}
    for pools, dispatch in dispatches:
        tickets.setdefault(pools, []).append(dispatch.ticket)
    for pools, mine in tickets.items():
        nodes, times = stations.nodes(pools, dict.fromkeys(ticket.model for ticket in mine), now)
        drawn = waits(nodes, times, mine, stations.secs_of(mine), stations.ratios, now)
        found |= {ticket.number: secs for ticket, secs in zip(mine, drawn, strict=True)}
    return found


def _at(one: tuple[tuple[Pool, ...], Dispatch]) -> float:
    return one[1].at


class _Count:
    """How many are before a request, as those before it are told one after another."""

    def __init__(self, order: Order, pools: Sequence[Pool]) -> None:
        self.pools = pools
        """Those that anything can be given to."""
        self._order = order
        self._given: Counter[Pool] = Counter()
        self._given_by: Counter[str] = Counter()
        self._behind: Counter[str] = Counter()
        """By model, those counted in the order of arrival."""
        self._wanted: dict[str, list[Pool]] = {}

    def given(self, node: str) -> None:
        """The node is given one."""
        self._given[self._order.pool_of[node]] += 1
        self._given_by[node] += 1

    def at_nodes_for(self, ticket: Ticket) -> int:
        """How many have been given to nodes that could serve this one."""
        wanted = self._wanted.get(ticket.model)
        if wanted is None:
            wanted = self._wanted[ticket.model] = [pool for pool in self.pools if ticket.model in pool.models]
        given = sum([self._given[pool] for pool in wanted])
        if ticket.tried:
            given -= sum(self._given_by[node] for node in ticket.tried if self._order.pool_of.get(node) in wanted)
        return given

    def behind(self, ticket: Ticket) -> Entry:
        """The place of one that comes after all that were given, by order of arrival."""
        given = self.at_nodes_for(ticket)
        models = {model for pool in self._wanted[ticket.model] for model in pool.models}
        earlier = sum(count for model, count in self._behind.items() if model in models)
        self._behind[ticket.model] += 1
        return Entry(ticket, given + earlier + 1)


def _everybody(order: Order) -> Iterator[Ticket]:
    return (ticket for flow in order.flows.values() for queue in flow.queues.values() for ticket in queue)


def _stuck(order: Order, pools: Sequence[Pool], stations: Stations, now: float) -> Iterator[Ticket]:
    """Those whom no node serves."""
    served = set(pools)
    there = stations.free_at(pools, now).keys() if order.sent_back else frozenset[str]()
    for flow in order.flows.values():
        mine = [pool for pool in flow.standings if pool in served]
        for model, queue in flow.queues.items():
            wanted = [pool for pool in mine if model in pool.models]
            if not wanted:
                yield from queue
            elif flow.key in order.sent_back:
                nodes = {node for pool in wanted for node in pool.nodes if node in there}
                for ticket in queue:
                    if ticket.tried >= nodes:
                        yield ticket
