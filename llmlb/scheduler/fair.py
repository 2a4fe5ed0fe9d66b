"""The fair scheduler: the one door to this package.

It knows who waits, what each node has, how long services take, and answers who is next and what a waiting client
may be told. It is driven from outside, one plain call per event, with the time of the event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import inf

from llmlb.scheduler import debts
from llmlb.scheduler.draws import STEPS
from llmlb.scheduler.flows import Running
from llmlb.scheduler.forecasts import Forecasts
from llmlb.scheduler.lineup import Entry, lineup
from llmlb.scheduler.order import Order
from llmlb.scheduler.plan import Plan, ahead_by_arrival, departures, plan
from llmlb.scheduler.prices import Cost, Prices
from llmlb.scheduler.promises import CAP_SECS, UNKNOWN_SECS, Promises
from llmlb.scheduler.stations import Stations
from llmlb.scheduler.ticket import Actual, Place, Snapshot, Ticket
from llmlb.scheduler.wait import wait

TOLD_SECS = 1.0
"""Waits are told in whole seconds: of one below that nobody learns how much below."""
FRESH_SECS = 0.5
"""How long the departures behind `Retry-After` are good for: it is told in whole seconds."""


Grant = Callable[[Ticket, str], None]
"""Told that a ticket has a node. Must not come back to the scheduler before it has returned."""


class FairScheduler:
    """Deficit round robin between keys, over nodes that serve one request at a time.

    `weights`: what a key gets for one of another key, 1 where not named. `fair=False`: strict order of arrival among
    what a node can serve. `cost`: the unit of what keys have had; `quantum`, in that unit: how much a key may have in
    one go, 0 for the mean of recent costs. `default_service_secs`: assumed until a first request has finished.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        *,
        fair: bool = True,
        cost: Cost = "seconds",
        quantum: float = 0.0,
        default_service_secs: float = 10.0,
    ) -> None:
        self._stations = Stations(default_service_secs)
        self._order = Order(weights, Prices(cost, quantum, self._stations.seconds), fair=fair)
        self._running: dict[str, Running] = {}
        self._numbers = 0
        self._told: dict[str, tuple[float, float, float]] = {}
        self._promises = Promises()
        self._leaving: list[float] = []
        self._leaving_of: dict[str, list[float]] = {}
        self._leaving_at = -inf
        self.forecasts = Forecasts()
        """How good the estimates have been."""

    @property
    def waiting(self) -> int:
        """Requests that wait."""
        return self._order.waiting

    @property
    def running(self) -> int:
        """Requests in service."""
        return self._order.running

    @property
    def revision(self) -> int:
        """Moves with every change of the queue."""
        return self._order.revision

    def configure(
        self,
        weights: Mapping[str, float],
        now: float,
        *,
        fair: bool = True,
        cost: Cost = "seconds",
        quantum: float = 0.0,
        default_service_secs: float = 10.0,
    ) -> None:
        """Other rules from now on, for those who wait as well. Within a key nobody passes anybody.

        What keys have had counts on, per weight, unless it was counted in another unit, or not at all: then all are
        level again, in the order of their oldest requests.
        """
        self._stations.seconds.default = default_service_secs
        order = self._order
        if (fair, cost) == (order.fair, order.prices.unit):
            if order.prices.set_quantum(quantum):
                for pool in order.pools.values():
                    pool.contest.narrow(order.prices.quantum)
            order.reweigh(weights)
        else:
            self._order = order.anew(weights, Prices(cost, quantum, self._stations.seconds), fair=fair, now=now)
        self._leaving_at = -inf

    # Nodes

    def topology(self, node: str, models: frozenset[str], free_at: float | None) -> None:
        """The node serves these models; idle, it takes requests from `free_at` on (None: unknown when)."""
        self._order.place_node(node, models)
        self._stations.put(node, free_at)

    def forget_node(self, node: str) -> None:
        """The node is gone for good."""
        self._order.remove_node(node)
        self._stations.forget(node)

    # Requests

    def add(self, ticket: Ticket, now: float) -> None:
        """Queue a ticket. One that comes back keeps its number, and so its place in its key."""
        self._numbered(ticket)
        self._order.add(ticket, now)

    def serve(self, ticket: Ticket, node: str, now: float) -> None:
        """Put a ticket in service on an idle node that nobody waiting could use."""
        self._numbered(ticket)
        self._started(self._order.serve(ticket, node, now))

    def take(self, node: str, now: float, grant: Grant | None = None) -> Ticket | None:
        """The ticket the idle node serves next; None if none fits. It is in service from now on.

        `grant` is told of it as soon as it is chosen, before it is charged, and must not call anything here.
        """
        chosen = self._order.choose(node, now)
        if chosen is None:
            return None
        try:
            if grant is not None:
                grant(chosen.ticket, node)
        finally:
            self._started(self._order.begin(chosen, now))
            self._waited(chosen.ticket, now)
        return chosen.ticket

    def withdraw(self, ticket: Ticket, now: float) -> None:
        """A waiting ticket leaves. Raises KeyError if it does not wait."""
        self._order.withdraw(ticket)
        if now >= ticket.deadline:
            self._waited(ticket, now, at_least=True)
        self._told.pop(ticket.id, None)

    def finish(self, ticket: Ticket, actual: Actual, now: float, *, again: bool = False) -> None:
        """A ticket's service is over. `again`: its node let it down; no charge stays, and it may be added again.

        Raises KeyError if it is not in service.
        """
        running = self._running.pop(ticket.id)
        self._stations.ended(running)
        if again:
            self._order.undo(running)
            return
        self._order.finish(running, actual)
        if actual.complete:
            self._stations.learn(running, actual)

    # What may be told

    def place(self, ticket: Ticket, now: float) -> Place:
        """Position and wait of a waiting ticket. Changes nothing but what it will be compared with."""
        found = plan(self._order, ticket, self._stations, now)
        if found is None:  # its place is behind all who wait for the same nodes
            return Place(ahead_by_arrival(self._order, ticket) + 1, None)
        drawn = self._drawn(ticket, found, now)
        told = drawn * self.forecasts.factor
        self._told[ticket.id] = (now, drawn, told)
        return Place(found.position, told)

    def lineup(self, now: float, most: int) -> tuple[Entry, ...]:
        """The first `most` in the order of service, and after them as many of those whom no node serves.

        Changes nothing. Positions and waits are those of `place`.
        """
        return lineup(self._order, self._stations, now, most, self.forecasts.factor)

    def retry_after(self, free: int, now: float) -> int:
        """Seconds to tell a refused client, 1 to 60; 5 while nothing is known. Counts as a promise."""
        if not self._stations.seconds.known:
            return UNKNOWN_SECS
        self._look_ahead(now, again=self.waiting > 2 * len(self._leaving))
        return self._promises.make(self._leaving, free, now)

    def retry_after_own(self, key: str, free: int, now: float) -> int:
        """The same for a key at its own limit: until enough requests of this key have left. No promise."""
        if not self._stations.seconds.known:
            return UNKNOWN_SECS
        self._look_ahead(now, again=key not in self._leaving_of)
        return Promises().make(self._leaving_of.get(key, ()), free, now)

    def newest(self, key: str) -> Ticket | None:
        """The waiting request of this key that arrived last."""
        return self._order.newest(key)

    def debts(self) -> dict[str, float]:
        """By key, how far it is ahead of the least served it competes with, in cost per weight; 0 is left out."""
        return debts.ahead(self._order.flows, self._order.pools.values()) if self._order.fair else {}

    def snapshot(self) -> Snapshot:
        """The queue at this moment."""
        flows = self._order.flows
        if self._order.fair:
            by_key = {key: flow.waiting for key, flow in flows.items() if flow.waiting}
        else:  # all are in one flow
            by_key = Counter(t.key for flow in flows.values() for queue in flow.queues.values() for t in queue)
        on_nodes = {node: running.ticket.id for node, running in self._stations.running.items()}
        return Snapshot(self.waiting, self.running, by_key, on_nodes)

    def _numbered(self, ticket: Ticket) -> None:
        if not ticket.number:
            self._numbers += 1
            ticket.number = self._numbers

    def _started(self, running: Running) -> None:
        self._running[running.ticket.id] = running
        self._stations.began(running)

    def _drawn(self, ticket: Ticket, found: Plan, now: float) -> float:
        """Seconds of wait by the median of the draws."""
        stations = self._stations
        nodes, times = stations.nodes(found.pools, [ticket.model], now)
        ahead = found.tickets[:-1] if found.tickets[-1] is ticket else found.tickets
        if times > 1.0:  # each node stands for several: so does each request
            ahead = [ahead[int(number * times)] for number in range(int(len(ahead) / times))]
        near, rest = ahead[:STEPS], max(0, max(found.position - 1, len(found.tickets) - 1) / times - STEPS)
        if rest:
            sample = stations.secs_of(ahead[STEPS :: max(1, len(ahead) // STEPS)]) or [stations.seconds.mean]
            rest *= sum(sample) / len(sample)
        soon = TOLD_SECS / self.forecasts.factor
        return wait(nodes, near, stations.secs_of(near), rest, ticket.model, stations.ratios, now, soon)

    def _waited(self, ticket: Ticket, now: float, *, at_least: bool = False) -> None:
        asked_at, drawn, told = self._told.pop(ticket.id, (now, None, None))
        if drawn is None or told is None or (at_least and told > now - asked_at):
            return
        self.forecasts.ended(now - asked_at, drawn, told)

    def _look_ahead(self, now: float, *, again: bool) -> None:
        """Find out when those who wait will leave, unless that has just been done and is not to be done again.

        Who asks for it again does so once a key, or once the queue has doubled: refusals cost less than admissions.
        """
        if again or not self._leaving_at <= now < self._leaving_at + FRESH_SECS:
            leaving = departures(self._order, self._stations, now, now + CAP_SECS)
            self._leaving = [at for at, _ in leaving]
            self._leaving_of = {}
            for at, ticket in leaving:
                self._leaving_of.setdefault(ticket.key, []).append(at)
            self._leaving_at = now
