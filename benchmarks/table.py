"""The table as text."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rows import Line, Row, Scale

MARKS = {True: "met", False: "NOT MET", None: ""}
HEADER = ("what", "must", "measured", "", "beside")


def cells(line: Line) -> tuple[str, ...]:
    """A line, column by column."""
    return line.what, line.must, line.measured, MARKS[line.met], line.beside


def shown(row: Row, lines: Sequence[Line], scale: Scale) -> str:
    """A row with its lines, in columns."""
    texts = [cells(line) for line in lines]
    widths = [max(len(text) for text in column) for column in zip(HEADER, *texts, strict=True)]
    body = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in texts)
    title = f"{row.title} (--only {row.name}; {seeds_of(row, scale)})"
    return "\n".join([title, *(f"  {text.rstrip()}" for text in body), ""])


def seeds_of(row: Row, scale: Scale) -> str:
    """Which seeds a row was run with."""
    seeds = scale.seeds(row.seeds)
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
