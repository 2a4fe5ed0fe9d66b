"""The queue of one gateway: waiting tickets matched with open pulls, in the same call that brings either."""

from __future__ import annotations

from collections.abc import Mapping

from llmlb.clock import Clock
from llmlb.config.model import WhenFull
from llmlb.errors import QueueFull
from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.forecasts import Forecasts
from llmlb.scheduler.lineup import Entry
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Actual, Snapshot, Ticket
from llmlb.turns.crowd import Crowd
from llmlb.turns.idle import Idle
from llmlb.turns.port import Puller, Waiter


class LocalTurns:
    """Implements `Turns` over a `FairScheduler`.

    Invariant after every call: no open pull fits any waiting ticket. So a ticket that finds an idle node has
    nobody fairly ahead of it, and a full queue turns away only those who would have to wait.

    `max_size`: how many may wait. `max_per_key`: how many of one key, 0 for no limit of its own; `limits`: by key,
    where another number applies. `when_full`: whom a full queue refuses, the newcomer ("refuse") or, where the
    newcomer's key would still have fewer waiting than the key with most, the newest of that key ("push_out").
    """

    def __init__(
        self,
        scheduler: FairScheduler,
        clock: Clock,
        *,
        max_size: int,
        max_per_key: int = 0,
        limits: Mapping[str, int] | None = None,
        when_full: WhenFull = "refuse",
    ) -> None:
        self._scheduler = scheduler
        self._clock = clock
        self._max_size = max_size
        self._max_per_key = max_per_key
        self._limits = limits or {}
        self._idle = Idle()
        self._waiters: dict[str, Waiter] = {}
        self._push_out = when_full == "push_out"
        self._crowd = Crowd()

    def configure(self, *, max_size: int, max_per_key: int, limits: Mapping[str, int], when_full: WhenFull) -> None:
        """Other limits, for those who come from now on: nobody who waits has to go."""
        self._max_size, self._max_per_key, self._limits = max_size, max_per_key, limits
        self._push_out = when_full == "push_out"

    def reschedule(
        self, weights: Mapping[str, float], *, fair: bool, cost: Cost, quantum: float, default_service_secs: float
    ) -> None:
        """Other rules of fairness, for those who wait as well; see `FairScheduler.configure`."""
        self._scheduler.configure(
            weights,
            self._clock.now(),
            fair=fair,
            cost=cost,
            quantum=quantum,
            default_service_secs=default_service_secs,
        )

    def submit(self, ticket: Ticket, waiter: Waiter) -> None:
        if (node := self._idle.choose(ticket.model, ticket.tried)) is not None:
            self._waiters[ticket.id] = waiter
            self._serve(ticket, node)
        elif 0 < (limit := self._limits.get(ticket.key, self._max_per_key)) <= (own := self._crowd.of(ticket.key)):
            waiter.refused(QueueFull(self._scheduler.retry_after_own(ticket.key, limit - own, self._clock.now())))
        elif self._scheduler.waiting < self._max_size:
            self._waiters[ticket.id] = waiter
            self._wait(ticket)
        elif self._push_out and self._crowd.of(ticket.key) + 1 < self._crowd.most:
            pushed = self._leave_newest_of(self._crowd.fattest())
            self._waiters[ticket.id] = waiter
            self._wait(ticket)
            pushed.refused(QueueFull(self.retry_after()))
        else:
            waiter.refused(QueueFull(self.retry_after()))

    def withdraw(self, ticket: Ticket) -> None:
        self._scheduler.withdraw(ticket, self._clock.now())
        self._crowd.remove(ticket.key)
        del self._waiters[ticket.id]

    def pull(self, node: Puller) -> None:
        if self._scheduler.take(node.id, self._clock.now(), self._hand_over) is None:
            self._idle.put(node)

    def unpull(self, node: Puller) -> None:
        self._idle.remove(node.id)

    def topology(self, node: str, models: frozenset[str], free_at: float | None) -> None:
        self._scheduler.topology(node, models, free_at)

    def forget_node(self, node: str) -> None:
        self._idle.forget(node)
        self._scheduler.forget_node(node)

    def finished(self, ticket: Ticket, actual: Actual, *, again: bool = False) -> None:
        self._scheduler.finish(ticket, actual, self._clock.now(), again=again)
        if not again:
            del self._waiters[ticket.id]
        elif (node := self._idle.choose(ticket.model, ticket.tried)) is not None:
            self._serve(ticket, node)
        else:
            self._wait(ticket)

    def retry_after(self) -> int:
        return self._scheduler.retry_after(self._max_size - self._scheduler.waiting, self._clock.now())

    @property
    def waiting(self) -> int:
        """How many wait."""
        return self._scheduler.waiting

    def snapshot(self) -> Snapshot:
        return self._scheduler.snapshot()

    def lineup(self, most: int) -> tuple[Entry, ...]:
        """Who is next: the first `most`, and after them as many of those whom no node serves. Changes nothing."""
        return self._scheduler.lineup(self._clock.now(), most)

    def debts(self) -> dict[str, float]:
        """By key, how far it is ahead of the least served key it competes with, in units of cost per weight."""
        return self._scheduler.debts()

    @property
    def forecasts(self) -> Forecasts:
        """How the waits that were told have come out so far."""
        return self._scheduler.forecasts

    def _serve(self, ticket: Ticket, node: Puller) -> None:
        now = self._clock.now()
        try:
            self._grant(ticket, node.id)
        finally:
            self._scheduler.serve(ticket, node.id, now)

    def _hand_over(self, ticket: Ticket, node: str) -> None:
        self._crowd.remove(ticket.key)
        self._grant(ticket, node)

    def _grant(self, ticket: Ticket, node: str) -> None:
        """The node is the ticket's: first of all the request goes out, and only then it is counted and charged."""
        self._idle.remove(node)
        self._waiters[ticket.id].granted(node)

    def _wait(self, ticket: Ticket) -> None:
        now = self._clock.now()
        self._scheduler.add(ticket, now)
        self._crowd.add(ticket.key)
        self._waiters[ticket.id].placed(self._scheduler.place(ticket, now))

    def _leave_newest_of(self, key: str) -> Waiter:
        """Take the key's newest out of the queue, and return who waits for it: it is for the caller to tell."""
        newest = self._scheduler.newest(key)
        assert newest is not None, "the crowd and the scheduler count the same requests"
        waiter = self._waiters[newest.id]
        self.withdraw(newest)
        return waiter
