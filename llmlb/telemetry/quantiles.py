"""How long most of them took: quantiles of durations, in memory that does not grow with their number."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from math import ceil, log

SHORTEST_SECS = 0.001
"""What is shorter counts as no time at all."""
LONGEST_SECS = 86_400.0
"""What is longer counts as this."""
GROWTH = 1.1
"""By how much each bucket is wider than the one below it."""
RELATIVE_ERROR = (GROWTH - 1) / (GROWTH + 1)
"""How far a quantile is from the duration it stands for, at most: 4.8 % of it."""

_BUCKETS = ceil(log(LONGEST_SECS / SHORTEST_SECS) / log(GROWTH))
_BOUNDS = [SHORTEST_SECS * GROWTH**number for number in range(_BUCKETS)]
"""The shortest duration of each bucket."""
_VALUES = [bound * 2 * GROWTH / (1 + GROWTH) for bound in _BOUNDS]
"""The duration a bucket stands for: as far from its lower bound as from its upper one, in parts of either."""
NONE_AT_ALL = -1
"""The bucket of what took no time: the one below the first bound."""


class Quantiles:
    """Counts of durations in buckets that grow by a tenth, from a millisecond to a day: 192 at most, only those in use.

    A quantile comes out within `RELATIVE_ERROR` of the true one; no time at all, and what is below a millisecond,
    comes out as 0. Takes 0.2 kB with nothing in it, and 10 kB with something in every bucket.
    """

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    @property
    def count(self) -> int:
        """How many durations there are."""
        return sum(self._counts.values())

    def add(self, seconds: float) -> None:
        """Count a duration."""
        counts, bucket = self._counts, bisect_right(_BOUNDS, seconds) - 1
        counts[bucket] = counts.get(bucket, 0) + 1

    def copy(self) -> Quantiles:
        """The same, to be counted on separately."""
        copy = Quantiles()
        copy._counts = self._counts.copy()
        return copy

    def merge(self, other: Quantiles) -> None:
        """Count what the other has counted, too."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count

    def take_away(self, other: Quantiles) -> None:
        """Forget what the other has counted. Raises KeyError or ValueError if not all of it was counted here."""
        for bucket, count in other._counts.items():
            left = self._counts[bucket] - count
            if left < 0:
                raise ValueError(f"{-left} more are taken away than there were")
            if left:
                self._counts[bucket] = left
            else:
                del self._counts[bucket]

    def quantile(self, q: float) -> float | None:
        """The shortest duration, in seconds, that a part `q` (0 to 1) of all did not exceed; None without any."""
        return self.quantiles((q,))[0]

    def quantiles(self, qs: Iterable[float]) -> tuple[float | None, ...]:
        """As `quantile`, for several at once."""
        if not self._counts:
            return tuple(None for _ in qs)
        buckets = sorted(self._counts)
        up_to = list(accumulate(self._counts[bucket] for bucket in buckets))
        return tuple(self._value(buckets[bisect_left(up_to, max(1, ceil(q * up_to[-1])))]) for q in qs)

    @staticmethod
    def _value(bucket: int) -> float:
        return 0.0 if bucket == NONE_AT_ALL else _VALUES[bucket]
