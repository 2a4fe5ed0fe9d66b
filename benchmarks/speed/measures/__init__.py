"""What is measured, one file each."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.measures import latency, requests
from benchmarks.speed.measures.measure import Measure

MEASURES: Sequence[Measure] = (requests.MEASURE, latency.MEASURE)
