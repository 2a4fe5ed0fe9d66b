"""What is written down of a measurement: when, of which version, on what, and the table."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from benchmarks.rows import Line, Row, Scale
from benchmarks.table import HEADER, cells, seeds_of
from llmlb import __version__

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "results"


@attrs.frozen
class Measured:
    """A row and its lines, and how long it took."""

    row: Row
    lines: Sequence[Line]
    secs: float


def about() -> dict[str, str]:
    """When, what and where."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "llmlb": f"{__version__} ({_revision()})",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "machine": f"{os.cpu_count()} x {_processor()}, {platform.system()} {platform.machine()}",
        "load": f"{os.getloadavg()[0]:.1f} processes on average at the end",
    }


def as_json(measured: Sequence[Measured], scale: Scale, where: dict[str, str]) -> str:
    """All of it for a machine to read."""
    rows: list[dict[str, Any]] = [
        {
            "row": one.row.name,
            "title": one.row.title,
            "seeds": list(scale.seeds(one.row.seeds)),
            "secs": round(one.secs, 1),
            "lines": [attrs.asdict(line) for line in one.lines],
        }
        for one in measured
    ]
    return json.dumps({**where, "quick": scale.quick, "rows": rows}, indent=1, ensure_ascii=False) + "\n"


def as_markdown(
    measured: Sequence[Measured],
    scale: Scale,
    where: dict[str, str],
    *,
    title: str = "Fairness and estimates, measured",
    command: str = "benchmarks.fairness",
) -> str:
    """All of it as a document."""
    parts = [f"# {title}", "", f"Written by `python -m {command} --write`.", ""]
    parts += [f"- {name}: {value}" for name, value in where.items()]
    judged = [line.met for one in measured for line in one.lines if line.met is not None]
    parts += ["", f"{sum(judged)} of {len(judged)} targets met."]
    for one in measured:
        parts += ["", f"## {one.row.title}", "", f"`--only {one.row.name}`, {seeds_of(one.row, scale)}", ""]
        parts += [_table_row(HEADER), "|" + " --- |" * len(HEADER)]
        parts += [_table_row(cells(line)) for line in one.lines]
    return "\n".join(parts) + "\n"


def _table_row(texts: Sequence[str]) -> str:
    return "| " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"


def _revision() -> str:
    """The commit, with a + where files differ from it."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--exclude=*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() or "no commit"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
