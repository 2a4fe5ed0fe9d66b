"""`python -m benchmarks.scale`: nodes, waiting clients, keys and streams by the hundred and thousand. Some minutes."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from time import monotonic

from benchmarks import results
from benchmarks.results import Measured
from benchmarks.rows import Line, Row, Scale
from benchmarks.scale.many_keys import many_keys
from benchmarks.scale.many_nodes import many_nodes
from benchmarks.scale.many_streams import many_streams
from benchmarks.scale.many_waiting import all_served, all_timed_out
from benchmarks.table import shown

TITLE = "Scale, measured"


def nodes(scale: Scale) -> Sequence[Line]:
    """A thousand nodes."""
    return asyncio.run(many_nodes(100, 200) if scale.quick else many_nodes(1000, 3000))


def waiting(scale: Scale) -> Sequence[Line]:
    """Ten thousand wait and are served."""
    return asyncio.run(all_served(500 if scale.quick else 10_000))


def deadlines(scale: Scale) -> Sequence[Line]:
    """Ten thousand wait and are not served."""
    return asyncio.run(all_timed_out(500, 5) if scale.quick else all_timed_out(10_000, 90))


def keys(scale: Scale) -> Sequence[Line]:
    """A thousand keys come and go, ten times."""
    return asyncio.run(many_keys(200, 3) if scale.quick else many_keys(1000, 10))


def streams(scale: Scale) -> Sequence[Line]:
    """Two hundred streams."""
    return asyncio.run(many_streams(50, 20) if scale.quick else many_streams(200, 100))


ROWS = (
    Row("nodes", "1,000 nodes", nodes),
    Row("waiting", "10,000 waiting clients of 100 keys on 20 nodes: all are served", waiting),
    Row("deadlines", "10,000 waiting clients of 100 keys on 20 nodes: none is served", deadlines),
    Row("keys", "1,000 keys come and go, again and again", keys),
    Row("streams", "200 streams at once", streams),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 where a target is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="this row; may be repeated")
    parser.add_argument("--quick", action="store_true", help="small numbers, only to see that everything works")
    parser.add_argument("--write", action="store_true", help="write the results that are kept, in benchmarks/results")
    given = parser.parse_args(arguments)
    if given.write and (given.quick or given.only):
        parser.error("--write is for all rows at their full length")
    scale = Scale(quick=given.quick)
    done: list[Measured] = []
    for row in ROWS:
        if given.only and row.name not in given.only:
            continue
        begin = monotonic()
        lines = row.run(scale)
        done.append(Measured(row, lines, monotonic() - begin))
        print(shown(row, lines, scale), flush=True)
    judged = [line.met for one in done for line in one.lines if line.met is not None]
    print(f"{sum(judged)} of {len(judged)} targets met, in {sum(one.secs for one in done):.0f} s")
    if given.write:
        where = results.about()
        results.FOLDER.mkdir(exist_ok=True)
        text = results.as_markdown(done, scale, where, title=TITLE, command="benchmarks.scale")
        (results.FOLDER / "scale.md").write_text(text, encoding="utf-8")
        (results.FOLDER / "scale.json").write_text(results.as_json(done, scale, where), encoding="utf-8")
    return 0 if all(judged) else 1


if __name__ == "__main__":
    sys.exit(main())
