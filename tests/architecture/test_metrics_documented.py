"""docs/metrics.md has every metric as it is, and no other; its queries ask for what exists."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from llmlb.gateway.audit import CHECKS
from llmlb.nodes.states import STATES
from llmlb.telemetry.exposition import CATALOGUE, Family
from llmlb.telemetry.metrics import BOUNDS
from llmlb.telemetry.record import Outcome

ROOT = Path(__file__).parents[2]
DOCUMENTATION = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(?:promql|yaml)\n(.*?)```", DOCUMENTATION, re.DOTALL)
VALUES = {
    "outcome": {outcome.value for outcome in Outcome},
    "state": set(STATES),
    "wait": {"shorter", "longer"},
    "check": set(CHECKS),
}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its two first lines."""
    section = DOCUMENTATION.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = section[section.index("| name |") :].splitlines()[2:]
    return [re.split(r"\s*\|\s*", line)[1:-1] for line in takewhile(lambda line: line.startswith("|"), lines)]


def row(family: Family) -> list[str]:
    return [f"`{family.name}`", family.kind, ", ".join(f"`{label}`" for label in family.labels), family.help]


def series(family: Family) -> set[str]:
    """The names under which the values of a metric can be asked for."""
    if family.kind == "histogram":
        return {f"{family.name}_{part}" for part in ("bucket", "sum", "count")}
    return {family.name}


def test_every_metric_is_documented_as_it_is_where_it_belongs() -> None:
    assert rows("For anyone") == [row(family) for family in CATALOGUE if "key" not in family.labels]
    assert rows("By key") == [row(family) for family in CATALOGUE if "key" in family.labels]


def test_no_other_metric_is_spoken_of() -> None:
    known = {name for family in CATALOGUE for name in (family.name, *series(family))}
    for file in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        named = set(re.findall(r"\bllmlb_[a-z_]+\b", file.read_text(encoding="utf-8")))
        assert named <= known, file


@pytest.mark.parametrize("label", VALUES)
def test_every_value_of_a_label_is_named(label: str) -> None:
    (sentence,) = re.findall(rf"^- `{label}` is (.*?)[;.\n]", DOCUMENTATION, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", sentence)) == VALUES[label]


def test_the_bounds_of_the_buckets_are_those_of_the_code() -> None:
    (sentence,) = re.findall(r"buckets of (.*?) seconds", DOCUMENTATION)
    assert tuple(map(float, re.split(", | and ", sentence))) == BOUNDS


def test_there_are_three_queries_and_an_alert() -> None:
    assert len(re.findall(r"^```promql$", DOCUMENTATION, re.MULTILINE)) >= 3
    assert "- alert: " in DOCUMENTATION


@pytest.mark.parametrize("block", [block for block in BLOCKS if "llmlb_" in block])
def test_a_query_asks_for_series_labels_and_values_that_exist(block: str) -> None:
    asked = re.findall(r"\b(llmlb_[a-z_]+)(?:\{(.*?)\})?", block)
    assert asked
    for name, matchers in asked:
        (family,) = (family for family in CATALOGUE if name in series(family))
        for label, values in re.findall(r'(\w+)=~?"(.*?)"', matchers):
            assert label in family.labels
            assert set(values.split("|")) <= VALUES[label]
    assert set(re.findall(r"by \((\w+)\)", block)) <= {"key", "le"}
    for opened, closed in ("()", "[]", "{}"):
        assert block.count(opened) == block.count(closed)
