"""The lineup: those who wait, in the order in which they will be served, each with its place and expected wait.

It is the `plan` of everybody at once, for whoever looks at the whole queue, and asking for it changes nothing. Each
wait comes from playing the queue through once, every request taking as long as predicted. What a client is told when it
begins to wait is the median of draws, which costs more and comes out otherwise where times vary much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import merge, nsmallest
from itertools import islice
from operator import attrgetter

import attrs

from llmlb.scheduler.flows import Pool, by_number
from llmlb.scheduler.order import Order
from llmlb.scheduler.plan import ways
from llmlb.scheduler.stations import Stations
from llmlb.scheduler.ticket import Ticket

_at = attrgetter("at")


@attrs.frozen
class Entry:
    """A waiting request in the lineup. Without a position: no node that could serve it is there."""

    ticket: Ticket
    position: int | None = None
    """As `Place.position`."""
    wait: float | None = None
    """Seconds until its own dispatch, whether or not it may wait so long."""
    node: str | None = None
    """The node that it will be given to, if it all comes about so."""


def lineup(order: Order, stations: Stations, now: float, most: int, factor: float = 1.0) -> tuple[Entry, ...]:
    """The first `most` in the order of service, then of those whom no node serves as many that came first.

    Where nodes of several kinds depend on each other, at most `plan.MOST_STEPS` are played through. `factor`: what
    waits are multiplied with.
    """
    pools = [pool for pool in order.pools.values() if stations.serves(pool)]
    by_model = _ByModel(pools)
    given: Counter[Pool] = Counter()
    given_by: Counter[str] = Counter()
    entries = []
    for dispatch in islice(merge(*ways(order, pools, stations, now, most), key=_at), most):
        ticket, node = dispatch.ticket, dispatch.node
        given[order.pool_of[node]] += 1
        given_by[node] += 1
        wanted = by_model[ticket.model]
        position = sum(given[pool] for pool in wanted)
        position -= sum(given_by[other] for other in ticket.tried if order.pool_of.get(other) in wanted)
        entries.append(Entry(ticket, position, max(0.0, dispatch.at - now) * factor, node))
    stuck = _stuck(order, by_model, set(stations.free_at(pools, now)) if order.sent_back else set())
    return (*entries, *map(Entry, nsmallest(most, stuck, key=by_number)))


class _ByModel(dict[str, list[Pool]]):
    """Which of these pools serve a model."""

    def __init__(self, pools: list[Pool]) -> None:
        super().__init__()
        self._pools = pools

    def __missing__(self, model: str) -> list[Pool]:
        found = self[model] = [pool for pool in self._pools if model in pool.models]
        return found


def _stuck(order: Order, by_model: _ByModel, there: set[str]) -> Iterator[Ticket]:
    """Those whom no node serves: `there` are the nodes that are there, where any request has been tried."""
    for flow in order.flows.values():
        for model, queue in flow.queues.items():
            pools = by_model[model]
            if not pools:
                yield from queue
            elif flow.key in order.sent_back:
                for ticket in queue:
                    if ticket.tried and not any(there & pool.nodes.keys() - ticket.tried for pool in pools):
                        yield ticket
