"""What the gateway and the nodes know of the queue: submit and pull, and what is called back.

`LocalTurns` is the one implementation. The port is kept narrow so that another one (a queue shared by several
gateways, say) can take its place: callers allow every callback to come before `submit` or `pull` returns, or later.
"""

from __future__ import annotations

from typing import Protocol

from llmlb.errors import Refusal
from llmlb.scheduler.placement import Candidate
from llmlb.scheduler.ticket import Actual, Place, Snapshot, Ticket


class Puller(Protocol):
    """A node that asks for requests."""

    @property
    def id(self) -> str:
        """Its name, unique among nodes."""

    @property
    def serves(self) -> frozenset[str]:
        """The models it serves now."""

    @property
    def loaded(self) -> frozenset[str]:
        """Those of them that it is known to have in memory."""

    def candidate(self, model: str) -> Candidate:
        """Itself, as the choice among idle nodes sees it."""


class Waiter(Protocol):
    """A request that waits for its turn."""

    def placed(self, place: Place) -> None:
        """It has to wait."""

    def granted(self, node: str) -> None:
        """The node is its own from now on, until `finished`. It must not come back to the queue in this call."""

    def refused(self, error: Refusal) -> None:
        """There is no place for it, or none any more: it does not wait. Nothing follows."""


class Turns(Protocol):
    """The queue."""

    def submit(self, ticket: Ticket, waiter: Waiter) -> None:
        """Ask for a turn. Exactly one of granted, placed and refused follows; after placed, granted or refused."""

    def withdraw(self, ticket: Ticket) -> None:
        """The ticket leaves the queue. Raises KeyError if it does not wait."""

    def pull(self, node: Puller) -> None:
        """The node is idle. It is granted the next fair ticket, now or when one comes.

        An idle node that has something else in memory asks again.
        """

    def unpull(self, node: Puller) -> None:
        """The node takes nothing for the time being. Harmless when it had not pulled."""

    def topology(self, node: str, models: frozenset[str], free_at: float | None) -> None:
        """The node serves these models from now on; idle, it takes requests from `free_at` on (None: unknown)."""

    def forget_node(self, node: str) -> None:
        """The node is gone for good."""

    def finished(self, ticket: Ticket, actual: Actual, *, again: bool = False) -> None:
        """The service is over. `again`: the ticket goes back to its old place, before it is granted anew."""

    def retry_after(self) -> int:
        """Seconds after which a place may be expected, 1 to 60."""

    def snapshot(self) -> Snapshot:
        """The queue at this moment."""
