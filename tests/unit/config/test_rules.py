"""What may be given, and what it becomes. Bounds are included; nothing is coerced."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from llmlb.config.rules import Choice, Number, Pairs, Rule, Switch, Text, Texts, Unfit, Whole
from llmlb.config.words import HEADER, KEY, KEY_NAME, LABEL, MODEL_NAME, NEVER_PASSED, SHA256

TEXTS = Texts(MODEL_NAME)
PAIRS = Pairs(MODEL_NAME)


@pytest.mark.parametrize(
    ("rule", "given", "kept"),
    [
        (Whole(1, 3), 1, 1),
        (Whole(1, 3), 3, 3),
        (Number(0.5, 3), 0.5, 0.5),
        (Number(0.5, 3), 3, 3.0),
        (Switch(), False, False),
        (Choice(("a", "b")), "b", "b"),
        (LABEL, "é 日本", "é 日本"),
        (LABEL, "-", "-"),
        (KEY_NAME, "a-b", "a-b"),
        (KEY, "", ""),
        (KEY, "x" * 512, "x" * 512),
        (SHA256, "A" * 64, "a" * 64),
        (HEADER, "X-Tenant", "x-tenant"),
        (TEXTS, ["a", "b", "a"], ("a", "b")),
        (TEXTS, [], ()),
        (PAIRS, {"a": "b"}, {"a": "b"}),
    ],
)
def test_what_is_right_is_kept_in_the_type_of_the_model(rule: Rule, given: Any, kept: Any) -> None:
    found = rule.check(given)
    assert (found, type(found)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("rule", "given"),
    [
        *((Whole(0, 3), value) for value in (-1, 4, 1.0, True, "1", None, (), 10**400)),
        *((Number(0, 3), value) for value in (-0.1, 3.1, True, "1", float("nan"), float("inf"), 10**400)),
        *((Switch(), value) for value in (0, 1, "true", None)),
        *((Choice(("a",)), value) for value in ("A", "", 1, ["a"])),
        *((LABEL, value) for value in ("", " a", "a ", "a\nb", "a\x1b", "a" * 65, 1, datetime.date(2000, 1, 1))),
        *((KEY_NAME, value) for value in ("", "-", "a" * 65)),
        *((KEY, value) for value in ("a b", "é", "a\n", "x" * 513)),
        *((SHA256, value) for value in ("a" * 63, "g" * 64, "a" * 65)),
        *((HEADER, value) for value in ("", "a b", "a:", "é", *sorted(NEVER_PASSED), "Authorization", "COOKIE")),
        *((TEXTS, value) for value in ("a", {"a": 1}, [""], [["a"]])),
        *((PAIRS, value) for value in ("a", ["a"], {"a": 1}, {"": "a"}, {"a": ""})),
    ],
)
def test_what_is_wrong_is_refused(rule: Rule, given: Any) -> None:
    with pytest.raises(Unfit):
        rule.check(given)


def test_every_wrong_item_is_pointed_at() -> None:
    with pytest.raises(Unfit) as caught:
        TEXTS.check(["a", "", 3])
    assert caught.value.parts == (((1,), ""), ((2,), 3))
    with pytest.raises(Unfit) as caught:
        PAIRS.check({"a": "b", "c": 1})
    assert caught.value.parts == ((("c",), 1),)


@pytest.mark.parametrize(
    ("rule", "text", "value"),
    [
        (Whole(0, 9), " 7 ", 7),
        (Whole(0, 9), "+7", 7),
        (Number(0, 9), "7", 7.0),
        (Number(0, 9), ".5", 0.5),
        (Number(0, 9), "1e-1", 0.1),
        (Switch(), "TRUE", True),
        (Switch(), "0", False),
        (Choice(("a",)), " a ", "a"),
        (LABEL, "a", "a"),
        (TEXTS, "a, b,c", ["a", "b", "c"]),
        (TEXTS, " ", []),
    ],
)
def test_a_variable_is_read(rule: Rule, text: str, value: Any) -> None:
    assert rule.read(text) == value


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        *((Whole(0, 9), text) for text in ("", "0\x1f", "1.0", "1_0", "１", "0x1", "true", "9" * 5000)),
        *((Number(0, 9), text) for text in ("", "0\x1f", "nan", "inf", "1_0.0", "１", "1,5", "1e9999")),
        *((Switch(), text) for text in ("", "yes", "2")),
        (PAIRS, "a=b"),
    ],
)
def test_a_variable_that_cannot_be_read_is_refused(rule: Rule, text: str) -> None:
    with pytest.raises(Unfit):
        rule.read(text)


@pytest.mark.parametrize("rule", [Whole(1, 3), Number(0.001, 86400), Switch(), Choice(("a", "b")), LABEL, TEXTS, PAIRS])
def test_what_is_allowed_is_said_in_both_languages(rule: Rule) -> None:
    assert rule.allowed("ja") != rule.allowed("en")
    assert rule.allowed("en").isascii()
    assert not rule.allowed("ja").isascii()


def test_bounds_are_said_without_noise() -> None:
    assert Number(0.001, 86400).allowed("en") == "a number from 0.001 to 86400"
    assert Number(0, 5, "seconds").allowed("en") == "a number from 0 to 5, in seconds"
    assert Whole(0, 5, "bytes").allowed("ja") == "0から5までの整数（バイト）"
    assert Whole(1024, 1024**4).allowed("ja") == "1024から1099511627776までの整数"


def test_a_refusal_does_not_quote_the_value() -> None:
    with pytest.raises(Unfit) as caught:
        Text(lambda text: text, ja="", en="").check(12345)
    assert "12345" not in str(caught.value)
    assert "12345" not in repr(caught.value)
