"""Whether a refused client that comes back when it was told to finds a place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.worlds import alike, settings
from llmlb.simulate.drive import drive
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Workload

KEYS = 6
SEEDS = 5
RETRIES = 1000
"""A client does not give up."""


def waves(length: float, seed: int) -> Workload:
    """2 a second, and 30 more for 8 s of every 150."""
    specs = [f"key-{key}: rate={2 / KEYS}, mean=1" for key in range(KEYS)]
    start = 150.0
    while start < length:
        specs += [f"key-{key}: rate={30 / KEYS}, mean=1, start={start}, stop={start + 8}" for key in range(KEYS)]
        start += 150.0
    return make_mix(specs, length, seed)


def overload(length: float, seed: int) -> Workload:
    """6 a second, where 4 can be served, for 200 s of every 400."""
    specs, start = [], 0.0
    while start < length:
        specs += [f"key-{key}: rate={6 / KEYS}, mean=1, start={start}, stop={start + 200}" for key in range(KEYS)]
        start += 400.0
    return make_mix(specs, length, seed)


def kept(make: Callable[[float, int], Workload], length: float, seed: int) -> tuple[float, int]:
    """Part of the promises that came true, and how many were made."""
    run = drive(settings(), alike(4), make(length, seed), retries=RETRIES)
    made = [promise.kept for promise in run.promises]
    return (fmean(made), len(made)) if made else (1.0, 0)


def retries(scale: Scale) -> Sequence[Line]:
    """Both workloads."""
    lines = []
    for what, make, least in (("waves", waves, 0.65), ("long overload", overload, 0.50)):
        runs = [kept(make, scale.secs(2400, 400), seed) for seed in scale.seeds(SEEDS)]
        value = sum(part * count for part, count in runs) / max(1, sum(count for _, count in runs))
        note = f"{sum(count for _, count in runs)} of them; seeds " + "/".join(f"{100 * part:.0f}" for part, _ in runs)
        shown = f"Retry-After comes true, {what}"
        lines.append(judged(shown, value, least=least, scale=100, unit=" %", digits=0, note=note))
    return lines


ROWS = (Row("retries", "Retry-After", retries, SEEDS),)
