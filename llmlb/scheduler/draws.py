"""The draws from which a wait is estimated: ways it may turn out, played on together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from heapq import heapify, heapreplace
from itertools import repeat
from operator import mul
from typing import NamedTuple

from llmlb.scheduler.ratios import Ratios
from llmlb.scheduler.ticket import Ticket

STAGES = ((8, 16), (32, 8), (96, 4))
"""So deep with so many draws: the outer ones are dropped at each, which leaves the median where it is."""
DRAWS = STAGES[0][1]
STEPS = STAGES[-1][0]
_STRIDE = 0.6180339887498949
_MIDDLE = (0.5,)


class Node(NamedTuple):
    """A node that serves."""

    models: frozenset[str]
    free_at: float
    """When it takes its next request, if it has none."""
    speed: float
    """Seconds it takes for one that is predicted."""
    expected: float = 0.0
    """Seconds its present request was predicted to take; 0 if it has none."""
    elapsed: float = 0.0
    """Seconds it has had that request for."""


Heap = list[tuple[float, float]]
"""Nodes that serve the same models: when each is free next, and how fast it is."""


class Draws:
    """The ways it may turn out, each with when the nodes are free next.

    Nearly all of what an estimate costs is spent here, once for every request that has to wait, so what the draws have
    in common is worked out once for all of them.
    """

    def __init__(self, nodes: Sequence[Node], ratios: Ratios, now: float, *, by_mean: bool = False) -> None:
        """`by_mean`: there is one, in which everything takes its mean."""
        count = 1 if by_mean else DRAWS
        table = [ratios.mean] if by_mean else ratios.table()
        self._ratios = table * (2 + STEPS // len(table))
        self._played = 0
        columns: dict[frozenset[str], list[Iterator[tuple[float, float]]]] = {}
        busy = 0
        for models, free_at, speed, expected, elapsed in nodes:
            if expected:
                frees = ratios.ends(expected, elapsed, now, _MIDDLE if by_mean else _quantiles(busy))
                busy += 1
            else:
                frees = [free_at] * count
            columns.setdefault(models, []).append(zip(frees, repeat(speed)))
        self._kinds = list(columns)
        rows = zip(*(zip(*column, strict=True) for column in columns.values()), strict=True)
        self._draws = [(len(table) * n // count, list(map(_heap, row))) for n, row in enumerate(rows)]
        """Where in the ratios each begins, and its nodes by kind."""
        self._fitting: dict[str, list[int]] = {}
        """By model, the kinds of nodes that serve it."""

    def narrow(self, kept: int, model: str) -> None:
        """Go on with so many: those that are neither among the soonest nor among the latest."""
        draws = self._draws
        if kept < len(draws):
            fitting = self._of(model)
            draws.sort(key=lambda draw: _first(draw[1], fitting))
            self._draws = draws[(len(draws) - kept) // 2 :][:kept]

    def median(self, model: str) -> float:
        """When a node for this model is free."""
        fitting = self._of(model)
        firsts = sorted([_first(heaps, fitting) for _, heaps in self._draws])
        return (firsts[(len(firsts) - 1) // 2] + firsts[len(firsts) // 2]) / 2

    def play(self, tickets: Sequence[Ticket], secs: Sequence[float]) -> None:
        """Serve these, one after another. Such as no node can serve, and such as have timed out, take no time."""
        begin, self._played = self._played, self._played + len(tickets)
        models = [ticket.model for ticket in tickets]
        deadlines = [ticket.deadline for ticket in tickets]
        soonest = min(deadlines)
        for offset, heaps in self._draws:
            ratios = self._ratios[offset + begin : offset + self._played]
            if len(heaps) > 1:
                self._play_kinds(heaps, models, map(mul, secs, ratios), deadlines)
            else:
                heaps[0] = _played(heaps[0], list(map(mul, secs, ratios)), deadlines, soonest)

    def _play_kinds(
        self, heaps: list[Heap], models: Iterable[str], times: Iterable[float], deadlines: Iterable[float]
    ) -> None:
        for model, secs, deadline in zip(models, times, deadlines, strict=True):
            fitting = self._fitting.get(model)
            if fitting is None:
                fitting = self._of(model)
            if not fitting:
                continue
            heap = heaps[fitting[0]]
            for kind in fitting:
                if heaps[kind][0] < heap[0]:
                    heap = heaps[kind]
            free, speed = heap[0]
            if free <= deadline:
                heapreplace(heap, (free + secs * speed, speed))

    def _of(self, model: str) -> list[int]:
        fitting = self._fitting.get(model)
        if fitting is None:
            fitting = self._fitting[model] = [kind for kind, models in enumerate(self._kinds) if model in models]
        return fitting


def _played(heap: Heap, times: Sequence[float], deadlines: Sequence[float], soonest: float) -> Heap:
    """The nodes after these, which all of them can serve: first as if none timed out, as is nearly always so."""
    if len(heap) == 1:
        ((free, speed),) = heap
        last = sum(times, free) if speed == 1.0 else sum([secs * speed for secs in times], free)
        if last <= soonest:
            return [(last, speed)]
    else:
        after = heap.copy()
        for secs in times:
            free, speed = after[0]
            heapreplace(after, (free + secs * speed, speed))
        if after[0][0] <= soonest:
            return after
    for secs, deadline in zip(times, deadlines, strict=True):
        free, speed = heap[0]
        if free <= deadline:
            heapreplace(heap, (free + secs * speed, speed))
    return heap


def _heap(nodes: Iterable[tuple[float, float]]) -> Heap:
    heap = list(nodes)
    heapify(heap)
    return heap


def _first(heaps: Sequence[Heap], fitting: Sequence[int]) -> float:
    return min([heaps[kind][0][0] for kind in fitting])


@cache
def _quantiles(number: int) -> tuple[float, ...]:
    """At which quantile each draw lets the request end that the so-manyth node has."""
    if not number:
        return tuple([(n + 0.5) / DRAWS for n in range(DRAWS)])
    return tuple([(u + _STRIDE) % 1.0 for u in _quantiles(number - 1)])
