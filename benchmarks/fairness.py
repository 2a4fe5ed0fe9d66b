"""`python -m benchmarks.fairness`: every promise about fairness and estimates, measured and held against its target."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import backlog, bound, costs, drain, estimates, flood, live, losses, order, retries, shares, stranded
from benchmarks.rows import TRACE, Line, Missing, Row, Scale
from benchmarks.table import shown

PARTS = (order, bound, backlog, flood, losses, shares, stranded, live, drain, estimates, retries, costs)
ROWS: tuple[Row, ...] = tuple(row for part in PARTS for row in part.ROWS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a target is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="this row; may be repeated")
    parser.add_argument("--quick", action="store_true", help="short runs, only to see that everything works")
    parser.add_argument("--trace", type=Path, default=TRACE, help="the recorded trace (default: %(default)s)")
    given = parser.parse_args(arguments)
    scale = Scale(quick=given.quick, trace=given.trace)
    missed = 0
    for row in ROWS:
        if given.only and row.name not in given.only:
            continue
        lines = measured(row, scale)
        missed += sum(line.met is False for line in lines)
        print(shown(row, lines, scale), flush=True)
    return 1 if missed else 0


def measured(row: Row, scale: Scale) -> Sequence[Line]:
    """The lines of a row; one that says why where it cannot be measured."""
    try:
        return row.run(scale)
    except Missing as reason:
        return [Line(what=row.title, measured=f"not measured: {reason}")]


if __name__ == "__main__":
    sys.exit(main())
