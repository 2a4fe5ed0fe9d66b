"""What was measured of one peer in one round, and what many rounds of it say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import attrs


@attrs.frozen
class Found:
    """The values of one case of a measure."""

    case: str
    values: Mapping[str, float]
    errors: Mapping[str, int] = attrs.field(factory=dict)
    """Answers that were none, by status. A number of a peer that fails is no number."""


@attrs.frozen
class Sample:
    """What was found of a peer in a round."""

    measure: str
    peer: str
    round: int
    found: Found


@attrs.frozen
class Spread:
    """Of several rounds."""

    middle: float
    """The median."""
    least: float
    most: float
    count: int


def spread(values: Iterable[float]) -> Spread | None:
    """None of none."""
    there = sorted(values)
    return Spread(median(there), there[0], there[-1], len(there)) if there else None


@attrs.frozen
class Value:
    """Names a figure: of which peer, in which case, and what."""

    peer: str
    case: str
    name: str


class Samples:
    """All that was measured so far."""

    def __init__(self, samples: Iterable[Sample] = ()) -> None:
        self.all: list[Sample] = [*samples]

    def add(self, measure: str, peer: str, number: int, found: Iterable[Found]) -> None:
        """Take down what a round brought."""
        self.all += [Sample(measure, peer, number, one) for one in found]

    def of(self, measure: str, value: Value) -> dict[int, float]:
        """A figure by round. Rounds with errors count, but see `errors`."""
        return {
            one.round: one.found.values[value.name]
            for one in self.all
            if (one.measure, one.peer, one.found.case) == (measure, value.peer, value.case)
            and value.name in one.found.values
        }

    def spread(self, measure: str, value: Value) -> Spread | None:
        """A figure over all rounds."""
        return spread(self.of(measure, value).values())

    def ratio(self, measure: str, value: Value, base: Value) -> Spread | None:
        """A figure by another, round by round: those of a round were measured within minutes."""
        above, below = self.of(measure, value), self.of(measure, base)
        # What a peer adds can be less than nothing on a busy machine; a ratio of that would say nothing.
        known = (number for number, figure in above.items() if figure >= 0 and below.get(number, 0.0) > 0)
        return spread(above[number] / below[number] for number in known)

    def below(self, measure: str, value: Value, base: Value) -> Spread | None:
        """By how much a figure is below another, round by round."""
        low, high = self.of(measure, value), self.of(measure, base)
        return spread(high[number] - low[number] for number in low if number in high)

    def errors(self, measure: str, peer: str, case: str) -> dict[str, int]:
        """Of all rounds."""
        total: dict[str, int] = {}
        for one in self.all:
            if (one.measure, one.peer, one.found.case) == (measure, peer, case):
                for status, count in one.found.errors.items():
                    total[status] = total.get(status, 0) + count
        return total

    def cases(self, measure: str) -> Sequence[str]:
        """In the order in which they were measured."""
        return list(dict.fromkeys(one.found.case for one in self.all if one.measure == measure))

    def peers(self, measure: str) -> Sequence[str]:
        """In the order in which they came first, llmlb before all others."""
        found = dict.fromkeys(one.peer for one in self.all if one.measure == measure)
        return sorted(found, key=lambda peer: not peer.startswith("llmlb"))
