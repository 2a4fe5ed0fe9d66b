"""Paths and scales of drawings."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.web.charts import HEIGHT, area, blocks, line, stack, top_of_counts, top_of_seconds

Values = list[float | None]


@pytest.mark.parametrize(
    ("most", "top"),
    [(0, 2), (1, 2), (2, 2), (2.1, 4), (5, 6), (7, 8), (9, 10), (11, 20), (41, 60), (100, 100), (1493, 2000)],
)
def test_a_scale_of_counts_ends_at_a_number_whose_half_is_round_too(most: float, top: int) -> None:
    assert top_of_counts(most) == top


@pytest.mark.parametrize(
    ("most", "top"),
    [
        (0, 1),
        (0.2, 1),
        (1.4, 2),
        (7, 10),
        (45, 60),
        (61, 120),
        (290, 360),
        (3000, 3600),
        (3601, 7200),
        (30_000, 36_000),
    ],
)
def test_a_scale_of_time_ends_where_people_count(most: float, top: int) -> None:
    assert top_of_seconds(most) == top


@given(st.floats(min_value=0, max_value=1e9))
def test_a_scale_reaches_the_most_and_wastes_little_of_the_height(most: float) -> None:
    for top in (top_of_counts(most), top_of_seconds(most)):
        assert top >= most
        assert top % 2 == 0 or top == 1
        assert top <= max(2, 2 * most + 1e-9)


def test_a_line_goes_through_the_middles_of_the_steps() -> None:
    assert line([0, 5, 10], top=10) == "M0.5 400l1-200 1-200"


def test_a_line_breaks_where_nothing_is_known_and_one_value_alone_is_a_dot() -> None:
    assert line([None, 10, None, 0, 0], top=10) == "M1.5 0h0M3.5 400l1+0"
    assert line([None], top=10) == ""


def test_an_area_stands_on_zero_and_is_as_wide_as_its_step_at_least() -> None:
    assert area([5, 10, None, 10], top=10) == "M0.5 400V200l1-200V400zM3 400V0h1V400z"


def test_bars_stand_on_those_below_and_none_is_drawn_for_nothing() -> None:
    assert stack([[1, 0], [0, 2], [3, 2]], top=4) == ("M0.5 400V300", "M1.5 400V200", "M0.5 300V0M1.5 200V0")


def test_stretches_of_time_are_blocks_of_the_full_height() -> None:
    assert blocks([True, True, False, True]) == "M0 0h2v400h-2zM3 0h1v400h-1z"
    assert blocks([False]) == ""


@given(st.lists(st.one_of(st.none(), st.floats(min_value=0, max_value=500)), max_size=60))
def test_what_is_drawn_stays_within_the_drawing(values: Values) -> None:
    top = top_of_counts(max((value for value in values if value is not None), default=0))
    height = 0
    steps = 0
    for command, x, y in re.findall(r"([Ml ])(\d+(?:\.5)?)([ +-]\d+)", line(values, top)):
        height = int(y) if command == "M" else height + int(y)
        steps += 1
        assert 0 <= height <= HEIGHT
        assert command != "M" or 0 < float(x) < len(values)
    assert steps == sum(value is not None for value in values)
