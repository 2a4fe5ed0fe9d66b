"""Pictures for the documents: what weights do, and a flood with fairness and without."""

from __future__ import annotations

from pathlib import Path

from benchmarks.worlds import alike, settings
from llmlb.config.model import Config
from llmlb.messages import Locale
from llmlb.simulate.drive import drive
from llmlb.simulate.measure import measure
from llmlb.simulate.mix import make_mix
from llmlb.simulate.plot import plot
from llmlb.simulate.report import Tried
from llmlb.simulate.workload import Workload

SEED = 1
LENGTH_SECS = 1800.0
LANGUAGES: tuple[tuple[Locale, str], ...] = (("en", ""), ("ja", ".ja"))
WEIGHTS = {"weight-1": 1.0, "weight-2": 2.0, "weight-4": 4.0}


def weights(length: float) -> list[Tried]:
    """Three keys that always want more, and one of them is away for a while."""
    client = "closed=12, mean=3, cv=0.5"
    specs = [f"{key}: {client}" for key in ("weight-1", "weight-2")]
    specs += [f"weight-4: {client}, stop={length / 3}", f"weight-4: {client}, start={2 * length / 3}"]
    return [_tried("1 : 2 : 4", 6, settings(weights=WEIGHTS), make_mix(specs, length, SEED))]


def flood(length: float) -> list[Tried]:
    """Three light keys beside one that asks for twice what there is from a quarter of the time on."""
    specs = [f"light-{number}: rate=0.06, mean=3" for number in (1, 2, 3)]
    specs.append(f"flood: rate=0.5, mean=8, start={length / 4}, stop={3 * length / 4}")
    workload = make_mix(specs, length, SEED)
    return [
        _tried("enable_fairness = true", 2, settings(), workload),
        _tried("enable_fairness = false", 2, settings(fair=False), workload),
    ]


def draw(folder: Path, length: float = LENGTH_SECS) -> list[Path]:
    """Write the pictures, English and Japanese, and say where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, tried in (("fairness-shares", weights(length)), ("fairness-waits", flood(length))):
        for locale, suffix in LANGUAGES:
            path = folder / f"{name}{suffix}.svg"
            path.write_text(plot(tried, locale), encoding="utf-8")
            written.append(path)
    return written


def _tried(name: str, count: int, config: Config, workload: Workload) -> Tried:
    run = drive(config, alike(count), workload)
    return Tried(name, run, measure(run))
