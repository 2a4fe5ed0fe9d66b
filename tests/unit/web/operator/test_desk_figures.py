"""How the desk writes times, counts and parts."""

from __future__ import annotations

import pytest

from llmlb.messages import Locale
from llmlb.web.operator import desk_figures as figures


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "—"),
        (0.0, "0 s"),
        (0.02, "<0.1 s"),
        (0.05, "0.1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.6, "1 min"),
        (185.4, "3 min 5 s"),
    ],
)
def test_what_was_measured_is_as_exact_as_it_is_worth_reading(seconds: float | None, text: str) -> None:
    assert figures.measured(seconds, "en") == text


def test_a_pair_that_is_not_there_is_one_dash() -> None:
    assert figures.pair(None, None, "en") == "—"
    assert figures.pair(1.0, 12.0, "en") == "1.0 s / 12 s"


@pytest.mark.parametrize(
    ("part", "text"), [(0.0, "0%"), (0.001, "<1%"), (0.004, "<1%"), (0.006, "1%"), (0.5, "50%"), (1.0, "100%")]
)
def test_what_is_there_is_never_nothing(part: float, text: str) -> None:
    assert figures.percent(part, "en") == text


@pytest.mark.parametrize(
    ("debt", "unit", "japanese", "english"),
    [
        (12.4, "seconds", "12秒", "12 s"),
        (-1e-12, "seconds", "0秒", "0 s"),
        (12_400.4, "tokens", "12,400 トークン", "12,400 tokens"),
        (1.2, "tokens", "1 トークン", "1 token"),
        (2.0, "request", "2件", "2 req."),
        (2.25, "request", "2.2件", "2.2 req."),
    ],
)
def test_a_debt_has_the_unit_of_cost(debt: float, unit: str, japanese: str, english: str) -> None:
    assert figures.owed(debt, unit, "ja") == japanese
    assert figures.owed(debt, unit, "en") == english


@pytest.mark.parametrize(("value", "text"), [(1.0, "1"), (2.5, "2.5"), (0.1, "0.1"), (1000.0, "1,000")])
def test_a_weight_is_as_one_would_write_it(value: float, text: str) -> None:
    assert figures.weight(value) == text


@pytest.mark.parametrize(
    ("name", "locale", "text"),
    [
        ("-", "en", "(no key)"),
        ("-", "ja", "（キーなし）"),
        ("alice", "en", "alice"),
        ("a\u202eb\nc", "en", "a\\u202eb\\nc"),
    ],
)
def test_a_key_has_a_name_for_people(name: str, locale: Locale, text: str) -> None:
    assert figures.key_title(name, locale) == text


def test_a_model_that_was_not_named_is_said_to_be_any() -> None:
    assert figures.model_title("", "en") == "(any)"
    assert figures.model_title("m\u202e", "en") == "m\\u202e"
