"""What a request will take, from what similar ones took.

For each model a line in the size of the request, fitted by least squares in which older samples count ever less; times
how this key's requests compare with the line, drawn towards 1 while there are few of them. Never from `max_tokens`:
it is a cap, and clients set it to whatever they like.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import TypeVar

FORGET = 0.99
"""What a sample counts once another has come: a hundred of them make up a mean."""
SHRINK = 5.0
"""So many samples' worth of "no different from others" stand against what a key's or a node's own say."""
ENOUGH = 10.0
"""Samples before a slope is believed."""
MOST = 20.0
"""No prediction is above so many times the mean: a line says little far from where it was fitted."""
REMEMBERED = 2000
"""Models, and pairs of key and model, remembered; those unheard of for longest are forgotten."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Ratio:
    """How values compare with what was expected of them: 1 for as expected, and nearly 1 while they are few."""

    __slots__ = ("_expected", "_n", "_values", "value")

    def __init__(self) -> None:
        self._n = self._values = self._expected = 0.0
        self.value = 1.0

    def add(self, value: float, expected: float) -> None:
        """Take in a sample."""
        self._n = FORGET * self._n + 1
        self._values = FORGET * self._values + value
        self._expected = FORGET * self._expected + expected
        if self._expected > 0.0:
            doubt = SHRINK * self._expected / self._n
            self.value = (self._values + doubt) / (self._expected + doubt)


class Line:
    """Least squares with forgetting: y = a + b x, with neither a nor b below 0."""

    __slots__ = ("_n", "_x", "_xx", "_xy", "_y", "a", "b", "mean", "outcome")

    def __init__(self) -> None:
        self.outcome = Ratio()
        """How all samples came out against the line, each as it came: not quite 1 while things change."""
        self._n = self._x = self._y = self._xx = self._xy = 0.0
        self.a = self.b = 0.0
        self.mean = 0.0
        """The mean of y."""

    def add(self, x: float, y: float) -> None:
        """Take in a sample."""
        self._n = FORGET * self._n + 1
        self._x = FORGET * self._x + x
        self._y = FORGET * self._y + y
        self._xx = FORGET * self._xx + x * x
        self._xy = FORGET * self._xy + x * y
        mean_x, mean_y = self._x / self._n, self._y / self._n
        spread = self._xx - self._x * mean_x
        slope = 0.0
        if self._n >= ENOUGH and spread > 1e-9 * self._xx:
            slope = max(0.0, (self._xy - self._x * mean_y) / spread)
        if slope * mean_x > mean_y:
            slope = mean_y / mean_x
        self.a, self.b, self.mean = max(0.0, mean_y - slope * mean_x), slope, mean_y


class Predictor:
    """Seconds, or tokens, that requests take."""

    def __init__(self, default: float) -> None:
        self.default = default
        """Predicted until the first sample."""
        self._all = Line()
        self._lines: OrderedDict[str, Line] = OrderedDict()
        self._ratios: OrderedDict[tuple[str, str], Ratio] = OrderedDict()
        self.known = False
        """Whether there has been a sample."""

    @property
    def mean(self) -> float:
        """Over all models."""
        return self._all.mean if self.known else self.default

    def knows(self, model: str) -> bool:
        """Whether there has been a sample for this model."""
        return model in self._lines

    def line(self, key: str, model: str) -> tuple[float, float, float]:
        """a, b and the most: a request of this key and model is predicted to take min(a + b size, most)."""
        if not self.known:
            return self.default, 0.0, self.default
        line = self._lines.get(model)
        if line is None:
            return self._all.mean, 0.0, self._all.mean
        ratio = self._ratios.get((key, model))
        if ratio is None:
            return line.a, line.b, MOST * line.mean
        times = ratio.value / line.outcome.value
        return line.a * times, line.b * times, MOST * line.mean * times

    def predict(self, key: str, model: str, size: float) -> float:
        """What a request of this key, model and size will take."""
        a, b, most = self.line(key, model)
        return min(a + b * size, most)

    def learn(self, key: str, model: str, size: float, value: float) -> None:
        """A request of this key, model and size took so much."""
        self.known = True
        self._all.add(size, value)
        line = recent(self._lines, model, Line)
        line.add(size, value)
        expected = line.a + line.b * size
        line.outcome.add(value, expected)
        recent(self._ratios, (key, model), Ratio).add(value, expected)


def recent(kept: OrderedDict[K, V], key: K, new: type[V]) -> V:
    """The entry of this key, made if there is none. The one asked for least recently makes room."""
    value = kept.get(key)
    if value is None:
        value = kept[key] = new()
        if len(kept) > REMEMBERED:
            kept.popitem(last=False)
    else:
        kept.move_to_end(key)
    return value
