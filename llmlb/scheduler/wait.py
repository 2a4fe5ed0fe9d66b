"""When: the plan played through with service times drawn from what was seen.

Each draw lets the requests in service end, and gives each request of the plan in turn the node that is free first,
for as long as predicted times a drawn ratio. The estimate is the median of the draws. Those that will have timed out
by their turn are skipped. Sums concentrate: the further away, the fewer draws are needed, and beyond `STEPS` the rest
is taken to last as long as predicted, shared by all nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heapreplace
from typing import NamedTuple

from llmlb.scheduler.ratios import Ratios

STAGES = ((8, 16), (32, 8), (96, 4))
"""So deep with so many draws: the outer ones are dropped at each, which leaves the median where it is."""
STEPS = STAGES[-1][0]
_STRIDE = 0.6180339887498949


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


class Step(NamedTuple):
    """A request of the plan."""

    model: str
    secs: float
    """Predicted, on a node of speed 1."""
    deadline: float


def wait(nodes: Sequence[Node], ahead: Sequence[Step], rest: float, model: str, ratios: Ratios, now: float) -> float:
    """Seconds until a request for `model` is given to a node. At least one of the nodes serves it.

    `ahead`: the requests before it, `STEPS` at most; `rest`: what those after them add up to, in predicted seconds.
    Costs some 600 steps, however long the queue.
    """
    draws, table = _draws(nodes, ratios, now)
    done = 0
    for depth, kept in STAGES:
        draws = _middle(draws, kept, model)
        steps = ahead[done:depth]
        for draw in draws:
            draw.play(steps, table[draw.offset + done : draw.offset + done + len(steps)])
        done += len(steps)
        if done == len(ahead):
            break
    return max(0.0, _median(draws, model) - now) + rest * ratios.mean / len(nodes)


def waits(nodes: Sequence[Node], times: float, steps: Sequence[Step], ratios: Ratios, now: float) -> Iterator[float]:
    """For each of these, which come one after another, what `wait` says: all for what one of them costs.

    Each node stands for so many `times` one, and so does each request. Their models are all served by some node.
    """
    draws, table = _draws(nodes, ratios, now)
    mean, rest, played = ratios.mean, 0.0, 0
    medians: dict[str, float] = {}
    for number, step in enumerate(steps):
        while played < int(number / times):
            one = steps[int(played * times)]
            if played < STEPS:
                draws = _middle(draws, next(kept for depth, kept in STAGES if played < depth), one.model)
                for draw in draws:
                    draw.play((one,), (table[draw.offset + played],))
                medians.clear()
            else:
                rest += one.secs * mean / len(nodes)
            played += 1
        median = medians.get(step.model)
        if median is None:
            median = medians[step.model] = _median(draws, step.model)
        yield max(0.0, median - now) + rest


def _draws(nodes: Sequence[Node], ratios: Ratios, now: float) -> tuple[list[_Draw], list[float]]:
    """The draws before anything is played, and the ratios they play with."""
    table, count = ratios.table(), STAGES[0][1]
    draws = [_Draw(nodes, ratios, (n + 0.5) / count, len(table) * n // count, now) for n in range(count)]
    return draws, table * (2 + STEPS // len(table))


def _middle(draws: list[_Draw], kept: int, model: str) -> list[_Draw]:
    """So many of them: those that are neither among the soonest nor among the latest."""
    if kept >= len(draws):
        return draws
    draws.sort(key=lambda draw: draw.first(model))
    return draws[(len(draws) - kept) // 2 :][:kept]


def _median(draws: Sequence[_Draw], model: str) -> float:
    """When a node for this model is free."""
    firsts = sorted(draw.first(model) for draw in draws)
    return (firsts[(len(firsts) - 1) // 2] + firsts[len(firsts) // 2]) / 2


class _Draw:
    """One way it may turn out: when each node is free next."""

    __slots__ = ("_fitting", "_heaps", "offset")

    def __init__(self, nodes: Sequence[Node], ratios: Ratios, u: float, offset: int, now: float) -> None:
        self.offset = offset
        """Where in the table of ratios it begins."""
        self._heaps: dict[frozenset[str], list[tuple[float, float]]] = {}
        """By set of models, the nodes: when each is free, and how fast it is."""
        self._fitting: dict[str, list[list[tuple[float, float]]]] = {}
        """By model, the heaps of the nodes that serve it."""
        for node in nodes:
            free = node.free_at
            if node.expected:
                free = now + ratios.remaining(node.expected, node.elapsed, u)
                u = (u + _STRIDE) % 1.0
            self._heaps.setdefault(node.models, []).append((free, node.speed))
        for heap in self._heaps.values():
            heapify(heap)

    def first(self, model: str) -> float:
        """When a node for this model is free."""
        return min(self._of(model))[0][0]

    def play(self, steps: Sequence[Step], ratios: Sequence[float]) -> None:
        """Serve these, one after another. Such as no node can serve, and such as have timed out, take no time."""
        if len(self._heaps) == 1:
            (heap,) = self._heaps.values()
            for (_, secs, deadline), ratio in zip(steps, ratios, strict=True):
                free, speed = heap[0]
                if free <= deadline:
                    heapreplace(heap, (free + secs * ratio * speed, speed))
            return
        for (model, secs, deadline), ratio in zip(steps, ratios, strict=True):
            heaps = self._fitting.get(model)
            if heaps is None:
                heaps = self._of(model)
            if not heaps:
                continue
            heap = heaps[0]
            for other in heaps:
                if other[0] < heap[0]:
                    heap = other
            free, speed = heap[0]
            if free <= deadline:
                heapreplace(heap, (free + secs * ratio * speed, speed))

    def _of(self, model: str) -> list[list[tuple[float, float]]]:
        heaps = self._fitting.get(model)
        if heaps is None:
            heaps = self._fitting[model] = [heap for models, heap in self._heaps.items() if model in models]
        return heaps
