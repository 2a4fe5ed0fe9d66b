"""Events as text: order, quoting, and lines that nobody can forge."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from llmlb.telemetry.lines import console_line, json_line, wants_colors

FORGERIES = [
    "m\n12:00:00.000 info    request id=x outcome=served",
    "m\r\x1b[2K\x1b[1A",
    "\x1b]0;owned\x07",
    "a\x85b\u2028c\u2029d",
    "\u202egnp.exe",
    "half \ud800 a character",
    "\x00\x7f\x9b31m",
    "served outcome=failed",
    'he said "x"',
]


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def is_one_harmless_line(line: str) -> bool:
    return not any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in line)


@pytest.mark.parametrize("value", FORGERIES)
@pytest.mark.parametrize("key", ["event", "model"])
def test_a_hostile_value_stays_inside_its_line(key: str, value: str) -> None:
    event = {"time": "2026-01-01T12:00:00.000000", "level": "info", "event": "request", key: value}
    assert is_one_harmless_line(json_line(event))
    assert is_one_harmless_line(console_line(event, colors=False))


@given(st.text(st.characters()))
@example("\U000e0041")
def test_no_text_at_all_can_break_out_of_json_and_none_is_lost(value: str) -> None:
    line = json_line({"event": "request", "model": value})
    assert is_one_harmless_line(line)
    if value.isascii() or value.encode("utf-8", "ignore").decode() == value:
        assert json.loads(line)["model"] == value


@given(st.text(st.characters()))
def test_no_text_at_all_can_break_out_of_a_console_line_or_become_a_field(value: str) -> None:
    line = console_line({"event": "request", "model": value, "outcome": "failed"}, colors=False)
    assert is_one_harmless_line(line)
    assert line.endswith(" outcome=failed")
    if value and " " not in value and "'" not in value and '"' not in value and "\\" not in repr(value):
        assert value in line


def test_json_starts_with_time_level_and_event() -> None:
    line = json_line({"id": "r1", "event": "request", "level": "info", "time": "2026-01-01T00:00:00Z"})
    assert list(json.loads(line)) == ["time", "level", "event", "id"]


def test_japanese_is_left_readable_in_both_formats() -> None:
    event = {"event": "request", "key": "開発\u3000一課"}
    assert "開発\u3000一課" in json_line(event)
    assert "key=開発" in console_line({"event": "request", "key": "開発"}, colors=False)


def test_json_says_null_where_the_console_says_nothing() -> None:
    event = {"event": "request", "node": None, "position": 0}
    assert json.loads(json_line(event)) == event
    assert console_line(event, colors=False).endswith("request position=0")


def test_a_value_json_does_not_know_is_written_as_text() -> None:
    assert json.loads(json_line({"event": "x", "error": ValueError("no")}))["error"] == "ValueError('no')"


def test_half_a_character_does_not_lose_the_line_nor_its_numbers() -> None:
    event = {"event": "x", "model": "\udcff", "n": 2, "s": 0.5, "none": None, "list": ["\udcff"]}
    assert json.loads(json_line(event)) == event | {"model": "\\udcff", "list": "['\\udcff']"}


def test_every_line_of_a_traceback_is_marked_in_the_console() -> None:
    trace = "Traceback:\nValueError: x\n12:00:00.000 info    request outcome=served"
    first, *rest = console_line({"event": "crash", "exception": trace}, colors=False).split("\n")
    assert "crash" in first
    assert len(rest) == 3
    assert all(line.startswith("  | ") for line in rest)


def test_only_our_own_colours_reach_the_terminal() -> None:
    line = console_line({"level": "error", "event": "x", "model": "\x1b[31m"}, colors=True)
    assert "\x1b[31merror" in line
    assert line.count("\x1b[31m") == 1


def test_colours_are_for_terminals_of_people_who_want_them() -> None:
    assert wants_colors(Terminal(), {"TERM": "xterm"})
    assert wants_colors(Terminal(), {"NO_COLOR": ""})  # as no-color.org has it: present and not empty
    assert not wants_colors(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colors(Terminal(), {"TERM": "dumb"})
    assert not wants_colors(io.StringIO(), {"TERM": "xterm"})
