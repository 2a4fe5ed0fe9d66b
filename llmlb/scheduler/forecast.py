"""When: a dry run of the queue as it stands, by the very rule that will serve it.

The dry run copies the order and serves it on, nobody coming or going: the node that is free first takes what
`Order.pop` gives it, for as long as the model's requests take on average. A request's position is the number of
dispatches by nodes that could serve it, up to its own; its wait is the time of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from heapq import heapify, heappop, heappush

import attrs

from llmlb.scheduler.order import Order
from llmlb.scheduler.service_times import ServiceTimes
from llmlb.scheduler.ticket import Place, Ticket


@attrs.frozen
class Dispatch:
    """One step of a dry run."""

    at: float
    node: str
    ticket: Ticket


def dry_run(order: Order, free_at: Mapping[str, float], times: ServiceTimes) -> Iterator[Dispatch]:
    """Serve a copy of the order to its end. `free_at` says when each node that is there will be free.

    Requests that no such node can serve are left over. Nothing is changed.
    """
    twin = order.copy()
    nodes = sorted(free_at)
    free = [(free_at[node], index) for index, node in enumerate(nodes)]
    heapify(free)
    while free and twin.waiting:
        at, index = heappop(free)
        ticket = twin.pop(nodes[index])
        if ticket is None:
            continue  # What is left, this node cannot serve; nobody will come, so it never will.
        yield Dispatch(at, nodes[index], ticket)
        heappush(free, (at + times.expected(ticket.model), index))


def place(order: Order, free_at: Mapping[str, float], times: ServiceTimes, ticket: Ticket, now: float) -> Place:
    """What a waiting ticket is told. Costs O(requests before it x log keys) plus the copy."""
    position = 0
    for dispatch in dry_run(order, free_at, times):
        if ticket.model in order.pool_of[dispatch.node].models and dispatch.node not in ticket.tried:
            position += 1
        if dispatch.ticket is ticket:
            return Place(position, max(0.0, dispatch.at - now))
    # No node that could serve it is there: its place is behind all who wait for the same nodes.
    reachable = [pool for pool in order.pools.values() if ticket.model in pool.models]
    ahead = {
        other.number
        for flow in order.flows.values()
        for model, queue in flow.queues.items()
        if model == ticket.model or any(model in pool.models for pool in reachable)
        for other in queue
        if other.number < ticket.number
    }
    return Place(len(ahead) + 1, None)


def departures(order: Order, free_at: Mapping[str, float], times: ServiceTimes) -> list[tuple[float, Ticket]]:
    """When each waiting request will leave the queue, by dispatch or deadline, soonest first."""
    at = {dispatch.ticket.number: dispatch.at for dispatch in dry_run(order, free_at, times)}
    leaving = [
        (min(at.get(ticket.number, ticket.deadline), ticket.deadline), ticket)
        for flow in order.flows.values()
        for queue in flow.queues.values()
        for ticket in queue
    ]
    return sorted(leaving, key=lambda pair: pair[0])
