"""The least of those who wait, found without looking at all of them: every key that begins to wait asks for it.

Two values are kept of each, its tag and its level, in heaps whose outdated entries are skipped when they surface. A
change is only noted, and put into the heaps when somebody asks: most changes are followed by others first.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmlb.scheduler.contest import Standing

FEW = 24
"""So many are looked at one by one in less time."""

_Heap = list[tuple[float, int, "Standing", int]]


class Lows:
    """Least values over `entrants`, whoever they are at the time; `changed` is to be called for each that has changed.

    An entrant that is taken out, or has changed, has another `stamp` than before.
    """

    def __init__(self, entrants: Mapping[str, Standing]) -> None:
        self._entrants = entrants
        self._changed: dict[str, Standing] = dict(entrants)
        self._tags: _Heap = []
        self._levels: _Heap = []
        self._served: _Heap = []
        self._pushed = 0

    def changed(self, entrant: Standing) -> None:
        """It has entered, or its values are others."""
        self._changed[entrant.key] = entrant

    def tag(self) -> float | None:
        """The least tag; None where nobody waits."""
        if len(self._entrants) <= FEW:
            return min([entrant.tag for entrant in self._entrants.values()], default=None)
        self._catch_up()
        return _least(self._tags)

    def level(self) -> float | None:
        """The least level; None where nobody waits."""
        if len(self._entrants) <= FEW:
            return min([entrant.level for entrant in self._entrants.values()], default=None)
        self._catch_up()
        return _least(self._levels)

    def served_tag(self) -> float | None:
        """The least tag of those that have been served since they began to wait; None where none has."""
        if len(self._entrants) <= FEW:
            return min([entrant.tag for entrant in self._entrants.values() if entrant.served], default=None)
        self._catch_up()
        return _least(self._served)

    def _catch_up(self) -> None:
        if len(self._tags) > 64 + 4 * len(self._entrants):  # mostly outdated ones
            self._tags, self._levels, self._served = [], [], []
            self._changed = dict(self._entrants)
        many = len(self._changed) > len(self._tags)
        for key, entrant in self._changed.items():
            if self._entrants.get(key) is not entrant:
                continue
            self._pushed += 1
            heaps = (self._tags, entrant.tag), (self._levels, entrant.level), (self._served, entrant.tag)
            for heap, value in heaps if entrant.served else heaps[:2]:
                entry = value, self._pushed, entrant, entrant.stamp
                if many:
                    heap.append(entry)
                else:
                    heappush(heap, entry)
        if many:
            for heap in (self._tags, self._levels, self._served):
                heapify(heap)
        self._changed.clear()


def _least(heap: _Heap) -> float | None:
    while heap and heap[0][3] != heap[0][2].stamp:
        heappop(heap)
    return heap[0][0] if heap else None
