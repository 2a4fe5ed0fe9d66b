"""What a measure is: how it is taken of one peer, and how its figures are shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs

from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found, Samples

US = 1_000_000.0
MS = 1000.0


@attrs.frozen(kw_only=True)
class Effort:
    """How thoroughly to measure."""

    quick: bool = False
    """Only to see that everything works. What is measured then means little."""

    def secs(self, full: float) -> float:
        """The length of a stretch."""
        return 0.1 if self.quick else full

    def warmup(self, full: float = 0.4) -> float:
        """The length of what comes before it."""
        return 0.05 if self.quick else full


@attrs.frozen
class Figure:
    """How a value is shown."""

    name: str
    title: str
    unit: str
    digits: int = 0


def everybody(peer: Peer) -> bool:
    """Those that stand in between, and nobody."""
    return True


def between(peer: Peer) -> bool:
    """Those that stand in between."""
    return peer.kind != "direct"


def queueing(peer: Peer) -> bool:
    """Those that let requests wait until a node is free."""
    return peer.queues


def only_llmlb(peer: Peer) -> bool:
    """No other is promised anything of."""
    return peer.kind == "llmlb"


@attrs.frozen(kw_only=True)
class Measure:
    """One kind of figures, and how one comes by them."""

    name: str
    title: str
    explains: str
    """What was done, in a sentence."""
    figures: Sequence[Figure]
    take: Callable[[Peer, Effort], Awaitable[Sequence[Found]]]
    """Raises Broken or Missing."""
    fits: Callable[[Peer], bool] = everybody
    """Of whom it can be taken."""
    rounds: int = 99
    """At most so many."""
    derive: Callable[[Samples, int], None] | None = None
    """Adds what follows from the figures of several peers in a round."""
