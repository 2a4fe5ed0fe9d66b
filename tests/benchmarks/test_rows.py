from __future__ import annotations

import json

import pytest

from benchmarks.results import Measured, as_json, as_markdown
from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.table import shown


@pytest.mark.parametrize(("value", "met"), [(0.99, False), (1.0, True), (1.5, True), (2.0, True), (2.01, False)])
def test_a_value_is_met_within_its_sides_and_on_them(value: float, met: bool) -> None:
    assert judged("x", value, least=1, most=2).met is met


def test_a_value_without_sides_is_not_judged() -> None:
    line = judged("x", 3)
    assert line.met is None
    assert line.must == ""


def test_a_share_is_shown_in_percent_and_kept_as_it_is() -> None:
    line = judged("x", 0.456, least=0.45, scale=100, unit=" %", digits=0, note="some")
    assert (line.must, line.measured) == (">= 45 %", "46 % (some)")
    assert line.values == {"value": 0.456, "least": 0.45}


def test_quick_runs_have_one_seed_and_their_own_length() -> None:
    assert list(Scale(quick=True).seeds(5)) == [1]
    assert list(Scale().seeds(3)) == [1, 2, 3]
    assert (Scale(quick=True).secs(100, 7), Scale().secs(100, 7)) == (7, 100)


def _lines(_: Scale) -> list[Line]:
    return []


ROW = Row("name", "A title", _lines, 3)
LINES = [judged("long enough", 3, most=2, beside="SFQ 4"), judged("short", 1, most=2), Line(what="none", measured="-")]


def test_a_missed_target_stands_out_in_the_table() -> None:
    title, first, second, third, _ = shown(ROW, LINES, Scale()).split("\n")
    assert title == "A title (--only name; seeds 1 to 3)"
    assert first == "  long enough  <= 2.0  3.0       NOT MET  SFQ 4"
    assert second == "  short        <= 2.0  1.0       met"
    assert third.split() == ["none", "-"]


def test_the_document_counts_what_is_met_and_keeps_its_columns() -> None:
    lines = [*LINES, Line(what="a | b", measured="1")]
    document = as_markdown([Measured(ROW, lines, 1.0)], Scale(), {"date": "today"})
    assert "1 of 2 targets met." in document
    assert "- date: today" in document
    rows = [line for line in document.split("\n") if line.startswith("|")]
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}


def test_json_has_seeds_and_values() -> None:
    written = json.loads(as_json([Measured(ROW, LINES, 1.234)], Scale(), {"date": "today"}))
    assert written["date"] == "today"
    (row,) = written["rows"]
    assert row["seeds"] == [1, 2, 3]
    assert row["secs"] == 1.2
    assert row["lines"][0]["values"] == {"value": 3, "most": 2}
