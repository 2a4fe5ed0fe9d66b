"""What is known about one request when it is over."""

from __future__ import annotations

import enum

import msgspec


class Outcome(enum.Enum):
    """How a request ended. Every request ends in exactly one of these."""

    SERVED = "served"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    FAILED = "failed"

    __hash__ = object.__hash__  # as equal as before; the one of Enum is a call of Python in every look into a dict


SERVED, TIMED_OUT, REJECTED = Outcome.SERVED, Outcome.TIMED_OUT, Outcome.REJECTED
"""The same, for what looks at every request: finding them in the class takes longer than all else in a comparison."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request from entry to outcome. Times in seconds; `at` is Unix time of the end.

    A struct of msgspec, which is made in a fifth of the time that a frozen class of attrs takes.
    """

    id: str
    at: float
    key_name: str
    path: str
    model: str
    outcome: Outcome
    status: int
    """What the client was answered; 499 when it left before an answer."""
    waited: float
    """In the queue, summed over all its waits; 0 when it met an idle node."""
    reached_node: bool
    node: str | None = None
    position: int | None = None
    estimate: int | None = None
    service: float | None = None
    """On the last node, from the grant to the end of the exchange; None when it never reached one."""
    earlier: float = 0.0
    """On the nodes before that one, in all."""
    size: int = 0
    """Bytes of the request's body."""
    tokens: int | None = None
    """What the last reply cost, prompt and output, as stated or counted; None where nobody can tell."""
    attempts: int = 0
    reason: str = ""

    @property
    def tells_a_wait(self) -> bool:
        """Whether `waited` counts among the waits: it reached a node (0 if it did not wait), or timed out waiting."""
        return self.reached_node or self.outcome is TIMED_OUT
