"""What is measured, one file each."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.measures import footprint, growth, handover, latency, refusals, requests, streaming, waiting
from benchmarks.speed.measures.measure import Measure

MEASURES: Sequence[Measure] = (
    requests.MEASURE,
    latency.MEASURE,
    handover.MEASURE,
    streaming.MEASURE,
    waiting.MEASURE,
    growth.MEASURE,
    refusals.MEASURE,
    footprint.MEASURE,
)
