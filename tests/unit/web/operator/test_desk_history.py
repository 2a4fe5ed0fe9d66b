"""The past hour of a node as a band."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.nodes.states import STATES
from llmlb.web.operator.desk_history import HEIGHT, STACK, bands, summary

RECTANGLE = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)H(\d+)z")


def painted(columns: Sequence[Mapping[str, float]]) -> dict[tuple[int, int], str]:
    """The state at each column and height from below, as the paths draw it; no place is drawn twice."""
    seen: dict[tuple[int, int], str] = {}
    for state, path in zip(STACK, bands(columns), strict=True):
        assert RECTANGLE.sub("", path) == ""
        for found in RECTANGLE.finditer(path):
            left, top, width, height, back = map(int, found.groups())
            assert back == left
            for x in range(left, left + width):
                for y in range(HEIGHT - top - height, HEIGHT - top):
                    assert (x, y) not in seen
                    seen[x, y] = state
    return seen


def test_every_state_has_its_place_in_the_band() -> None:
    assert set(STACK) == set(STATES)


def test_columns_that_are_alike_are_one_rectangle() -> None:
    paths = dict(zip(STACK, bands([{}, {"busy": 1.0}, {"busy": 1.0}, {"offline": 1.0}]), strict=True))
    assert paths["busy"] == "M1 0h2v10H1z"
    assert paths["offline"] == "M3 0h1v10H3z"
    assert not any(paths[state] for state in STACK if state not in ("busy", "offline"))


def test_parts_are_stacked_from_below() -> None:
    seen = painted([{"offline": 0.5, "busy": 0.3, "idle": 0.2}])
    assert [seen[0, y] for y in range(HEIGHT)] == ["busy"] * 3 + ["idle"] * 2 + ["offline"] * 5


@given(st.lists(st.dictionaries(st.sampled_from(STACK), st.integers(1, 30), max_size=4), max_size=12))
def test_a_column_that_was_looked_at_is_filled_and_others_are_not(looks: list[dict[str, int]]) -> None:
    columns = [{state: count / sum(column.values()) for state, count in column.items()} for column in looks]
    seen = painted(columns)
    for x, column in enumerate(columns):
        drawn = [seen.get((x, y)) for y in range(HEIGHT)]
        assert (None in drawn) == (not column)
        for state, part in column.items():
            assert abs(drawn.count(state) - part * HEIGHT) <= 1.0


def test_the_time_it_was_looked_at_is_summed_up_in_words() -> None:
    columns = [{}, {"busy": 1.0}, {"busy": 0.5, "idle": 0.5}, {"busy": 0.996, "offline": 0.004}]
    assert summary(columns, "en") == "In service 83%, Free 17%, Offline <1%"
    assert summary(columns, "ja") == "処理中 83%、空き 17%、オフライン <1%"


@pytest.mark.parametrize("columns", [[], [{}, {}]])
def test_what_was_never_looked_at_says_so(columns: list[dict[str, float]]) -> None:
    assert summary(columns, "en") == "No history yet."
    assert not any(bands(columns))
