"""How nodes have been: which part of the looks found them in which state, and when that is forgotten."""

from __future__ import annotations

import pytest

from llmlb.nodes.states import STATES
from llmlb.telemetry.node_history import MOST_STATES, NodeHistory
from llmlb.telemetry.timeline import STEP_SECS, STEPS
from llmlb.testing.clock import ManualClock

BEGIN = 100 * 3600.0
"""A step begins just then."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start=BEGIN)


def test_nothing_is_known_of_a_node_that_nobody_looked_at(clock: ManualClock) -> None:
    assert NodeHistory(clock).columns("n1") == ({},) * STEPS


def test_a_column_tells_the_part_of_the_looks_in_each_state(clock: ManualClock) -> None:
    history = NodeHistory(clock)
    for state in ["busy", "busy", "idle", "busy"]:
        history.sample([("n1", state), ("n2", "offline")])
    assert history.columns("n1") == (*[{}] * (STEPS - 1), {"busy": 0.75, "idle": 0.25})
    assert history.columns("n2")[-1] == {"offline": 1.0}


def test_columns_are_of_half_a_minute_and_the_last_is_the_present_one(clock: ManualClock) -> None:
    history = NodeHistory(clock)
    for state in ["idle", "busy", "resting"]:
        for _ in range(STEP_SECS):
            history.sample([("n1", state)])
            clock.advance(1)
    assert history.columns("n1")[-4:] == ({"idle": 1.0}, {"busy": 1.0}, {"resting": 1.0}, {})


def test_what_was_asked_for_before_moves_along(clock: ManualClock) -> None:
    """Columns that are over are kept from one time of asking to the next."""
    pauses = [1, STEP_SECS, 1, 3 * STEP_SECS, STEP_SECS, STEPS * STEP_SECS // 2, STEP_SECS]
    asked = NodeHistory(clock)
    looks: list[tuple[float, str]] = []
    for number, pause in enumerate(pauses):
        looks.append((clock.now() // STEP_SECS, STATES[number % len(STATES)]))
        asked.sample([("n1", looks[-1][1])])
        asked.columns("n1")
        clock.advance(pause)
        columns = asked.columns("n1")
        assert len(columns) == STEPS
        for step, state in looks:
            place = int(step - clock.now() // STEP_SECS) - 1
            assert state in columns[place]
    assert sum(map(bool, columns)) == len({step for step, _ in looks})


def test_a_node_that_comes_later_has_not_been_looked_at_before(clock: ManualClock) -> None:
    history = NodeHistory(clock)
    history.sample([("n1", "idle")])
    clock.advance(STEP_SECS)
    history.sample([("n1", "idle"), ("n2", "pending")])
    assert history.columns("n2")[-2:] == ({}, {"pending": 1.0})


def test_a_node_that_is_gone_is_told_for_an_hour_and_then_forgotten(clock: ManualClock) -> None:
    history = NodeHistory(clock)
    history.sample([("n1", "busy"), ("n2", "idle")])
    for step in range(1, STEPS + 1):
        clock.advance(STEP_SECS)
        history.sample([("n2", "idle")])
        if step == STEPS - 1:
            assert history.columns("n1")[0] == {"busy": 1.0}
    assert history.columns("n1") == ({},) * STEPS
    assert set(history._rows) == {"n2"}, "memory is given back, not only hidden"
    assert not history._past


@pytest.mark.parametrize("gap", [STEPS, 10 * STEPS])
def test_nothing_is_left_after_an_hour_in_which_nobody_looked(clock: ManualClock, gap: int) -> None:
    history = NodeHistory(clock)
    history.sample([("n1", "busy")])
    clock.advance(gap * STEP_SECS)
    assert history.columns("n1") == ({},) * STEPS


def test_more_looks_than_are_meant_do_no_harm(clock: ManualClock) -> None:
    history = NodeHistory(clock)
    for _ in range(1000):
        history.sample([("n1", "idle")])
    assert history.columns("n1")[-1] == {"idle": 1.0}


def test_there_is_room_for_every_state_of_a_node(clock: ManualClock) -> None:
    assert len(STATES) <= MOST_STATES
    history = NodeHistory(clock)
    for state in STATES:
        history.sample([("n1", state)])
    assert history.columns("n1")[-1] == dict.fromkeys(STATES, pytest.approx(1 / len(STATES)))


def test_a_state_too_many_is_an_error(clock: ManualClock) -> None:
    history = NodeHistory(clock)
    with pytest.raises(ValueError, match="more than 8 states"):
        history.sample([("n1", f"state {number}") for number in range(MOST_STATES + 1)])
