"""The last changes of the configuration, as the operator sees them."""

from __future__ import annotations

from llmlb.config.changes import Change
from llmlb.gateway.change_log import MOST_KEPT, MOST_NAMED, ChangeLog
from llmlb.testing import ManualClock


def test_the_newest_comes_first_and_the_oldest_goes() -> None:
    clock = ManualClock()
    kept = ChangeLog(clock)
    begun = clock.wall()
    for number in range(MOST_KEPT + 3):
        kept.add(f"by {number}", [Change("queue.max_size", "1", str(number))])
        clock.advance(1.0)
    assert [one.by for one in kept] == [f"by {number}" for number in range(MOST_KEPT + 2, 2, -1)]
    assert next(iter(kept)).at == begun + MOST_KEPT + 2


def test_what_changes_nothing_is_not_kept() -> None:
    kept = ChangeLog(ManualClock())
    kept.add("SIGHUP", [])
    assert list(kept) == []


def test_of_very_many_changes_some_are_named_and_the_rest_counted() -> None:
    kept = ChangeLog(ManualClock())
    kept.add("SIGHUP", [Change(f"api_keys.key-{number} added") for number in range(MOST_NAMED + 5)])
    (one,) = kept
    assert (len(one.changed), one.more) == (MOST_NAMED, 5)


def test_a_change_can_turn_out_to_be_somebody_s() -> None:
    kept = ChangeLog(ManualClock())
    kept.add("SIGHUP", [Change("log.level")])
    kept.add("file change", [Change("queue.max_size", "1", "2")])
    kept.claim("operator at 127.0.0.1")
    assert [one.by for one in kept] == ["operator at 127.0.0.1", "SIGHUP"]
