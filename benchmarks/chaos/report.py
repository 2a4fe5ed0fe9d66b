"""What came of a run, as text."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.run import Run

SHOWN = 12


def report(run: Run) -> str:
    """The tables, and whatever is broken."""
    return "\n".join([*_tables(run.ledger), *_peaks(run), *_broken(run)])


def _tables(ledger: Ledger) -> Iterator[str]:
    for name, counts in sorted(ledger.counts.items()):
        if name != "broken":
            yield f"\n{name} ({counts.total()})"
            yield from (f"  {count:>7}  {row}" for row, count in counts.most_common())


def _peaks(run: Run) -> Iterator[str]:
    yield "\nat most"
    yield from (f"  {value:>7}  {name}" for name, value in sorted(run.watch.peaks.items()))
    for number, held in enumerate(run.held):
        yield f"  calm {number}: {held.memory / 1e6:.1f} MB, {held.descriptors} descriptors"


def _broken(run: Run) -> Iterator[str]:
    counts = run.ledger.counts.get("broken")
    if not counts:
        yield f"\nseed {run.seed}: all rules held"
        return
    yield f"\nseed {run.seed}: BROKEN"
    for rule, count in counts.most_common():
        yield f"\n{count:>7}  {rule}"
        for broken in [one for one in run.ledger.broken if one.rule == rule][:SHOWN]:
            yield f"    at {broken.secs:.2f} s, request {broken.id or '-'}: {broken.what}"
            yield from (f"        {line[:2000]}" for line in broken.lines)
