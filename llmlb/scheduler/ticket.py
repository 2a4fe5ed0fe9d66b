"""A place in line, and what is said about one."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Ticket:
    """One request as the scheduler sees it: no body, no socket, no future."""

    id: str
    key: str
    """The flow it belongs to: requests of one API key."""
    model: str
    arrived: float
    deadline: float = float("inf")
    """When it leaves the queue by itself if no node has taken it."""
    tried: set[str] = attrs.field(factory=set)
    """Nodes that failed it; they are not given it again."""
    number: int = 0
    """Order of arrival, given by the scheduler once and kept through retries."""
    size: int = 0
    """Bytes of its body: longer prompts take longer."""


@attrs.frozen
class Place:
    """What a waiting request is told."""

    position: int
    """Dispatches, by nodes that can serve it, up to and including its own, if nobody comes or goes."""
    wait: float | None
    """Seconds until its own dispatch; None while no node that could serve it is there."""


@attrs.frozen
class Actual:
    """What a request really cost its node."""

    seconds: float
    """Node time held, from the grant to the end on the wire."""
    complete: bool
    """Whether the reply came to its end: only such times tell how long a service takes."""
    tokens: int | None = None
    """Prompt and output together, as the reply's usage says or as counted; None where nobody can tell."""


@attrs.frozen
class Snapshot:
    """The queue at one moment."""

    waiting: int
    running: int
    waiting_by_key: dict[str, int]
    running_by_node: dict[str, str]
    """Node to the id of the request it has."""
