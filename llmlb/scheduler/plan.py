"""The plan: in which order those who wait will be served, if nobody comes or goes and costs come out as guessed.

Where the nodes in question all serve the same models, the order does not depend on which of them is free first, and is
played through in `rounds`, exactly, however long the queue. Otherwise it is rehearsed with the node that is free first
or, where nodes have failed requests, a copy of the order is served on by the very code that will serve it: that takes
some four or ten microseconds a request, and so at most `MOST_STEPS` are; the places of requests behind them are counted
as if the rest left in the order of arrival.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from heapq import heapify, heappop, heappush, heapreplace, nsmallest
from itertools import islice, takewhile
from math import inf
from operator import itemgetter
from typing import NamedTuple

import attrs

from llmlb.scheduler.flows import Pool
from llmlb.scheduler.order import Order
from llmlb.scheduler.rehearsal import Rehearsal
from llmlb.scheduler.rounds import in_rounds
from llmlb.scheduler.stations import Lines, Stations
from llmlb.scheduler.ticket import Ticket

MOST_STEPS = 300
"""Dispatches played through where nodes serve different models."""
FORESEEN = 2000
"""Dispatches looked ahead for `Retry-After`, in a pool by itself."""


@attrs.frozen
class Plan:
    """The next requests in the order in which they will be served."""

    tickets: list[Ticket]
    """Up to the one asked about, or the first `MOST_STEPS`."""
    position: int
    """Of the one asked about, among the dispatches of nodes that can serve it."""
    pools: list[Pool]
    """Those whose nodes serve them."""


class Dispatch(NamedTuple):
    """One step of a dry run."""

    at: float
    node: str
    ticket: Ticket


@attrs.frozen
class Way:
    """What some pools will do."""

    pools: tuple[Pool, ...]
    dispatches: Iterator[Dispatch]
    """Soonest first; made as they are asked for."""


def plan(order: Order, ticket: Ticket, stations: Stations, now: float) -> Plan | None:
    """The plan up to a waiting ticket. Changes nothing. None if no node that could serve it is there."""
    pools = [pool for pool in order.pools.values() if stations.serves(pool)]
    wanted = [pool for pool in pools if ticket.model in pool.models]
    if len(wanted) == 1 and _alone(order, wanted[0], pools):
        tickets = in_rounds(order, wanted[0], until=ticket)
        return Plan(tickets, len(tickets), wanted)
    return _in_time(order, ticket, pools, stations, now)


def departures(order: Order, stations: Stations, now: float, until: float) -> list[tuple[float, Ticket]]:
    """When each waiting request will leave the queue, by dispatch or deadline, soonest first; inf if after `until`."""
    pools = [pool for pool in order.pools.values() if stations.serves(pool)]
    taken: dict[int, float] = {}
    for way in ways(order, pools, stations, now, FORESEEN):
        soon = takewhile(lambda dispatch: dispatch.at <= until, way.dispatches)
        taken |= {dispatch.ticket.number: dispatch.at for dispatch in soon}
    leaving = [
        (at if (at := min(taken.get(ticket.number, inf), ticket.deadline)) <= until else inf, ticket)
        for flow in order.flows.values()
        for queue in flow.queues.values()
        for ticket in queue
    ]
    return sorted(leaving, key=itemgetter(0))


def ways(order: Order, pools: Sequence[Pool], stations: Stations, now: float, most: int) -> list[Way]:
    """What these pools will do, soonest first, as far as it may be among the first so many dispatches of all.

    There is a way for each pool that is by itself, and one for all others, of `MOST_STEPS` at most. A dispatch that
    comes after its request's deadline takes its node no time.
    """
    others = entangled(order, pools)
    free_at = {pool: stations.free_at([pool], now) for pool in pools if pool.contest.entrants and pool not in others}
    soonest = nsmallest(most, free_at, key=lambda pool: min(free_at[pool].values()))
    found = [Way((pool,), _one_by_one(in_rounds(order, pool, most=most), free_at[pool], stations)) for pool in soonest]
    if others:
        steps = dry_run(order, stations.free_at(others, now), stations)
        found.append(Way(tuple(others), islice(steps, min(most, MOST_STEPS))))
    return found


def _one_by_one(tickets: Sequence[Ticket], free_at: Mapping[str, float], stations: Stations) -> Iterator[Dispatch]:
    """Give each of these to the node that is free first, with every request taking as long as predicted."""
    free = [(at, stations.speed(node), node) for node, at in free_at.items()]
    heapify(free)
    for ticket, secs in zip(tickets, stations.secs_of(tickets), strict=True):
        at, speed, node = free[0]
        yield Dispatch(at, node, ticket)
        if at <= ticket.deadline:
            heapreplace(free, (at + secs * speed, speed, node))


def entangled(order: Order, pools: Sequence[Pool]) -> dict[Pool, None]:
    """Those of these pools that are not by themselves, in their order: some key waits for more than one of them."""
    if order.sent_back:
        return dict.fromkeys(pools)
    first: dict[str, Pool] = {}
    found: set[Pool] = set()
    for pool in pools:
        for key in pool.contest.entrants:
            other = first.setdefault(key, pool)
            if other is not pool:
                found |= {pool, other}
    return {pool: None for pool in pools if pool in found}


def _alone(order: Order, pool: Pool, pools: Sequence[Pool]) -> bool:
    """Whether what happens in the pool depends on nothing outside it."""
    if order.sent_back:
        return False
    if len(pools) == 1:
        return True
    return not any(
        other is not pool and other in pools and key in other.contest.entrants
        for key in pool.contest.entrants
        if len(standings := order.flows[key].standings) > 1
        for other in standings
    )


def dry_run(order: Order, free_at: Mapping[str, float], stations: Stations) -> Iterator[Dispatch]:
    """What these nodes will serve, until nothing is left that they can. The order is not changed.

    Where nodes have failed requests, a copy of the order is served.
    """
    take = _copied(order) if order.sent_back else _rehearsed(order, free_at)
    waiting = order.waiting
    nodes = sorted(free_at)
    speeds = [stations.speed(node) for node in nodes]
    lines: Lines = {}
    free = [(free_at[node], index) for index, node in enumerate(nodes)]
    heapify(free)
    while free and waiting:
        at, index = heappop(free)
        ticket = take(nodes[index])
        if ticket is None:
            continue  # What is left, this node cannot serve; nobody will come, so it never will.
        waiting -= 1
        yield Dispatch(at, nodes[index], ticket)
        (secs,) = stations.secs_of((ticket,), lines)
        heappush(free, (at + secs * speeds[index], index))


def _rehearsed(order: Order, nodes: Iterable[str]) -> Callable[[str], Ticket | None]:
    pool_of = order.pool_of
    rehearsal = Rehearsal(order, {pool_of[node]: None for node in nodes})
    return lambda node: rehearsal.take(pool_of[node])


def _copied(order: Order) -> Callable[[str], Ticket | None]:
    twin = order.copy()
    now = twin.now  # stands still: costs come out as guessed, and nobody overruns

    def take(node: str) -> Ticket | None:
        running = twin.take(node, now)
        return running.ticket if running is not None else None

    return take


def _in_time(order: Order, ticket: Ticket, pools: list[Pool], stations: Stations, now: float) -> Plan | None:
    free_at = stations.free_at(pools, now)
    able = {node for node in free_at if ticket.model in order.pool_of[node].models and node not in ticket.tried}
    if not able:
        return None
    tickets: list[Ticket] = []
    position = 0
    for dispatch in dry_run(order, free_at, stations):
        tickets.append(dispatch.ticket)
        position += dispatch.node in able
        if dispatch.ticket is ticket:
            break
        if len(tickets) == MOST_STEPS:
            position += ahead_by_arrival(order, ticket, {done.number for done in tickets}) + 1
            break
    return Plan(tickets, position, pools)


def ahead_by_arrival(order: Order, ticket: Ticket, but: Set[int] = frozenset()) -> int:
    """How many requests that wait for the same nodes came before, those of `but` aside."""
    models = {model for pool in order.pools.values() if ticket.model in pool.models for model in pool.models}
    models.add(ticket.model)
    return sum(
        other.number < ticket.number and other.number not in but
        for flow in order.flows.values()
        for model, queue in flow.queues.items()
        if model in models
        for other in queue
    )
