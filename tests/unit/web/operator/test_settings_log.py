"""The last changes of the configuration in words."""

from __future__ import annotations

from datetime import datetime

import pytest

from llmlb.config.changes import Change
from llmlb.gateway.change_log import Applied
from llmlb.messages import Locale
from llmlb.web.operator.settings_log import LONGEST_VALUE, entries

AT = 1_800_000_000.4


def entry(by: str, *changed: Change, more: int = 0, locale: Locale = "en") -> tuple[str, tuple[str, ...]]:
    (one,) = entries([Applied(at=AT, by=by, changed=changed, more=more)], locale)
    return one.who, one.what


@pytest.mark.parametrize(
    ("by", "en", "ja"),
    [
        ("operator at 10.0.0.7", "operator's page, from 10.0.0.7", "運用者のページ（10.0.0.7）"),
        ("command by root (alice)", "command by root (alice)", "コマンド（root (alice)）"),
        ("SIGHUP", "SIGHUP", "SIGHUP"),
        ("file change", "edit of the file", "ファイルの編集"),
        ("SIGHUP, operator at ::1", "SIGHUP, operator's page, from ::1", "SIGHUP, 運用者のページ（::1）"),
        ("something\nelse", "something\\nelse", "something\\nelse"),
    ],
)
def test_who_made_a_change_is_told_in_the_language_of_the_reader(by: str, en: str, ja: str) -> None:
    assert entry(by)[0] == en
    assert entry(by, locale="ja")[0] == ja


def test_what_was_changed_is_told_with_its_values_where_there_are_some() -> None:
    changed = (
        Change("queue.max_size", "100", "200"), Change("api_keys.alice.key"), Change("nodes.a\u202eb added"),
    )  # fmt: skip
    assert entry("SIGHUP", *changed, more=7)[1] == (
        "queue.max_size: 100 → 200",
        "api_keys.alice.key",
        "nodes.a\\u202eb added",
        "7 more",
    )


def test_long_values_are_cut() -> None:
    (what,) = entry("SIGHUP", Change("log.file", '""', "x" * 1000))[1]
    assert what == 'log.file: "" → ' + "x" * LONGEST_VALUE + "…"


def test_when_is_told_with_the_offset_of_the_clock() -> None:
    (one,) = entries([Applied(at=AT, by="SIGHUP", changed=(), more=0)], "en")
    assert datetime.fromisoformat(one.exact).timestamp() == int(AT)
    assert datetime.strptime(one.when, "%Y-%m-%d %H:%M:%S %z").timestamp() == int(AT)
