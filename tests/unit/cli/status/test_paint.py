"""Pieces of text beside each other, in colours or not."""

from __future__ import annotations

import pytest

from llmlb.cli.status.paint import Piece, clipped, in_rows, painted


def test_a_style_ends_with_its_piece() -> None:
    line = (Piece("a", "error"), Piece(" b "), Piece("c", "dim"))
    assert painted(line, colors=True) == "\x1b[31ma\x1b[0m b \x1b[2mc\x1b[0m"
    assert painted(line, colors=False) == "a b c"


@pytest.mark.parametrize(
    ("most", "kept"), [(8, "abc 日本"), (7, "abc 日…"), (5, "abc …"), (4, "abc…"), (2, "a…"), (0, "")]
)
def test_a_line_that_is_too_long_is_cut_by_columns(most: int, kept: str) -> None:
    line = (Piece("abc", "bold"), Piece(" 日本"))
    assert painted(clipped(line, most), colors=False).rstrip() == kept


def test_parts_go_beside_each_other_as_far_as_there_is_room() -> None:
    parts = [(Piece("aaaa"),), (Piece("日本"),), (Piece("c"), Piece("c"))]
    rows = [painted(line, colors=False) for line in in_rows(parts, 11)]
    assert rows == ["aaaa   日本", "cc"]
    assert [painted(line, colors=False) for line in in_rows(parts, 3)] == ["aa…", "日…", "cc"]
