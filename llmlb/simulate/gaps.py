"""How far keys that always had something waiting were served apart, and how far they may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from llmlb.simulate.watch import Service

STEP_SECS = 2.0
MOST_STEPS = 20_000
"""Service is looked at every two seconds; in a run that is longer than eleven hours, so many times."""
RECENT = 50
"""Finished requests of which the automatic quantum is the mean."""

Spans = Sequence[tuple[float, float]]


def largest_gap(
    services: Iterable[Service],
    backlogs: Mapping[str, Spans],
    weights: Mapping[str, float],
    groups: Iterable[Sequence[str]],
    *,
    start: float = 0.0,
    until: float,
) -> float | None:
    """The most, in node-seconds per weight, by which two keys of a group were served apart while both always waited.

    Over all intervals within `start` and `until` in which both had something waiting all the time; what runs counts by
    the time it has run; looked at every two seconds or more. None when there was no such interval.
    """
    step = max(STEP_SECS, (until - start) / MOST_STEPS)
    steps = int((until - start) / step) + 1
    chosen = [list(group) for group in groups]
    keys = {key for group in chosen for key in group}
    had = {key: _had([s for s in services if s.key == key], start, step, steps) for key in keys}
    waits = {key: _runs(backlogs.get(key, ()), start, step, steps) for key in keys}
    worst: float | None = None
    for group in chosen:
        for one, other in combinations(group, 2):
            by_one, by_other = weights.get(one, 1.0), weights.get(other, 1.0)
            mine, others = had[one], had[other]
            for first, last in _both(waits[one], waits[other]):
                apart = [mine[at] / by_one - others[at] / by_other for at in range(first, last + 1)]
                gap = max(apart) - min(apart)
                worst = gap if worst is None else max(worst, gap)
    return worst


def gap_bound(
    services: Sequence[Service],
    weights: Mapping[str, float],
    groups: Iterable[Sequence[str]],
    nodes: int,
    quantum: float,
) -> float:
    """What `largest_gap` can be at most: Q + C/w_i + C/w_j + 2 (N - 1) C max(1/w_i, 1/w_j).

    C is the longest service, at least a second, and Q the quantum: as configured, or (0) the largest mean of fifty
    consecutive ones.
    """
    longest = max((service.end - service.start for service in services), default=0.0)
    costs = [max(1.0, service.end - service.start) for service in services]
    turn = quantum or _largest_mean(costs)
    longest = max(1.0, longest)
    pairs = [pair for group in groups for pair in combinations(group, 2)]
    light = [sorted((weights.get(one, 1.0), weights.get(other, 1.0))) for one, other in pairs]
    return max(
        (turn + longest / a + longest / b + 2 * (nodes - 1) * longest / a for a, b in light), default=turn + 2 * longest
    )


def _largest_mean(costs: Sequence[float]) -> float:
    recent: deque[float] = deque(maxlen=RECENT)
    most, total = 1.0, 0.0
    for cost in costs:
        total += cost - (recent[0] if len(recent) == RECENT else 0.0)
        recent.append(cost)
        most = max(most, total / len(recent))
    return most


def _had(services: Iterable[Service], start: float, width: float, steps: int) -> list[float]:
    """Service had until each look."""
    slope = [0.0] * (steps + 2)
    level = [0.0] * (steps + 2)
    for service in services:
        for moment, sign in ((service.start, 1.0), (service.end, -1.0)):
            at = (moment - start) / width
            look = min(max(0, int(at) + 1 if at >= 0 else 0), steps + 1)
            # From the next look on it is so much further, and goes on by a step's length each.
            level[look] += sign * (look - at) * width
            slope[look] += sign
    had, running, now = [], 0.0, 0.0
    for step in range(steps):
        now += running * width + level[step]
        running += slope[step]
        had.append(now)
    return had


def _runs(spans: Spans, start: float, width: float, steps: int) -> list[tuple[int, int]]:
    """The looks, first and last, at which a key was waiting, and had been since the one before."""
    found = []
    for begin, end in spans:
        first = max(0, -int((start - begin) // width))
        last = min(steps - 1, int((end - start) // width))
        if first < last:
            found.append((first, last))
    return found


def _both(one: Sequence[tuple[int, int]], other: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    at = to = 0
    while at < len(one) and to < len(other):
        first, last = max(one[at][0], other[to][0]), min(one[at][1], other[to][1])
        if first < last:
            yield first, last
        if one[at][1] < other[to][1]:
            at += 1
        else:
            to += 1
