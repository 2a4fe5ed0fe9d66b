"""The table as text."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.rows import Line, Row, Scale

MARKS = {True: "met", False: "NOT MET", None: ""}
HEADER = ("what", "must", "measured", "", "beside")


def shown(row: Row, lines: Sequence[Line], scale: Scale) -> str:
    """A row with its lines, in columns."""
    cells = [(line.what, line.must, line.measured, MARKS[line.met], line.beside) for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(HEADER, *cells, strict=True)]
    title = f"{row.title} (--only {row.name}; {seeds_of(row, scale)})"
    body = ("  ".join(cell.ljust(width) for cell, width in zip(cell_row, widths, strict=True)) for cell_row in cells)
    return "\n".join([title, *(f"  {text.rstrip()}" for text in body), ""])


def seeds_of(row: Row, scale: Scale) -> str:
    """Which seeds a row was run with."""
    seeds = scale.seeds(row.seeds)
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
