"""A workload from a CSV file: a header, then one request a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import attrs

from llmlb.config.rules import Number, Rule, Unfit, Whole
from llmlb.config.words import LABEL, MODEL_NAME
from llmlb.simulate.flaws import Flaw, InputError
from llmlb.simulate.job import Job
from llmlb.simulate.reading import read_text
from llmlb.simulate.workload import Arrival

MOST_FLAWS = 1000
"""After so many the rest of the file is not looked at: it is some other kind of file."""
COLUMNS: Mapping[str, Rule] = {
    "arrival_s": Number(0, 1e10),
    "prompt_tokens": Whole(0, 100_000_000),
    "output_tokens": Whole(0, 100_000_000),
    "service_s": Number(0, 1e6),
    "key": LABEL,
    "model": MODEL_NAME,
}
LONGEST_SECS = 10_000_000.0
"""From the first arrival to the last: a hundred days and more."""
BYTES_PER_TOKEN = 4
"""A prompt's bytes, from which the scheduler guesses what it will cost, are not recorded."""


@attrs.frozen
class Pace:
    """What a request of so many tokens takes on a node of speed 1, where no column `service_s` says it."""

    overhead_secs: float = 0.2
    prompt_rate: float = 2000.0
    """Prompt tokens per second."""
    output_rate: float = 40.0
    """Output tokens per second."""

    def secs(self, prompt: int, output: int) -> float:
        """Node-seconds."""
        return self.overhead_secs + prompt / self.prompt_rate + output / self.output_rate


@attrs.frozen
class Recorded:
    """What a file holds."""

    arrivals: tuple[Arrival, ...] = attrs.field(repr=False)
    """In the order of time, the first at 0."""
    keyed: bool = True
    """Whether it says whose each request was."""
    late: int = 0
    """How many lines stood after one with a later arrival."""
    skipped: int = 0
    """Lines that hold no request."""


def read_trace(path: Path, pace: Pace) -> Recorded:
    """The requests in a trace. Raises InputError with everything that is wrong."""
    file = str(path)
    rows = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    flaws: list[Flaw] = []
    arrivals: list[Arrival] = []
    header: list[str] | None = None
    for line, row in _numbered(rows, file, flaws):
        if header is None:
            header = [name.strip().lower() for name in row]
            flaws += _wrong_header(header, file, line)
            if flaws:
                raise InputError(flaws)
        elif len(row) != len(header):
            values = {"count": len(row), "wanted": len(header)}
            flaws.append(Flaw(reason="wrong_width", where=file, line=line, values=values))
        else:
            arrivals += _arrival(dict(zip(header, row, strict=True)), pace, file, line, flaws)
        if len(flaws) >= MOST_FLAWS:
            break
    if not flaws and not arrivals:
        flaws = [Flaw(reason="no_rows" if header else "empty", where=file)]
    if flaws:
        raise InputError(flaws)
    assert header is not None
    check_span([arrival.at for arrival in arrivals], file)
    late = sum(after.at < before.at for before, after in pairwise(arrivals))
    return Recorded(from_zero(arrivals), "key" in header, late)


def check_span(times: Sequence[float], file: str) -> None:
    """Raises InputError when they are too far apart to be one workload: milliseconds, or two files in one."""
    if max(times) - min(times) > LONGEST_SECS:
        raise InputError([Flaw(reason="too_long", where=file, values={"most": f"{LONGEST_SECS:.0f}"})])


def from_zero(arrivals: list[Arrival]) -> tuple[Arrival, ...]:
    """The arrivals in the order of time, counted from the first. Those of one moment keep their order."""
    arrivals.sort(key=lambda arrival: arrival.at)
    return tuple(Arrival(arrival.at - arrivals[0].at, arrival.job) for arrival in arrivals)


def _numbered(rows: Iterator[list[str]], file: str, flaws: list[Flaw]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not blank, each with the line it begins on."""
    line = 1
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            flaws.append(Flaw(reason="not_csv", where=file, line=line))
            return
        if any(cell.strip() for cell in row):
            yield line, row
        line = rows.line_num + 1  # type: ignore[attr-defined]


def _wrong_header(header: list[str], file: str, line: int) -> list[Flaw]:
    needed = ["arrival_s"] if "service_s" in header else ["arrival_s", "prompt_tokens", "output_tokens"]
    missing = [name for name in needed if name not in header]
    if missing:
        if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
            return [Flaw(reason="no_commas", where=file, line=line)]
        values = {"missing": ", ".join(missing), "columns": ", ".join(COLUMNS)}
        return [Flaw(reason="missing_columns", where=file, line=line, values=values)]
    twice = [name for name in COLUMNS if header.count(name) > 1]
    return [Flaw(reason="column_twice", where=file, line=line, name=name) for name in twice]


def _arrival(cells: dict[str, str], pace: Pace, file: str, line: int, flaws: list[Flaw]) -> Iterator[Arrival]:
    found: dict[str, float | int | str] = {}
    before = len(flaws)
    for name, rule in COLUMNS.items():
        cell = cells.get(name, "").strip()
        if name not in cells or (not cell and name in ("key", "model")):
            continue
        try:
            found[name] = rule.check(rule.read(cell))
        except Unfit:
            flaws.append(Flaw(reason="unfit", where=file, line=line, name=name, given=cell, rule=rule))
    if len(flaws) > before:
        return
    prompt, output = int(found.get("prompt_tokens", 0)), int(found.get("output_tokens", 0))
    secs = float(found["service_s"]) if "service_s" in found else pace.secs(prompt, output)
    tokens = prompt + output if "prompt_tokens" in found and "output_tokens" in found else None
    job = Job(str(found.get("key", "")), str(found.get("model", "")), secs, prompt * BYTES_PER_TOKEN, tokens)
    yield Arrival(float(found["arrival_s"]), job)
