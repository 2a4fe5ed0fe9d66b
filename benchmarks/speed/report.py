"""What was measured as tables: medians, spread in brackets, and llmlb by its peers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from benchmarks.rows import Line
from benchmarks.speed.campaign import Campaign
from benchmarks.speed.goal import OURS
from benchmarks.speed.measures.measure import Figure, Measure
from benchmarks.speed.samples import Samples, Spread, Value
from benchmarks.table import HEADER, cells

BASES = ("minimal", "haproxy")


@attrs.frozen
class Table:
    """Columns under a heading."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        """For a terminal."""
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in self._all())
        return "\n".join([self.title, *(f"  {line}".rstrip() for line in lines), ""])

    def markdown(self) -> str:
        """For a document."""
        first, *rest = ("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in self._all())
        aligned = "| --- |" + " ---: |" * (len(self.header) - 1)
        return "\n".join([self.title, "", first, aligned, *rest, ""])

    def _all(self) -> Iterable[Sequence[str]]:
        return [self.header, *self.rows]


def tables(measure: Measure, samples: Samples) -> list[Table]:
    """A table for each figure of a measure."""
    peers = samples.peers(measure.name)
    bases = [peer for peer in BASES if peer in peers and OURS in peers]
    made = []
    for figure in measure.figures:
        rows = []
        for case in samples.cases(measure.name):
            values = [_value(measure, samples, peer, case, figure) for peer in peers]
            ratios = [_ratio(measure, samples, base, case, figure) for base in bases]
            if any(values):
                rows.append([case, *values, *ratios])
        there = [at for at in range(1, 1 + len(peers) + len(bases)) if any(row[at] for row in rows)]
        header = ["", *peers, *(f"{OURS} / {base}" for base in bases)]
        if rows:
            unit = f", {figure.unit}" if figure.unit else ""
            title = f"{measure.title}: {figure.title}{unit}"
            made.append(
                Table(title, [header[at] for at in (0, *there)], [[row[at] for at in (0, *there)] for row in rows])
            )
    return made


def goals(lines: Sequence[Line]) -> Table:
    """How the goals stand."""
    return Table("Goals", HEADER, [cells(line) for line in lines])


def problems(made: Campaign) -> list[str]:
    """What could not be measured, and answers that were none."""
    said = [f"{one.measure}, {one.peer}, round {one.round + 1}: {one.why}" for one in made.problems]
    for measure, peer, case in dict.fromkeys((one.measure, one.peer, one.found.case) for one in made.samples.all):
        if errors := made.samples.errors(measure, peer, case):
            listed = ", ".join(f"{count} x {status}" for status, count in errors.items())
            said.append(f"{measure}, {peer}, {case}: wrong answers: {listed}")
    return said


def _value(measure: Measure, samples: Samples, peer: str, case: str, figure: Figure) -> str:
    found = samples.spread(measure.name, Value(peer, case, figure.name))
    if found is None:
        return ""
    mark = " (!)" if samples.errors(measure.name, peer, case) else ""
    return shown(found, figure.digits) + mark


def _ratio(measure: Measure, samples: Samples, base: str, case: str, figure: Figure) -> str:
    over = Value(base, case, figure.name)
    found = samples.ratio(measure.name, Value(OURS, case, figure.name), over)
    return shown(found, 2) if found is not None else ""


def shown(found: Spread, digits: int) -> str:
    """The median, and in brackets the least and the most."""
    middle = f"{found.middle:,.{digits}f}"
    return middle if found.count == 1 else f"{middle} ({found.least:,.{digits}f}–{found.most:,.{digits}f})"
