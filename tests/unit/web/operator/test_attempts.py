"""How those are slowed down who try passwords."""

from __future__ import annotations

import pytest

from llmlb.testing import ManualClock
from llmlb.web.operator.attempts import (
    BURST,
    FORGOTTEN_SECS,
    LONGEST_PAUSE_SECS,
    MOST_ADDRESSES,
    PACE,
    Attempts,
    network_of,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def attempts(clock: ManualClock) -> Attempts:
    return Attempts(clock)


def test_pauses_begin_with_the_third_and_double_to_a_minute(attempts: Attempts, clock: ManualClock) -> None:
    pauses = []
    for number in range(1, 2000):
        assert attempts.begin("a") == number
        pauses.append(attempts.pause("a"))
        clock.advance(pauses[-1])
        assert attempts.pause("a") == 0
    assert pauses[:10] == [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert set(pauses[10:]) == {LONGEST_PAUSE_SECS}


def test_a_pause_runs_down(attempts: Attempts, clock: ManualClock) -> None:
    for _ in range(4):
        attempts.begin("a")
    clock.advance(0.5)
    assert attempts.pause("a") == 1.5
    assert attempts.pause("b") == 0


def test_success_and_an_hour_without_attempts_wipe_the_slate(attempts: Attempts, clock: ManualClock) -> None:
    for _ in range(5):
        attempts.begin("a")
    attempts.succeeded("a")
    assert (attempts.pause("a"), attempts.begin("a")) == (0, 1)
    attempts.begin("a")
    clock.advance(FORGOTTEN_SECS - 1)
    assert attempts.begin("a") == 3
    clock.advance(FORGOTTEN_SECS)
    assert attempts.begin("a") == 1


def test_addresses_are_forgotten_when_there_are_too_many_the_longest_silent_first(attempts: Attempts) -> None:
    attempts.begin("first")
    attempts.begin("second")
    attempts.begin("first")
    for number in range(MOST_ADDRESSES - 1):
        attempts.begin(f"10.0.{number // 250}.{number % 250}")
    assert len(attempts) == MOST_ADDRESSES
    assert attempts.begin("first") == 3
    assert attempts.begin("second") == 1
    assert len(attempts) == MOST_ADDRESSES


def test_all_together_have_a_pace(attempts: Attempts, clock: ManualClock) -> None:
    for number in range(int(BURST)):
        assert attempts.pace() == 0
        attempts.begin(f"10.0.0.{number}")
    assert attempts.pace() == 1 / PACE
    clock.advance(1 / PACE)
    assert attempts.pace() == 0
    attempts.begin("b")
    assert attempts.pace() > 0
    clock.advance(3600)
    for _ in range(int(BURST)):
        attempts.begin("c")
    assert attempts.pace() > 0, "a quiet time is not saved up without end"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        (None, ""),
        ("unix", "unix"),
    ],
)
def test_who_is_at_an_address(address: str | None, network: str) -> None:
    assert network_of(address) == network
