"""The keys on the operator's desk: who is on it, in which order, and what each is due."""

from __future__ import annotations

from typing import Any

import pytest

from llmlb.config.model import KeyConfig
from llmlb.gateway import desk_keys
from llmlb.gateway.desk_keys import KeyNumbers, key_views
from llmlb.telemetry.record import Outcome, Record
from llmlb.telemetry.usage import MOST_NAMES, OTHERS, HourByName
from llmlb.testing import ManualClock


def config(name: str, **settings: Any) -> KeyConfig:
    return KeyConfig(name=name, key=f"secret-of-{name}", **settings)


def numbers(**given: Any) -> KeyNumbers:
    """Nobody is here, but for what is told."""
    none: dict[str, Any] = {"inside": (), "waiting": {}, "in_service": {}, "shares": {}, "debts": {}, "fair": True}
    return KeyNumbers(**{**none, **given})


def hour(*names: str) -> HourByName:
    """Each of these had a request that was served, one after another."""
    found = HourByName(ManualClock())
    for name in names:
        found.add(name, record(name))
    return found


def record(name: str) -> Record:
    return Record(
        id="r", at=0.0, key_name=name, path="/", model="m", outcome=Outcome.SERVED, status=200, waited=1.0,
        reached_node=True, service=2.0,
    )  # fmt: skip


def test_the_busiest_come_first_and_then_who_was_active_last() -> None:
    now = numbers(
        inside=["few", "many"], waiting={"few": 1, "many": 2}, in_service={"few": 1, "many": 1},
        shares={"much": 0.7, "little": 0.3},
    )  # fmt: skip
    views, more = key_views([config("quiet"), config("many")], now, hour("before", "last"))
    assert [view.name for view in views] == ["many", "few", "much", "little", "last", "before", "quiet"]
    assert more == 0


def test_only_so_many_are_listed_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_keys, "MOST_KEYS", 2)
    views, more = key_views(map(config, "abcd"), numbers(waiting={"c": 1}, inside=["c"]), hour())
    assert [view.name for view in views] == ["c", "a"]
    assert more == 2


def test_what_is_due_is_shared_by_weight_among_those_that_wait_or_had_node_time() -> None:
    keys = [config("a", weight=3), config("b", weight=0.5), config("idle", weight=50)]
    now = numbers(inside=["a"], waiting={"a": 1}, shares={"b": 0.2, "made-up": 0.8})
    views, _ = key_views(keys, now, hour("idle"))
    assert {view.name: view.due for view in views} == {"a": 3 / 4.5, "b": 0.5 / 4.5, "made-up": 1 / 4.5, "idle": 0.0}
    assert {view.name: view.weight for view in views} == {"a": 3, "b": 0.5, "made-up": 1, "idle": 50}


def test_with_nobody_active_nothing_is_due() -> None:
    (view,), _ = key_views([config("a")], numbers(), hour())
    assert (view.due, view.share, view.debt) == (0.0, 0.0, 0.0)


def test_in_the_order_of_arrival_nothing_is_due() -> None:
    now = numbers(inside=["a"], waiting={"a": 1}, shares={"b": 1.0}, fair=False)
    views, _ = key_views([config("a", weight=3), config("b")], now, hour())
    assert {view.name: (view.due, view.share) for view in views} == {"a": (0.0, 0.0), "b": (0.0, 1.0)}


def test_one_that_only_takes_its_reply_is_on_the_desk() -> None:
    (view,), _ = key_views([], numbers(inside=["a"]), hour())
    assert (view.name, view.waiting, view.in_service, view.due) == ("a", 0, 0, 0.0)


def test_those_that_are_counted_together_are_no_key() -> None:
    names = [f"k{number}" for number in range(MOST_NAMES + 1)]
    usage = hour(*names)
    assert OTHERS in usage.names()
    views, more = key_views([], numbers(shares={OTHERS: 0.5}), usage)
    assert OTHERS not in [view.name for view in views]
    assert len(views) + more == MOST_NAMES


def test_debts_and_what_was_configured_are_told() -> None:
    keys = [config("a", max_waiting=3, disabled=True)]
    views, _ = key_views(keys, numbers(inside=["b"], debts={"a": 2.5, "gone": 1.0}), hour())
    told = {view.name: (view.configured, view.disabled, view.max_waiting, view.debt) for view in views}
    assert told == {"a": (True, True, 3, 2.5), "b": (False, False, 0, 0.0)}
