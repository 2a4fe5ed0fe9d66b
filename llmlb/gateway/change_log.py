"""The last changes of the configuration: when, who, and what. In memory, for the operator's page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

import attrs

from llmlb.clock import Clock
from llmlb.config.changes import Change

MOST_KEPT = 50
MOST_NAMED = 50
"""Of one change; a file may bring a thousand keys at once."""


@attrs.frozen(kw_only=True)
class Applied:
    """A configuration that was taken."""

    at: float
    """Unix time."""
    by: str
    """Such as `operator at 10.0.0.7`, `command by root`, `SIGHUP` or `file change`."""
    changed: tuple[Change, ...]
    more: int
    """How many changes besides those."""


class ChangeLog:
    """Of a gateway, since it was started."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Applied] = deque(maxlen=MOST_KEPT)

    def __iter__(self) -> Iterator[Applied]:
        """The newest first."""
        return reversed(self._kept)

    def add(self, by: str, changed: Sequence[Change]) -> None:
        """This has just been taken. What changes nothing is not kept."""
        if changed:
            told, more = tuple(changed[:MOST_NAMED]), len(changed[MOST_NAMED:])
            self._kept.append(Applied(at=self._clock.wall(), by=by, changed=told, more=more))

    def claim(self, by: str) -> None:
        """The last one was made by them, as has turned out."""
        self._kept.append(attrs.evolve(self._kept.pop(), by=by))
