"""One simulated request, from entry to outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from llmlb.clock import Clock, Timer
from llmlb.config.model import Config
from llmlb.errors import QueueFull, Refusal
from llmlb.scheduler.ticket import Actual, Place, Ticket
from llmlb.simulate.job import Fate, Job
from llmlb.simulate.observer import Observer
from llmlb.telemetry.record import Outcome
from llmlb.turns.port import Turns

SERVED, FULL, LEFT, NODE_FAILED, LATE = 200, 429, 499, 502, 504


class Host(Protocol):
    """The simulation, as its requests see it."""

    @property
    def config(self) -> Config:
        """What the operator would have set."""

    @property
    def clock(self) -> Clock:
        """The virtual time."""

    @property
    def turns(self) -> Turns:
        """The queue."""

    @property
    def observers(self) -> list[Observer]:
        """Who watches."""

    def serve(self, node: str, request: Request) -> None:
        """Hand the request to its node."""

    def hang_up(self, node: str) -> None:
        """The client of the request the node has is gone."""

    def hopeful(self, model: str, tried: Iterable[str]) -> bool:
        """Whether some node not tried yet is there for the model."""

    def forgive(self, nodes: Iterable[str], request: str) -> None:
        """The request failed on more than one node, so it counts against none of them."""

    def departed(self, request: Request, fate: Fate) -> None:
        """The request is over."""


class Request:
    """A waiter of the queue that takes the steps of `llmlb.gateway.visit.Visit`, without bytes and without a task.

    A node that fails is taken to fail before the first byte of its reply, so that the request is tried again.
    """

    __slots__ = (
        "_attempts", "_host", "_impatience", "_node", "_place", "_since", "_started", "_timer", "_waited", "_waiting",
        "arrived", "done", "fate", "job", "ticket",
    )  # fmt: skip

    def __init__(self, host: Host, id: str, job: Job, done: Callable[[Fate], None] | None) -> None:
        now = host.clock.now()
        self.job = job
        self.done = done
        self.arrived = now
        self.ticket = Ticket(id, job.key, job.model, now, size=job.size)
        self.fate: Fate | None = None
        """None until it is over."""
        self._host = host
        self._place: Place | None = None
        self._waiting = False
        self._since = now
        self._waited = 0.0
        self._timer: Timer | None = None
        self._impatience: Timer | None = None
        self._node: str | None = None
        self._started: float | None = None
        self._attempts = 0

    def set_deadline(self) -> None:
        """Only time in the queue counts."""
        left = max(0.0, self._host.config.queue.timeout_secs - self._waited)
        self.ticket.deadline = self._host.clock.now() + left

    def cancel(self) -> None:
        """Its client leaves, wherever it is. Nothing happens when it is over."""
        if self.fate is not None:
            return
        node = None if self._waiting else self._node
        self._leave()
        self.end(Outcome.CANCELLED, LEFT)
        if node is not None:
            self._host.hang_up(node)

    def end(self, outcome: Outcome, status: int, retry_after: int | None = None) -> None:
        """It is over."""
        place = self._place
        self.fate = Fate(
            self.job,
            outcome,
            status,
            self.arrived,
            self._waited,
            self._started,
            self._host.clock.now(),
            self._node,
            place.position if place is not None else None,
            place.wait if place is not None else None,
            retry_after,
            self._attempts,
        )
        self._host.departed(self, self.fate)

    # For the queue (llmlb.turns.port.Waiter)

    def placed(self, place: Place) -> None:
        """It has to wait."""
        clock = self._host.clock
        now = clock.now()
        self._waiting = True
        self._since = now
        if self._place is None:
            self._place = place
        self._timer = clock.call_at(self.ticket.deadline, self._expired)
        if self.job.patience is not None:
            left = max(0.0, self.job.patience - self._waited)
            self._impatience = clock.call_at(now + left, self.cancel)
        for observer in self._host.observers:
            observer.waits(self.job, now)

    def granted(self, node: str) -> None:
        """A node is its own."""
        self._end_wait()
        now = self._host.clock.now()
        self._node = node
        self._started = now
        self._attempts += 1
        for observer in self._host.observers:
            observer.started(self.job, node, now)
        self._host.serve(node, self)

    def refused(self, error: Refusal) -> None:
        """There is no place for it, or no longer."""
        assert isinstance(error, QueueFull)
        self._end_wait()
        self.end(Outcome.REJECTED, FULL, error.retry_after)

    # For its node

    def ended(self, node: str, held: float, *, complete: bool, broken: bool) -> None:
        """The node has done its part."""
        host = self._host
        for observer in host.observers:
            observer.ended(self.job, node, held, host.clock.now())
        again = broken and self._may_try_again(node)
        if again:
            self.set_deadline()
        elif complete:
            self.end(Outcome.SERVED, SERVED)
        elif self.fate is None:
            self.end(Outcome.FAILED, NODE_FAILED)
        host.turns.finished(self.ticket, Actual(held, complete, self.job.tokens), again=again)

    # Steps

    def _may_try_again(self, node: str) -> bool:
        tried = self.ticket.tried
        tried.add(node)
        if len(tried) > 1:
            self._host.forgive(tried, self.ticket.id)
        return len(tried) < self._host.config.upstream.max_attempts and self._host.hopeful(self.job.model, tried)

    def _expired(self) -> None:
        retry_after = self._host.turns.retry_after()  # as in the gateway, while it still has its place
        self._leave()
        self.end(Outcome.TIMED_OUT, LATE, retry_after)

    def _leave(self) -> None:
        if self._waiting:
            self._host.turns.withdraw(self.ticket)
            self._end_wait()

    def _end_wait(self) -> None:
        if not self._waiting:
            return
        now = self._host.clock.now()
        self._waiting = False
        self._waited += now - self._since
        for timer in (self._timer, self._impatience):
            if timer is not None:
                timer.cancel()
        self._timer = self._impatience = None
        for observer in self._host.observers:
            observer.left(self.job, now)
