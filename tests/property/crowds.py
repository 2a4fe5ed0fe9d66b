"""Keys, what their requests take and are guessed at, and when they come."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle

import attrs
import hypothesis.strategies as st

from llmlb.scheduler.prices import Cost
from tests.property.plant import Plant

Habit = list[tuple[float, float]]
"""Seconds of a key's requests, true and guessed, over and over."""


@attrs.frozen
class Crowd:
    """Keys that come to nodes which all serve the same."""

    nodes: int
    weights: dict[str, float]
    longest: float
    """No request takes, or is guessed at, more seconds."""
    quantum: float
    """0: automatic."""
    habits: dict[str, Habit]
    arrivals: list[tuple[float, str, int]]
    """The pause before it, in lengths of the longest request; the key; how many."""

    def as_guessed(self) -> Crowd:
        """The same, with every request guessed at what it takes."""
        habits = {key: [(true, true) for true, _ in habit] for key, habit in self.habits.items()}
        return attrs.evolve(self, habits=habits)

    def plant(self, cost: Cost = "seconds") -> Plant:
        """Before anything has come."""
        nodes = {f"n{number}": "m" for number in range(self.nodes)}
        if cost == "request":
            return Plant(nodes, cost=cost)
        return Plant(nodes, self.weights, quantum=self.quantum)

    def next_of(self, key: str) -> Callable[[], tuple[float, float]]:
        """What the key's requests take, one after another."""
        habit = cycle(self.habits[key])
        return lambda: next(habit)

    def expect(self, plant: Plant) -> float:
        """All arrivals are to come, from now on. Returns when the last will."""
        nexts = {key: self.next_of(key) for key in self.weights}
        when = plant.now
        for pause, key, many in self.arrivals:
            when += pause * self.longest
            plant.at(when, partial(_send, plant, key, many, nexts[key]))
        return when

    def played(self, cost: Cost = "seconds") -> Plant:
        """After all arrivals. What they brought is over where costs are seconds; by request some of it still waits."""
        plant = self.plant(cost)
        plant.run(self.expect(plant))
        if cost == "seconds":
            plant.run()
        return plant

    def bound(self, plant: Plant, one: str, other: str) -> float:
        """How far two keys that both always wait come apart, per weight, once each has had a turn since."""
        own = self.longest / self.weights[one] + self.longest / self.weights[other]
        unfinished = max(self.longest, plant.most_quantum / 4)
        return plant.most_quantum + own + 2 * (self.nodes - 1) * unfinished * self._spread(one, other)

    def bound_from_return(self, plant: Plant, one: str, other: str) -> float:
        """The same from the moment at which one of them begins to wait."""
        more = 0.49 * plant.most_quantum + self.longest
        return self.bound(plant, one, other) + more * self._spread(one, other)

    def _spread(self, one: str, other: str) -> float:
        return max(1 / self.weights[one], 1 / self.weights[other])


def _send(plant: Plant, key: str, many: int, secs: Callable[[], tuple[float, float]]) -> None:
    for _ in range(many):
        plant.send(key, *secs())


EIGHTHS = st.integers(0, 8).map(lambda number: number / 8)
WEIGHT = st.sampled_from([1.0, 2.0, 4.0])


def habits(longest: float) -> st.SearchStrategy[Habit]:
    """True costs from the floor to the longest; guesses anything above 0 up to it."""
    pairs = st.lists(st.tuples(EIGHTHS, EIGHTHS), min_size=1, max_size=3)
    return pairs.map(lambda pairs: [(1 + (longest - 1) * a, max(0.01, longest * b)) for a, b in pairs])


@st.composite
def crowds(draw: st.DrawFn, nodes: st.SearchStrategy[int], most: int = 25) -> Crowd:
    """Up to five keys, of weights 1, 2 and 4, that come in bursts with and without pauses."""
    names = "ABCDE"[: draw(st.integers(2, 5))]
    longest = draw(st.sampled_from([2.0, 4.0, 6.0]))
    pause = st.sampled_from([0.0, 0.0, 0.4, 1.0, 3.7])
    arrival = st.tuples(pause, st.sampled_from(names), st.sampled_from([1, 2, 3, 8, 12]))
    return Crowd(
        draw(nodes),
        {name: draw(WEIGHT) for name in names},
        longest,
        draw(st.sampled_from([0.0, 1.0, longest, 12.0])),
        {name: draw(habits(longest)) for name in names},
        draw(st.lists(arrival, min_size=4, max_size=most)),
    )
