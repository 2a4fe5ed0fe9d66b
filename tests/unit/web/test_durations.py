"""Lengths of time as people read them."""

from __future__ import annotations

import pytest

from llmlb.web.durations import age, moment


def test_an_age_is_told_in_its_largest_unit() -> None:
    assert [age(n, "en") for n in (-1, 0.5, 59.9, 3600, 86400 * 3)] == ["0 s", "0 s", "59 s", "1 h", "3 d"]
    assert age(125, "ja") == "2分"


@pytest.mark.parametrize(
    ("seconds", "japanese", "english"),
    [
        (-0.2, "0秒", "0 s"),
        (0.99, "0秒", "0 s"),
        (59.99, "59秒", "59 s"),
        (60, "1分", "1 min"),
        (185, "3分5秒", "3 min 5 s"),
        (3599, "59分59秒", "59 min 59 s"),
        (3600, "1時間", "1 h"),
        (3601, "1時間", "1 h"),
        (8000, "2時間13分", "2 h 13 min"),
        (86_400, "1日", "1 d"),
        (200_000, "2日7時間", "2 d 7 h"),
    ],
)
def test_what_goes_on_is_told_in_two_units_at_most(seconds: float, japanese: str, english: str) -> None:
    assert moment(seconds, "ja") == japanese
    assert moment(seconds, "en") == english
