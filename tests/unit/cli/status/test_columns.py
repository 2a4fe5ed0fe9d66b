"""Columns that give way."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from llmlb.cli.status.columns import Column, column, lines_of
from llmlb.cli.status.paint import painted
from llmlb.simulate.table import width


def drawn(columns: Sequence[Column], most: int) -> list[str]:
    return [painted(line, colors=False) for line in lines_of(columns, most)]


NAME = column("NAME", ["a-long-name", "日本語の名前"], least=6)
COUNT = column("COUNT", ["1", "1,000"], right=True, goes=1)
STATE = column("STATE", ["idle", "busy"], goes=2)


def test_everything_is_shown_where_there_is_room() -> None:
    assert drawn([NAME, COUNT, STATE], 80) == [
        "NAME          COUNT  STATE",
        "a-long-name       1  idle",
        "日本語の名前  1,000  busy",
    ]


def test_long_names_give_way_first() -> None:
    assert drawn([NAME, COUNT, STATE], 21) == [
        "NAME     COUNT  STATE",
        "a-long…      1  idle",
        "日本語…  1,000  busy",
    ]


def test_of_those_the_less_important_ones_are_cut_first() -> None:
    both = [column("A", ["x" * 12], least=4), column("B", ["y" * 12], least=4, goes=1)]
    assert drawn(both, 20)[1] == "x" * 12 + "  " + "yyyyy…"
    assert drawn(both, 14)[1] == "xxxxxxx…  yyy…"


def test_a_very_long_one_gives_way_before_any() -> None:
    both = [column("A", ["x" * 40], least=4), column("B", ["y" * 12], least=4, goes=1)]
    assert drawn(both, 38)[1] == "x" * 23 + "…  " + "y" * 12
    assert drawn(both, 34)[1] == "x" * 23 + "…  " + "y" * 7 + "…"


def test_then_the_less_important_columns_go() -> None:
    assert drawn([NAME, COUNT, STATE], 15) == ["NAME      COUNT", "a-long-…      1", "日本語…   1,000"]
    assert drawn([NAME, COUNT, STATE], 9) == ["NAME", "a-long-n…"[:8] + "…", "日本語の…"]


def test_what_is_empty_takes_no_column() -> None:
    assert drawn([NAME, column("WHY", ["", ""])], 80)[0] == "NAME"


def test_there_are_no_spaces_at_the_end_of_a_line() -> None:
    assert drawn([NAME, column("WHY", ["", "x"])], 80)[1] == "a-long-name"


names = st.lists(st.text(min_size=1, max_size=30), min_size=2, max_size=2)


@given(names, names, st.integers(12, 60))
def test_no_line_is_wider_than_the_terminal(left: list[str], right: list[str], most: int) -> None:
    both = [column("LEFT", left, least=4), column("RIGHT", right, least=5, goes=1)]
    assert all(width(line) <= most and line.isprintable() for line in drawn(both, most))
