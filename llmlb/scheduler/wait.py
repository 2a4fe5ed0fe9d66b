"""When: the plan played through with service times drawn from what was seen.

Each draw lets the requests in service end, and gives each request of the plan in turn the node that is free first,
for as long as predicted times a drawn ratio. The estimate is the median of the draws. Those that will have timed out
by their turn are skipped. Sums concentrate: the further away, the fewer draws are needed, and beyond `STEPS` the rest
is taken to last as long as predicted, shared by all nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heapreplace
from math import inf

import attrs

from llmlb.scheduler.ratios import Ratios

STAGES = ((16, 16), (48, 8), (128, 4))
"""So deep with so many draws: the outer ones are dropped at each, which leaves the median where it is."""
STEPS = STAGES[-1][0]
_STRIDE = 0.6180339887498949


@attrs.frozen
class Node:
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


@attrs.frozen
class Step:
    """A request of the plan."""

    model: str
    secs: float
    """Predicted, on a node of speed 1."""
    deadline: float


def wait(nodes: Sequence[Node], ahead: Sequence[Step], rest: float, model: str, ratios: Ratios, now: float) -> float:
    """Seconds until a request for `model` is given to a node. At least one of the nodes serves it.

    `ahead`: the requests before it, `STEPS` at most; `rest`: what those after them add up to, in predicted seconds.
    Costs some 800 steps, however long the queue.
    """
    table = ratios.table()
    draws = [
        _Draw(nodes, ratios, (number + 0.5) / STAGES[0][1], len(table) * number // STAGES[0][1], now)
        for number in range(STAGES[0][1])
    ]
    done = 0
    for depth, kept in STAGES:
        if kept < len(draws):
            draws.sort(key=lambda draw: draw.first(model))
            draws = draws[(len(draws) - kept) // 2 :][:kept]
        steps = ahead[done:depth]
        for draw in draws:
            draw.play(steps, table, done)
        done += len(steps)
        if done == len(ahead):
            break
    firsts = sorted(draw.first(model) for draw in draws)
    median = (firsts[(len(firsts) - 1) // 2] + firsts[len(firsts) // 2]) / 2
    return max(0.0, median - now) + rest * ratios.mean / len(nodes)


class _Draw:
    """One way it may turn out: when each node is free next."""

    __slots__ = ("_offset", "heaps")

    def __init__(self, nodes: Sequence[Node], ratios: Ratios, u: float, offset: int, now: float) -> None:
        self._offset = offset
        self.heaps: dict[frozenset[str], list[tuple[float, float]]] = {}
        """By set of models, the nodes: when each is free, and how fast it is."""
        for node in nodes:
            at = node.free_at
            if node.expected:
                at = now + ratios.remaining(node.expected, node.elapsed, u)
                u = (u + _STRIDE) % 1.0
            self.heaps.setdefault(node.models, []).append((at, node.speed))
        for heap in self.heaps.values():
            heapify(heap)

    def first(self, model: str) -> float:
        """When a node for this model is free."""
        return min(heap[0][0] for models, heap in self.heaps.items() if model in models)

    def play(self, steps: Sequence[Step], table: Sequence[float], done: int) -> None:
        """Serve these, one after another. Such as no node can serve, and such as have timed out, take no time."""
        at, size = self._offset + done, len(table)
        if len(self.heaps) == 1:
            (heap,) = self.heaps.values()
            for step in steps:
                free, speed = heap[0]
                if free <= step.deadline:
                    heapreplace(heap, (free + step.secs * table[at % size] * speed, speed))
                at += 1
            return
        for step in steps:
            fitting = [heap for models, heap in self.heaps.items() if step.model in models]
            heap = min(fitting, key=_next, default=[(inf, 1.0)])
            free, speed = heap[0]
            if free <= step.deadline and free < inf:
                heapreplace(heap, (free + step.secs * table[at % size] * speed, speed))
            at += 1


def _next(heap: list[tuple[float, float]]) -> tuple[float, float]:
    return heap[0]
