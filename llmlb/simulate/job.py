"""What goes into a simulation and what comes out: requests, nodes, and what became of each request."""

from __future__ import annotations

import attrs

from llmlb.telemetry.record import Outcome


@attrs.frozen
class Job:
    """A request that somebody is going to send."""

    key: str
    model: str
    """The empty name means any: every node will do."""
    secs: float
    """Seconds of service on a node of speed 1."""
    size: int = 0
    """Bytes of its body."""
    tokens: int | None = None
    """Prompt and output tokens, as the reply's usage tells; None if it does not."""
    patience: float | None = None
    """Seconds its client waits for a node before it hangs up; None if for ever."""


@attrs.frozen
class NodeSpec:
    """A node: it serves one request at a time."""

    name: str
    models: tuple[str, ...] = ()
    """A request that names no model is served by every node."""
    speed: float = 1.0
    """A service takes its seconds divided by this."""


@attrs.frozen
class Fate:
    """What became of a request. Times in seconds on the simulation's clock."""

    job: Job
    outcome: Outcome
    status: int
    """What its client was answered: 200, 429, 502, 503, 504; 401 with a disabled key; 404 for a model no node ever had;
    499 if it had left.
    """
    arrived: float
    waited: float
    """In the queue, summed over all its waits, until a node took it or it gave up; 0 if it never had to wait."""
    started: float | None
    """When its last service began; None if it never reached a node."""
    ended: float
    node: str | None
    """The last node that had it."""
    position: int | None
    """`X-Queue-Position` as told on arrival; None if it did not wait."""
    estimate: float | None
    """`X-Estimated-Wait` before it is rounded up; None if it did not wait or none could be told."""
    retry_after: int | None
    """`Retry-After` of a 429 or 504; None with any other answer."""
    attempts: int
    """How many times a node was given it."""
