"""Bars of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.cli.status.bars import WIDE, bar


@pytest.mark.parametrize(
    ("part", "mark", "drawn"),
    [
        (0, 0, ""),
        (0.5, 0, "━━━━━━━━"),
        (0.03, 0, "╸"),
        (1, 0, "━━━━━━━━━━━━━━━━"),
        (0.25, 0.5, "━━━━    │"),
        (0.5, 0.25, "━━━━│━━━"),
        (0.5, 0.5, "━━━━━━━━│"),
        (0, 1, "               │"),
    ],
)
def test_it_is_as_long_as_the_part_and_the_stroke_is_where_the_mark_is(part: float, mark: float, drawn: str) -> None:
    assert bar(part, mark) == drawn


@given(st.floats(-1, 2), st.floats(-1, 2))
def test_it_is_never_wider_than_the_whole(part: float, mark: float) -> None:
    assert len(bar(part, mark)) <= WIDE
    assert bar(part, mark).count("│") == (mark > 0)
