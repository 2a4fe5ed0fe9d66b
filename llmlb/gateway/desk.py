"""What the operator may see of the gateway at one moment: who waits, for what, and why. Never what requests contain.

Lists are cut to what can be looked at; beside each stands how many more there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import attrs

from llmlb.config.model import Cost
from llmlb.gateway.overview import Overview
from llmlb.telemetry.usage import Usage

MOST_KEYS = 200
MOST_NODES = 200
MOST_REQUESTS = 100
"""Requests listed, of those running and of those waiting."""
MOST_STUCK = 20
"""Of the waiting ones that are listed, so many at least are such as no node that is there can serve, if there are."""
MOST_ABLE = 20
"""Nodes listed for a waiting request."""
MOST_MODELS = 50
"""Models listed of a node."""


@attrs.frozen(kw_only=True)
class KeyView:
    """One API key: what it has, and what it is due."""

    name: str
    configured: bool
    """False: a key that anybody made up, where none are configured, or one that is not in the file any more."""
    disabled: bool
    weight: float
    max_waiting: int
    """How many of its requests may wait; 0 means what `[queue] max_per_key` says."""
    waiting: int
    in_service: int
    """On nodes now."""
    share: float
    """The part of the nodes' time that it had in the past five minutes, 0 to 1."""
    due: float
    """Its weight among those of the keys that had any of that time or wait now, 0 to 1; 0 if it is none of them,
    and where weights do not count."""
    debt: float
    """How far it is ahead of the least served key it competes with, in `Desk.unit` per weight."""
    usage: Usage
    """Of the past hour."""


@attrs.frozen(kw_only=True)
class NodeCard:
    """One node: how it is, what it has, and how the past hour went."""

    id: str
    name: str
    url: str
    kind: str
    """What kind of server it is; empty until it was asked."""
    models: tuple[str, ...]
    """At most `MOST_MODELS`."""
    models_more: int
    state: str
    """pending, idle, busy, loading, resting, draining or offline."""
    reason: str
    """Why it is in that state, in a few words; may be empty."""
    since: float
    """Seconds it has been in that state."""
    drained: bool
    """Whether the operator wants it to take nothing new."""
    in_file: bool
    """Whether it is configured; else it was found on this machine, or is finishing what it has before it goes."""
    request: str | None
    """The id of the request it has; None if it has none, or one whose client has just left."""
    key: str | None
    """The name of that request's key."""
    failures: int
    """Requests it failed in the past hour, forgiven ones as well."""
    usage: Usage
    """Of the past hour."""
    history: tuple[Mapping[str, float], ...]
    """The past hour in columns, oldest first: by state, the part of the time it was in it; empty: not looked at."""


@attrs.frozen(kw_only=True)
class RequestView:
    """One request that waits or runs."""

    id: str
    """Its `X-Request-Id`."""
    key: str
    """The name of its key."""
    model: str
    path: str
    size: int
    """Bytes of its body."""
    attempts: int
    """Nodes it has been given to."""
    since: float
    """Seconds: waiting, in the queue so far, all its waits together; else, since its node took it."""
    stage: Literal["waiting", "serving", "relaying"]
    """relaying: its client has begun to receive the reply."""
    node: str | None
    """The node it was given to last, by name."""
    node_done: bool
    """Whether the node has given its whole reply and is free again: only the client still has to take it."""
    position: int | None
    """Its place now, while it waits; None as well if no node that could serve it is there."""
    wait: float | None
    """Seconds it will still wait, as expected now; None where `position` is, and for those very far back."""
    told_position: int | None
    """What its headers say, or will; None if it did not have to wait."""
    told_wait: int | None
    timeout_in: float | None
    """Seconds until it has waited as long as it may; None if it does not wait."""


@attrs.frozen(kw_only=True)
class AbleNode:
    """A node that could serve a waiting request, and why it does not."""

    id: str
    name: str
    state: str
    since: float
    """Seconds it has been in that state."""
    reason: str
    """Why it is in that state, in a few words; may be empty."""
    key: str | None
    """Whose request it has; None if it has none."""
    tried: bool
    """Whether it has failed this request, which therefore does not go there again."""
    model: Literal["has", "had", "may"]
    """had: it served the model once and does not now. may: it has not told its models yet, and nobody else has this."""


@attrs.frozen(kw_only=True)
class Why:
    """Why a request waits."""

    before: tuple[tuple[str, int], ...]
    """By name of key, how many will be given before it to nodes that could serve it: its position less one in all.
    Most first. Empty for a request without a position."""
    nodes: tuple[AbleNode, ...]
    """Those that could serve it, or did once, at most `MOST_ABLE`: those that are at work first."""
    nodes_more: int


@attrs.frozen(kw_only=True)
class Desk:
    """Everything at one moment."""

    at: float
    """Unix time."""
    overview: Overview
    unit: Cost
    """What debts are counted in."""
    fair: bool
    """Whether keys take fair turns."""
    keys: tuple[KeyView, ...]
    """Busiest first, at most `MOST_KEYS`."""
    keys_more: int
    nodes: tuple[NodeCard, ...]
    """In the order of the file; where there are more than `MOST_NODES`, those in trouble first."""
    nodes_more: int
    running: tuple[RequestView, ...]
    """On nodes, or on their way from there to the client; the oldest first, at most `MOST_REQUESTS`."""
    running_more: int
    waiting: tuple[tuple[RequestView, Why], ...]
    """In the order in which they will be served, then those that nobody can serve now; at most `MOST_REQUESTS`."""
    waiting_more: int
