"""Service by stretches of time: for the index of fairness and for the picture."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import ceil

from llmlb.simulate.gaps import Spans
from llmlb.simulate.watch import Service

WINDOW_SECS = 300.0


def by_window(services: Iterable[Service], width: float, until: float) -> list[dict[str, float]]:
    """Node-seconds by key in each stretch of `width` seconds; the last may be shorter."""
    windows: list[dict[str, float]] = [defaultdict(float) for _ in range(max(1, ceil(until / width - 1e-9)))]
    for service in services:
        at = int(service.start / width)
        while at < len(windows) and at * width < min(service.end, until):
            begin, end = max(service.start, at * width), min(service.end, (at + 1) * width, until)
            if end > begin:
                windows[at][service.key] += end - begin
            at += 1
    return windows


def jain_indices(
    services: Iterable[Service],
    backlogs: Mapping[str, Spans],
    weights: Mapping[str, float],
    groups: Iterable[Sequence[str]],
    until: float,
    *,
    start: float = 0.0,
) -> list[float]:
    """Jain's index of service per weight, of each whole window of five minutes and each group of keys.

    Taken over the keys of a group that had something waiting all through the window; where there are fewer than two
    there is none. 1 is equal; 1/n is all to one of n. See Jain, Chiu and Hawe, "A quantitative measure of fairness"
    (1984).
    """
    chosen = [list(group) for group in groups]
    found = []
    windows = by_window(services, WINDOW_SECS, until)
    for number, had in enumerate(windows):
        begin, end = number * WINDOW_SECS, (number + 1) * WINDOW_SECS
        if begin < start or end > until:
            continue
        for group in chosen:
            keys = [key for key in group if any(a <= begin and b >= end for a, b in backlogs.get(key, ()))]
            shares = [had.get(key, 0.0) / weights.get(key, 1.0) for key in keys]
            if len(shares) > 1 and any(shares):
                found.append(sum(shares) ** 2 / (len(shares) * sum(share**2 for share in shares)))
    return found
