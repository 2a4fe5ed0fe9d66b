"""Lengths of time as people read them."""

from __future__ import annotations

from llmlb.web.durations import age


def test_an_age_is_told_in_its_largest_unit() -> None:
    assert [age(n, "en") for n in (-1, 0.5, 59.9, 3600, 86400 * 3)] == ["0 s", "0 s", "59 s", "1 h", "3 d"]
    assert age(125, "ja") == "2 分"
