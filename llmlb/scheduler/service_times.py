"""How long services take: rolling means of the finished ones."""

from __future__ import annotations

from collections import OrderedDict, deque

WINDOW = 64
"""Finished requests a mean is taken over."""
MOST_MODELS = 1000
"""Models remembered; the one unheard of for longest is forgotten."""


class Mean:
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


class ServiceTimes:
    """Mean seconds of service per model, and over all."""

    def __init__(self, default_secs: float) -> None:
        self.default_secs = default_secs
        """Assumed until the first request has finished."""
        self._all = Mean()
        self._models: OrderedDict[str, Mean] = OrderedDict()

    @property
    def known(self) -> bool:
        """Whether any request has finished."""
        return self._all.value is not None

    def add(self, model: str, seconds: float) -> None:
        """A request for `model` took its node `seconds`."""
        self._all.add(seconds)
        self._models.setdefault(model, Mean()).add(seconds)
        self._models.move_to_end(model)
        if len(self._models) > MOST_MODELS:
            self._models.popitem(last=False)

    def expected(self, model: str) -> float:
        """Seconds a request for `model` is expected to take."""
        mean = self._models.get(model)
        value = mean.value if mean is not None else self._all.value
        return self.default_secs if value is None else value

    def remaining(self, model: str, elapsed: float) -> float:
        """Seconds a request in service since `elapsed` is expected to take still.

        One that is overdue is given a quarter of what it has had: the longer it runs, the longer it will.
        """
        expected = self.expected(model)
        return expected - elapsed if elapsed < expected else max(expected, elapsed) / 4
