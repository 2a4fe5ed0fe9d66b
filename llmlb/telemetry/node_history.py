"""How nodes have been in the past hour: busy, idle, gone, half a minute after half a minute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from llmlb.clock import Clock
from llmlb.telemetry.timeline import STEP_SECS, STEPS

MOST_STATES = 8
"""States that are told apart; nodes have seven."""
_MOST_LOOKS = 255
_ROW = bytes(STEPS * MOST_STATES)
_NOBODY_LOOKED = bytes(MOST_STATES)

Columns = tuple[Mapping[str, float], ...]
_UNKNOWN: Columns = ({},) * STEPS


class NodeHistory:
    """In which part of the looks at it a node was in which state, by steps of `STEP_SECS`, as in `Timeline`.

    A node takes one kilobyte, and as much again once somebody has asked for it. One that has not been seen for an
    hour is forgotten.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._number = int(clock.now() // STEP_SECS)
        self._rows: dict[str, bytearray] = {}
        """By node, for each step (a ring of them) how many looks found it in each state."""
        self._places: dict[str, int] = {}
        """The place of each state among the counts of a step."""
        self._past: dict[str, tuple[int, Columns]] = {}
        """The columns of steps that are over, of nodes that somebody has asked for, and the step after them."""

    def sample(self, states: Iterable[tuple[str, str]]) -> None:
        """Each node, by its id, is in this state now. To be told once a second."""
        self._move_on()
        rows, places, begin = self._rows, self._places, self._number % STEPS * MOST_STATES
        for node, state in states:
            row = rows.get(node)
            if row is None:
                row = rows[node] = bytearray(_ROW)
            place = places.get(state)
            if place is None:
                place = self._place(state)
            if row[begin + place] < _MOST_LOOKS:
                row[begin + place] += 1

    def columns(self, node: str) -> Columns:
        """Exactly `STEPS`, oldest first, the last one not over yet: the part of each state, from 0 to 1.

        Empty where nobody looked; a node that is not known has empty ones only.
        """
        self._move_on()
        row = self._rows.get(node)
        if row is None:
            return _UNKNOWN
        states, present = tuple(self._places), self._number
        known, past = self._past.get(node, (None, ()))
        if known == present - 1:
            past = (*past[1:], _column(row, known, states))
        elif known != present:
            past = tuple(_column(row, number, states) for number in range(present - STEPS + 1, present))
        self._past[node] = (present, past)
        return (*past, _column(row, present, states))

    def _place(self, state: str) -> int:
        """The place of a state that was not seen before."""
        place = len(self._places)
        if place == MOST_STATES:
            raise ValueError(f"more than {MOST_STATES} states, one of them {state!r}")
        self._places[state] = place
        return place

    def _move_on(self) -> None:
        number = int(self._clock.now() // STEP_SECS)
        if number <= self._number:
            return
        for new in range(max(self._number + 1, number - STEPS + 1), number + 1):
            begin = new % STEPS * MOST_STATES
            for row in self._rows.values():
                row[begin : begin + MOST_STATES] = _NOBODY_LOOKED
        self._number = number
        for node in [node for node, row in self._rows.items() if row == _ROW]:
            del self._rows[node]
            self._past.pop(node, None)


def _column(row: bytearray, number: int, states: tuple[str, ...]) -> Mapping[str, float]:
    begin = number % STEPS * MOST_STATES
    return _parts(bytes(row[begin : begin + MOST_STATES]), states)


@lru_cache(maxsize=4096)
def _parts(counts: bytes, states: tuple[str, ...]) -> Mapping[str, float]:
    """The part that each state has of the looks. Most steps are alike, so they share what comes out."""
    looks = sum(counts)
    return {state: count / looks for state, count in zip(states, counts, strict=False) if count}
