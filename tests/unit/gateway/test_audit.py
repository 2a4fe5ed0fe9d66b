"""What the gateway checks of itself, and what it says when something does not add up."""

from __future__ import annotations

import attrs
import pytest
from structlog.testing import capture_logs

from llmlb.gateway.audit import CHECKS, Finding, SelfAudit, State, audit
from llmlb.testing import ManualClock

SOUND = State(
    on_nodes={"n1": "1"},
    in_service={"n1": "1"},
    waiting=2,
    visits_waiting=2,
    arrivals=9,
    outcomes=5,
    visits=4,
    inside=5,
    held=100,
)
BROKEN = {
    "a node has what the scheduler does not know": (attrs.evolve(SOUND, in_service={}), "slots", "node n1"),
    "a node has lost its request": (attrs.evolve(SOUND, on_nodes={}), "slots", "node n1"),
    "a node has another request": (attrs.evolve(SOUND, on_nodes={"n1": "2"}), "slots", "node n1"),
    "somebody waits whom the scheduler has forgotten": (attrs.evolve(SOUND, waiting=1), "waiting", "scheduler"),
    "an outcome is counted twice": (attrs.evolve(SOUND, outcomes=6), "arrivals", "gateway"),
    "a visit is lost": (attrs.evolve(SOUND, visits=3), "arrivals", "gateway"),
    "bytes are held for nobody": (attrs.evolve(SOUND, visits=0, outcomes=9, inside=0), "bodies", "bodies"),
    "more bytes are given back than taken": (attrs.evolve(SOUND, held=-1), "bodies", "bodies"),
}


def test_nothing_is_found_where_all_adds_up() -> None:
    assert audit(SOUND) == ()


@pytest.mark.parametrize("what", BROKEN)
def test_what_does_not_add_up_is_found_with_its_owner(what: str) -> None:
    state, check, owner = BROKEN[what]
    (finding,) = audit(state)
    assert (finding.check, finding.owner) == (check, owner)


def test_each_check_can_fail() -> None:
    assert {check for _, check, _ in BROKEN.values()} == set(CHECKS)


def test_it_looks_every_second_counts_each_and_says_it_once() -> None:
    clock, states = ManualClock(), [SOUND]
    self_audit = SelfAudit(lambda: states[0], clock)
    self_audit.start()
    with capture_logs() as lines:
        clock.advance(1)
        assert (self_audit.failures["slots"], lines) == (0, [])
        states[0] = attrs.evolve(SOUND, on_nodes={})
        for _ in range(3):
            clock.advance(1)
        assert self_audit.failures["slots"] == 3
        states[0] = SOUND
        clock.advance(1)
        states[0] = attrs.evolve(SOUND, waiting=1)
        clock.advance(1)
    assert self_audit.failures == {"slots": 3, "waiting": 1, "arrivals": 0, "bodies": 0}
    assert [(line["event"], line["log_level"], line["owner"]) for line in lines] == [
        ("audit failed", "error", "node n1"),
        ("audit failed", "error", "scheduler"),
    ]
    self_audit.stop()
    clock.advance(5)
    assert self_audit.failures["waiting"] == 1


def test_it_says_what_it_has_seen() -> None:
    assert audit(attrs.evolve(SOUND, in_service={})) == (
        Finding("slots", "node n1", "its dispatcher has 1, the scheduler knows of None"),
    )
