"""The recorded trace, thinned to a load and given to keys."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import attrs

from benchmarks.rows import Missing, Scale
from benchmarks.worlds import alike
from llmlb.simulate.sampling import thinned, with_keys
from llmlb.simulate.trace import Pace, read_trace
from llmlb.simulate.workload import Arrival, Workload

KEYS, SKEW = 20, 1.1
QUICK_SECS = 300.0


@lru_cache(maxsize=1)
def _read(path: Path) -> tuple[Arrival, ...]:
    return read_trace(path, Pace()).arrivals


def traced(scale: Scale, count: int, load: float, seed: int) -> Workload:
    """The trace at this load of `count` nodes, its requests given to twenty keys. Raises Missing where it is not."""
    if not scale.trace.exists():
        raise Missing(f"{scale.trace} is not there (--trace names another)")
    arrivals = _read(scale.trace)
    if scale.quick:
        arrivals = tuple(arrival for arrival in arrivals if arrival.at < QUICK_SECS)
    workload = Workload(with_keys(arrivals, KEYS, SKEW, seed), arrivals[-1].at)
    return thinned(workload, alike(count), load, seed)


def light_keys(workload: Workload) -> frozenset[str]:
    """The keys with least work, as many as make up at most a quarter of it."""
    work: dict[str, float] = {}
    for arrival in workload.arrivals:
        work[arrival.job.key] = work.get(arrival.job.key, 0.0) + arrival.job.secs
    light, left = set(), sum(work.values()) / 4
    for key in sorted(work, key=lambda key: work[key]):
        left -= work[key]
        if left < 0:
            break
        light.add(key)
    return frozenset(light)


def bursty(workload: Workload, every: float, within: float) -> Workload:
    """The same requests, those of every stretch of `every` seconds pressed into its first `within` seconds."""
    squeezed = (
        attrs.evolve(arrival, at=arrival.at // every * every + arrival.at % every * within / every)
        for arrival in workload.arrivals
    )
    return attrs.evolve(workload, arrivals=tuple(squeezed))
