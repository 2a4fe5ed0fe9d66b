"""The mean of the last few values."""

from __future__ import annotations

from collections import deque

WINDOW = 64
"""Values a mean is taken over."""


class RollingMean:
    """The mean of the last `WINDOW` values."""

    __slots__ = ("_sum", "_values")

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=WINDOW)
        self._sum = 0.0

    def add(self, value: float) -> None:
        """Take a value in, the oldest out."""
        if len(self._values) == WINDOW:
            self._sum -= self._values[0]
        self._values.append(value)
        self._sum += value

    @property
    def value(self) -> float | None:
        """The mean; None before the first value."""
        return max(0.0, self._sum / len(self._values)) if self._values else None
