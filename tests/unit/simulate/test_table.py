from __future__ import annotations

from llmlb.simulate.table import cut, table, width


def test_full_width_characters_count_twice_and_marks_not_at_all() -> None:
    assert (width("abc"), width("待機"), width("ｱ"), width("か\u3099")) == (3, 4, 1, 2)
    thai, hangul_in_parts = "\u0e17\u0e35\u0e48", "\u1112\u1161\u11ab"
    assert (width(thai), width(hangul_in_parts)) == (1, 2)


def test_columns_line_up_in_japanese_too() -> None:
    lines = table(["キー", "件数"], [["alice", "3"], None, ["営業部", "120"]]).split("\n")
    assert lines == ["キー    件数", "alice      3", "", "営業部   120"]
    assert {width(line) for line in lines if line} == {12}


def test_what_is_too_long_is_cut_to_fit() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert cut("待機時間", 6) == "待機…"
    assert width(cut("待機時間", 6)) <= 6


def test_a_name_cannot_break_the_table() -> None:
    assert cut("a\nb\x1b[2J", 40) == '"a\\nb\\u001b[2J"'
