"""Where a request goes when several idle nodes could serve it."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

ALIKE = 1.2
"""Mean service times within this factor count as equal ..."""
NOISE_SECS = 0.1
"""... and so do differences below this: they say nothing about the nodes."""


@attrs.frozen
class Candidate:
    """An idle node, as far as the choice depends on it."""

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


def choose(candidates: Iterable[Candidate]) -> Candidate:
    """The node for a request: model loaded, fewest models, fewest failures, fastest, longest idle.

    The least flexible node goes first, so that the others stay free for requests only they can serve. A node
    that has not served yet counts as fast as the fastest, or it would never be measured. Raises ValueError
    when there are no candidates.
    """
    ranked = sorted(candidates, key=lambda c: (not c.loaded, c.models, c.failures))
    if not ranked:
        raise ValueError("no candidates")
    best = ranked[0]
    level = [c for c in ranked if (c.loaded, c.models, c.failures) == (best.loaded, best.models, best.failures)]
    fastest = min((c.mean_secs for c in level if c.mean_secs is not None), default=0.0)
    limit = max(fastest * ALIKE, fastest + NOISE_SECS)
    return min((c for c in level if c.mean_secs is None or c.mean_secs <= limit), key=lambda c: c.idle_since)
