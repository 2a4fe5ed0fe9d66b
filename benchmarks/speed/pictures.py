"""The pictures of docs/performance.md, drawn from what was measured."""

from __future__ import annotations

from pathlib import Path

from benchmarks.program import ROOT
from benchmarks.speed.bars import bars
from benchmarks.speed.curves import curves
from benchmarks.speed.samples import Samples
from llmlb.messages import Locale

FOLDER = ROOT / "docs" / "images"
LANGUAGES: tuple[tuple[Locale, str], ...] = (("en", ""), ("ja", ".ja"))


def draw(samples: Samples, folder: Path) -> list[Path]:
    """Write the pictures, English and Japanese, and say where they are."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, drawn in (("speed-peers", bars), ("speed-growth", curves)):
        for locale, suffix in LANGUAGES:
            path = folder / f"{name}{suffix}.svg"
            path.write_text(drawn(samples, locale), encoding="utf-8")
            written.append(path)
    return written
