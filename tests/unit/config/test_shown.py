"""Values and names in messages: short, on one line, without secrets."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from llmlb.config.shown import one_line, shown, shown_key


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (0, "0"),
        (-0.5, "-0.5"),
        (float("nan"), "nan"),
        ("a", '"a"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("日本", '"日本"'),
        ("a\nb\x1b[2J\u2028\ud800", '"a\\nb\\u001b[2J\\u2028\\uD800"'),
        ("x" * 81, '"' + "x" * 80 + '…"'),
        (["sk-1"], "[…]"),
        ([], "[]"),
        ({"a": "sk-1"}, "{…}"),
        ({}, "{}"),
        (datetime.date(1979, 5, 27), "1979-05-27"),
        ("http://user:pa/s?s@h:1/v1", '"http://***@h:1/v1"'),
        ("user:pass@h", '"***@h"'),
        ("http://h/?api_key=sk-1", '"http://h/?***"'),
        ("http://h/#sk-1", '"http://h/?***"'),
    ],
)
def test_a_value_is_shown_as_in_the_file(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize("value", ["sk-1", "", 5, ["sk-1"], {"sk-1": 1}])
def test_a_secret_is_never_shown(value: Any) -> None:
    assert shown(value, secret=True) == "***"


def test_a_number_that_python_refuses_to_write_is_cut() -> None:
    assert shown(16**5000) == "0x1" + "0" * 17 + "…"


def test_a_key_is_quoted_only_where_it_has_to_be() -> None:
    assert shown_key("max-size_1") == "max-size_1"
    assert shown_key("a b") == '"a b"'
    assert shown_key("") == '""'
    assert shown_key("x" * 41) == '"' + "x" * 41 + '"'


def test_nothing_ends_the_line() -> None:
    assert one_line("\r\n\x00\x85\u2029").isprintable()
