"""What somebody who looked at the gateway has seen, as lines of the table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rows import Line, judged
from benchmarks.scale.looks import PATHS, Looking
from benchmarks.scale.stage import Stage
from llmlb.simulate.measure import quantile

MS = 1000.0
LOOK_MS = 100.0
"""Within which everything that is no request must be answered."""


def looks_of(looking: Looking, phase: str, what: str) -> Sequence[Line]:
    """A line for each path."""
    lines = []
    for path in PATHS:
        secs = looking.secs(phase, path)
        if secs:
            note = f"median {quantile(secs, 0.5) * MS:.1f}, of {len(secs)}"
            most = secs[-1] * MS
            lines.append(judged(f"{path}, {what}: slowest", most, most=LOOK_MS, unit=" ms", note=note))
    return lines


def some_fail(on: Stage) -> Line:
    """What it logged besides the usual."""
    lines = on.log()
    return judged("unusual lines in its log", len(lines), most=0, digits=0, note=str(lines[:3]) if lines else "")
