"""How long services really took, against what was predicted: the spread that estimates are drawn from."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from operator import itemgetter

WINDOW = 256
"""Finished requests whose ratios are remembered."""
FEW = 8
"""While there are fewer, those that are missing are taken to have come out as predicted."""
_STRIDE = 0.6180339887498949
"""The golden ratio: multiples of it, taken modulo 1, spread evenly wherever one stops."""
LEAST, MOST = 0.02, 20.0
"""Ratios beyond these are taken as these: one request gone wrong must not spoil all estimates."""


class Ratios:
    """A window of true times over predicted ones. Draws from it are even, and the same each time."""

    def __init__(self) -> None:
        self._window = deque([1.0] * FEW)
        self._sorted = [1.0] * FEW
        self._seen = 0
        self._table: list[float] | None = None

    def add(self, true: float, predicted: float) -> None:
        """A request took `true` seconds where `predicted` were expected."""
        ratio = min(max(true / predicted, LEAST), MOST)
        self._seen += 1
        if len(self._window) == WINDOW or self._seen <= FEW:
            old = self._window.popleft()
            del self._sorted[bisect_right(self._sorted, old) - 1]
        self._window.append(ratio)
        insort(self._sorted, ratio)
        self._table = None

    @property
    def mean(self) -> float:
        """The mean ratio."""
        return sum(self._sorted) / len(self._sorted)

    def most_of(self, predicted: Sequence[float]) -> float:
        """What so many services take at most, together, in any stretch of the table: at least one, `WINDOW` at most."""
        ratios = self._sorted
        most = ratios[-1] * sum(predicted)
        if len(predicted) > len(ratios):
            return most
        return min(most, max(predicted) * sum(ratios[-len(predicted) :]))

    def table(self) -> list[float]:
        """All ratios of the window, in an order of which every stretch is a fair sample."""
        if self._table is None:
            self._table = list(_spread(len(self._sorted))(self._sorted))
        return self._table

    def remaining(self, predicted: float, elapsed: float, u: float) -> float:
        """Seconds that a request in service since `elapsed` still takes, at quantile `u` of those that took longer.

        One that runs for longer than any in the window is given a quarter of what it has had: the longer it runs, the
        longer it will.
        """
        ratio = elapsed / predicted
        at = bisect_right(self._sorted, ratio)
        longer = len(self._sorted) - at
        if not longer:
            return max(predicted, elapsed) / 4
        return self._sorted[at + int(u * longer)] * predicted - elapsed

    def most_left(self, predicted: float, elapsed: float) -> float:
        """What `remaining` is at most, whatever the quantile."""
        most = self._sorted[-1] * predicted
        return most - elapsed if most > elapsed else max(predicted, elapsed) / 4

    def ends(self, predicted: float, elapsed: float, now: float, us: Sequence[float]) -> list[float]:
        """When it is over, `now` being the time, at each of these quantiles: as `remaining`, at less cost."""
        ratios = self._sorted
        at = bisect_right(ratios, elapsed / predicted)
        longer = len(ratios) - at
        if not longer:
            return [now + max(predicted, elapsed) / 4] * len(us)
        return [now + (ratios[at + int(u * longer)] * predicted - elapsed) for u in us]


@lru_cache(maxsize=1)
def _spread(n: int) -> itemgetter[tuple[float, ...]]:
    """Takes so many sorted values into an order of which every stretch is a fair sample."""
    ranks = [0] * n
    for rank, i in enumerate(sorted(range(n), key=lambda i: i * _STRIDE % 1.0)):
        ranks[i] = rank
    return itemgetter(*ranks)
