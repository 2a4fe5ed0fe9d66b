"""What the desk says of API keys."""

from __future__ import annotations

import pytest

from llmlb.gateway.desk import KeyView
from llmlb.messages import Locale
from llmlb.web.operator.desk_keys import NO_BREAK, NOWHERE, KeyRow, keys
from tests.browser.desk_scene import desk, key, usage


def shown(view: KeyView, locale: Locale = "en", **more: object) -> KeyRow:
    return keys(desk(keys=(view,), **more), locale).rows[0]  # type: ignore[arg-type]


def test_a_key_at_work() -> None:
    used = usage(served=1412, refused=2, timed_out=1, failed=3, left=4, wait=9.0)
    row = shown(key("alice", 0.34, 0.25, used, weight=2.5, waiting=1003, in_service=2, debt=12.4))
    assert (row.name, row.state, row.note, row.weight) == ("alice", "active", "", "2.5")
    assert (row.waiting, row.in_service, row.debt) == ("1,003", "2", "12 s")
    assert (row.share, row.share_width, row.due_at) == ("34% (due 25%)", "68.0", "50.0"), "a whole bar is 50%"
    assert row.waits == "9.0 s / 28 s"
    assert row.requests == "1,422"
    assert row.outcomes.replace(NO_BREAK, " ") == "1,412 served, 2 refused, 1 timed out, 4 left, 3 failed"
    assert (row.tokens, row.node_time) == ("2,602,316", "4 h 28 min")


def test_a_key_that_nobody_uses() -> None:
    row = shown(key("batch"))
    assert row.due_at == NOWHERE
    assert (row.requests, row.outcomes, row.waits, row.share, row.node_time) == ("0", "", "—", "0%", "0 s")


@pytest.mark.parametrize(
    ("view", "state", "note"),
    [
        (key("old", disabled=True), "disabled", "disabled"),
        (key("b", max_waiting=20), "active", "at most 20 waiting"),
        (key("b", max_waiting=20, disabled=True), "disabled", "disabled, at most 20 waiting"),
        (key("anonymous-12", configured=False), "unconfigured", "not configured"),
        (key("-", configured=False), "unconfigured", ""),
    ],
)
def test_what_sets_a_key_apart(view: KeyView, state: str, note: str) -> None:
    row = shown(view)
    assert (row.state, row.note) == (state, note)


def test_a_bar_never_leaves_its_room() -> None:
    row = shown(key("a", 1.7, 1.2))
    assert (row.share_width, row.due_at) == ("100.0", "99.0")


@pytest.mark.parametrize(
    ("most", "whole", "width"),
    [
        (0.0, "10%", "0.0"),
        (0.04, "10%", "40.0"),
        (0.1, "10%", "100.0"),
        (0.11, "25%", "44.0"),
        (0.3, "50%", "60.0"),
        (0.7, "100%", "70.0"),
    ],
)
def test_bars_are_as_long_as_can_be_compared(most: float, whole: str, width: str) -> None:
    by_share = keys(desk(keys=(key("a", most, most / 2), key("b", most / 4))), "en")
    assert f" A whole bar is {whole}. " in by_share.about
    assert by_share.rows[0].share_width == width
    by_due = keys(desk(keys=(key("a", most / 2, most),)), "ja")
    assert f"。棒の右端が {whole} にあたります。" in by_due.about
    assert by_due.rows[0].due_at == ({"0.0": NOWHERE, "100.0": "99.0"}.get(width, width))


def test_in_the_order_of_arrival_it_says_that_weights_do_not_count() -> None:
    seen = keys(desk(keys=(key("a", 0.2, weight=3.0), key("b", 0.8)), fair=False), "en")
    assert seen.about.endswith("Fairness is off: weights do not count. A whole bar is 100%.")


def test_debts_are_in_the_unit_of_cost() -> None:
    assert shown(key("a", debt=12_000.0), unit="tokens").debt == "12,000 tokens"
    assert shown(key("a", debt=1.5), "ja", unit="request").debt == "1.5件"


def test_how_many_are_not_listed() -> None:
    assert keys(desk(keys_more=9800), "en").more == "and 9,800 more"
    assert keys(desk(), "en").more == ""
