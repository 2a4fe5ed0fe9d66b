"""`python -m benchmarks.fairness`: every promise about fairness and estimates, measured and held against its target."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

from benchmarks import (
    backlog,
    bound,
    costs,
    drain,
    estimates,
    flood,
    live,
    losses,
    order,
    pictures,
    results,
    retries,
    shares,
    stranded,
)
from benchmarks.given import new_file
from benchmarks.results import Measured
from benchmarks.rows import TRACE, Line, Missing, Row, Scale
from benchmarks.table import shown

PARTS = (order, bound, backlog, flood, losses, shares, stranded, live, drain, estimates, retries, costs)
ROWS: tuple[Row, ...] = tuple(row for part in PARTS for row in part.ROWS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a target is not met."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.write and (given.quick or given.only):
        parser.error("--write is for all rows at their full length")
    scale = Scale(quick=given.quick, trace=given.trace)
    done: list[Measured] = []
    for row in ROWS:
        if given.only and row.name not in given.only:
            continue
        begin = monotonic()
        lines = measured(row, scale)
        done.append(Measured(row, lines, monotonic() - begin))
        print(shown(row, lines, scale), flush=True)
    judged = [line.met for one in done for line in one.lines if line.met is not None]
    print(f"{sum(judged)} of {len(judged)} targets met, in {sum(one.secs for one in done):.0f} s")
    where = results.about()
    if given.write:
        results.FOLDER.mkdir(exist_ok=True)
        (results.FOLDER / "fairness.md").write_text(results.as_markdown(done, scale, where), encoding="utf-8")
    for path in [given.json] if given.json else [results.FOLDER / "fairness.json"] if given.write else []:
        path.write_text(results.as_json(done, scale, where), encoding="utf-8")
    if given.plots:
        for path in pictures.draw(given.plots):
            print(path)
    return 0 if all(judged) else 1


def measured(row: Row, scale: Scale) -> Sequence[Line]:
    """The lines of a row; one that says why where it cannot be measured."""
    try:
        return row.run(scale)
    except Missing as reason:
        return [Line(what=row.title, measured=f"not measured: {reason}")]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="this row; may be repeated")
    parser.add_argument("--quick", action="store_true", help="short runs, only to see that everything works")
    parser.add_argument("--trace", type=Path, default=TRACE, help="the recorded trace (default: %(default)s)")
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write everything as JSON")
    parser.add_argument("--write", action="store_true", help="write the results that are kept, in benchmarks/results")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="draw the pictures of docs/fairness.md")
    return parser


if __name__ == "__main__":
    sys.exit(main())
