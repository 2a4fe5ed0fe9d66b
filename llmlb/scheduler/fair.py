"""The fair scheduler: the one door to this package.

It knows who waits, what each node has, how long services take, and answers who is next and what a waiting client
may be told. It is driven from outside, one plain call per event, with the time of the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from llmlb.scheduler import forecast
from llmlb.scheduler.flows import Running
from llmlb.scheduler.order import Order
from llmlb.scheduler.promises import UNKNOWN_SECS, Promises
from llmlb.scheduler.service_times import ServiceTimes
from llmlb.scheduler.ticket import Actual, Place, Snapshot, Ticket

FRESH_SECS = 0.5
"""How long the departures behind `Retry-After` are good for: it is told in whole seconds."""


class FairScheduler:
    """Deficit round robin between keys, over nodes that serve one request at a time.

    `weights`: turns a key gets for one of another key, 1 where not named. `fair=False`: strict order of arrival
    among what a node can serve. `default_service_secs`: assumed until a first request has finished.
    """

    def __init__(self, weights: Mapping[str, float], *, fair: bool = True, default_service_secs: float = 10.0) -> None:
        self._order = Order(weights, fair=fair)
        self._times = ServiceTimes(default_service_secs)
        self._free_at: dict[str, float | None] = {}
        self._running: dict[str, Running] = {}
        self._running_on: dict[str, Running] = {}
        self._numbers = 0
        self._promises = Promises()
        self._leaving: list[tuple[float, Ticket]] = []
        self._leaving_times: list[float] = []
        self._leaving_at = -inf

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

    # Nodes

    def topology(self, node: str, models: frozenset[str], free_at: float | None) -> None:
        """The node serves these models; idle, it takes requests from `free_at` on (None: unknown when)."""
        self._order.place_node(node, models)
        self._free_at[node] = free_at

    def forget_node(self, node: str) -> None:
        """The node is gone for good."""
        self._order.remove_node(node)
        self._free_at.pop(node, None)

    # Requests

    def add(self, ticket: Ticket) -> None:
        """Queue a ticket. One that comes back keeps its number, and so its place in its key."""
        self._numbered(ticket)
        self._order.add(ticket)

    def serve(self, ticket: Ticket, node: str, now: float) -> None:
        """Put a ticket in service on an idle node that nobody waiting could use."""
        self._numbered(ticket)
        self._started(self._order.serve(ticket, node, now))

    def take(self, node: str, now: float) -> Ticket | None:
        """The ticket the idle node serves next; None if none fits. It is in service from now on."""
        running = self._order.take(node, now)
        if running is None:
            return None
        self._started(running)
        return running.ticket

    def withdraw(self, ticket: Ticket) -> None:
        """A waiting ticket leaves. Raises KeyError if it does not wait."""
        self._order.withdraw(ticket)

    def finish(self, ticket: Ticket, actual: Actual, *, again: bool = False) -> None:
        """A ticket's service is over. `again`: its node let it down; no charge stays, and it may be added again.

        Raises KeyError if it is not in service.
        """
        running = self._running.pop(ticket.id)
        if self._running_on.get(running.node) is running:  # else the node left and came back meanwhile
            del self._running_on[running.node]
        if again:
            self._order.undo(running)
        else:
            self._order.finish(running)
        if actual.complete and not again:
            self._times.add(ticket.model, actual.seconds)

    # What may be told

    def place(self, ticket: Ticket, now: float) -> Place:
        """Position and wait of a waiting ticket, by a dry run. Changes nothing."""
        return forecast.place(self._order, self._free(now), self._times, ticket, now)

    def retry_after(self, free: int, now: float) -> int:
        """Seconds to tell a refused client, 1 to 60; 5 while nothing is known. Counts as a promise."""
        if not self._times.known:
            return UNKNOWN_SECS
        self._departures(now)
        return self._promises.make(self._leaving_times, free, now)

    def retry_after_own(self, key: str, now: float) -> int:
        """Seconds until the first request of this key leaves the queue, for a key at its own limit."""
        if not self._times.known:
            return UNKNOWN_SECS
        own = [at for at, ticket in self._departures(now) if ticket.key == key]
        return Promises().make(own, 0, now)

    def snapshot(self) -> Snapshot:
        """The queue at this moment."""
        by_key: dict[str, int] = {}
        for flow in self._order.flows.values():
            for queue in flow.queues.values():
                for ticket in queue:
                    by_key[ticket.key] = by_key.get(ticket.key, 0) + 1
        return Snapshot(self.waiting, self.running, by_key, {node: r.ticket.id for node, r in self._running_on.items()})

    def _numbered(self, ticket: Ticket) -> None:
        if not ticket.number:
            self._numbers += 1
            ticket.number = self._numbers

    def _started(self, running: Running) -> None:
        self._running[running.ticket.id] = running
        self._running_on[running.node] = running

    def _free(self, now: float) -> dict[str, float]:
        """When each node that is there will be free."""
        free = {}
        for node, at in self._free_at.items():
            running = self._running_on.get(node)
            if running is not None:
                free[node] = now + self._times.remaining(running.ticket.model, now - running.started)
            elif at is not None:
                free[node] = max(now, at)
        return free

    def _departures(self, now: float) -> list[tuple[float, Ticket]]:
        if not self._leaving_at <= now < self._leaving_at + FRESH_SECS:
            self._leaving = forecast.departures(self._order, self._free(now), self._times)
            self._leaving_times = [at for at, _ in self._leaving]
            self._leaving_at = now
        return self._leaving
