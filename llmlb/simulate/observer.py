"""Somebody who watches a simulation while it runs."""

from __future__ import annotations

from llmlb.simulate.job import Fate, Job


class Observer:
    """Called at every step of every request, in the order of the steps. Does nothing; override what you need."""

    def waits(self, job: Job, now: float) -> None:
        """It has joined the queue, or come back to it from a node that failed."""

    def left(self, job: Job, now: float) -> None:
        """It is out of the queue: to a node (`started` follows) or for good (`over` follows)."""

    def started(self, job: Job, node: str, now: float) -> None:
        """The node has it from now on."""

    def ended(self, job: Job, node: str, held: float, now: float) -> None:
        """The node no longer has it, after `held` seconds."""

    def over(self, fate: Fate) -> None:
        """Nothing more happens to it."""
