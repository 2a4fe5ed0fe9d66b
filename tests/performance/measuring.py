"""Takes the steps of each way, and counts."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.performance.figures import Figures, Measured
from tests.performance.tally import ROOT, Tally
from tests.performance.ways import WAYS, Way

WARM_UP = 120
STEPS = 100
SETTLING, LONG = 100, 400
"""Steps until what is remembered of former requests is nearly all there is room for, and a round of its clearing up."""
EVENTS = ("callbacks", "timers", "tasks", "client writes", "node writes")
"""What the event loop, the clock and the transports are asked for."""
LEAST_CALLS = 0.5
"""A step, for a function to be named."""


def measure() -> Figures:
    """Everything. Takes some seconds."""
    found: Figures = {}
    gc.disable()  # what it calls, and frees, would come by chance
    try:
        for name, way in WAYS.items():
            with TemporaryDirectory() as folder, way(Path(folder)) as ready:
                found[name] = _measure(ready)
    finally:
        gc.enable()
    return found


def _measure(way: Way) -> Measured:
    _take(way, WARM_UP)
    loop = way.stage.loop
    loop.tally = Tally()
    loop.events.clear()
    _take(way, STEPS)
    functions = loop.tally.by_function()
    figures = {"calls": sum(functions.values()) / STEPS}
    figures |= {event: loop.events[event] / STEPS for event in EVENTS}
    loop.tally = None
    figures |= {"kept bytes": _bytes(way)} if way.keeps else _left(way)
    often = {name: round(calls / STEPS, 2) for name, calls in functions.items() if calls >= LEAST_CALLS * STEPS}
    return Measured({name: round(value, 2) for name, value in figures.items()}, dict(sorted(often.items())))


def _take(way: Way, steps: int) -> None:
    for _ in range(steps):
        way.step()


def _left(way: Way) -> dict[str, float]:
    """What stays behind after a step: objects that wait for the garbage collector, and blocks of memory in all."""
    _take(way, SETTLING)
    way.stage.tidy()
    gc.collect()
    before = sys.getallocatedblocks()
    _take(way, LONG)
    way.stage.tidy()
    blocks = sys.getallocatedblocks() - before
    return {"garbage": gc.collect() / LONG, "kept blocks": blocks / LONG}


def _bytes(way: Way) -> float:
    """Bytes that the gateway keeps after a step."""
    tracemalloc.start()
    _take(way, STEPS)
    snapshot = tracemalloc.take_snapshot()
    tracemalloc.stop()
    ours = snapshot.filter_traces([tracemalloc.Filter(inclusive=False, filename_pattern=f"{ROOT}/tests/*")])
    return sum(trace.size for trace in ours.traces) / STEPS
