"""Where a request goes when several idle nodes could serve it.

This is the rule; `llmlb.turns.idle` keeps idle nodes so that it need not look at all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import NamedTuple

ALIKE = 1.2
"""Mean service times within this factor count as equal ..."""
NOISE_SECS = 0.1
"""... and so do differences below this: they say nothing about the nodes."""


class Candidate(NamedTuple):
    """An idle node, as far as the choice depends on it. A tuple, as there may be a thousand of them a request."""

    node: str
    loaded: bool
    """Whether it is known to have the model in memory."""
    models: int
    """How many models it serves."""
    failures: int
    """Its recent failures."""
    mean_secs: float | None
    """Its mean service time; None before the first."""
    idle_since: float


_idle_since = itemgetter(5)


def choose(candidates: Iterable[Candidate]) -> Candidate:
    """The node for a request: model loaded, fewest models, fewest failures, fastest, longest idle.

    The least flexible node goes first, so that the others stay free for requests only they can serve. A node
    that has not served yet counts as fast as the fastest, or it would never be measured. Raises ValueError
    when there are no candidates.
    """
    best: tuple[bool, int, int] | None = None
    level: list[Candidate] = []
    for candidate in candidates:
        _, loaded, models, failures, _, _ = candidate
        rank = (not loaded, models, failures)
        if best is None or rank < best:
            best, level = rank, [candidate]
        elif rank == best:
            level.append(candidate)
    if best is None:
        raise ValueError("no candidates")
    fastest = min((c.mean_secs for c in level if c.mean_secs is not None), default=0.0)
    slowest = limit(fastest)
    return min((c for c in level if c.mean_secs is None or c.mean_secs <= slowest), key=_idle_since)


def limit(fastest: float) -> float:
    """The highest mean service time that counts as equal to this one."""
    return max(fastest * ALIKE, fastest + NOISE_SECS)
