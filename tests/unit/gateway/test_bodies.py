"""The budget for request bodies."""

from __future__ import annotations

import pytest

from llmlb.errors import QueueFull
from llmlb.gateway.bodies import Bodies


def test_room_is_taken_and_given_back() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as first, bodies.hold() as second:
        first.reserve(60)
        second.reserve(40)
        assert bodies.held == 100
    assert bodies.held == 0


def test_what_does_not_fit_is_a_full_queue_and_takes_nothing() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as first, bodies.hold() as second:
        first.reserve(60)
        with pytest.raises(QueueFull) as refused:
            second.reserve(41)
        assert (refused.value.retry_after, bodies.held) == (7, 60)
        second.reserve(40)


def test_a_hold_grows_by_what_is_new_only() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as hold:
        for size in (50, 30, 80, 100):
            hold.reserve(size)
        assert bodies.held == 100


def test_releasing_twice_gives_back_once() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as other, bodies.hold() as hold:
        other.reserve(10)
        hold.reserve(50)
        hold.release()
        hold.release()
        assert bodies.held == 10


def test_room_is_given_back_when_the_request_fails() -> None:
    bodies = Bodies(100, lambda: 7)

    def fail() -> None:
        with bodies.hold() as hold:
            hold.reserve(50)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        fail()
    assert bodies.held == 0


def test_checking_takes_no_room() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as hold:
        hold.reserve(40)
        hold.check(100)
        assert bodies.held == 40
        with pytest.raises(QueueFull):
            hold.check(101)


def test_it_is_full_from_a_refusal_until_there_is_room_for_what_was_refused() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as first, bodies.hold() as second:
        first.reserve(60)
        second.reserve(30)
        assert not bodies.full, "nobody has been refused"
        with bodies.hold() as large:
            large.reserve(10)
            with pytest.raises(QueueFull):
                large.reserve(50)
        assert bodies.full
        second.release()
        assert bodies.full, "60 are taken, and it was of 50"
        first.release()
        assert not bodies.full
        first.reserve(60)
        assert not bodies.full, "who was refused has had room since"


def test_a_body_that_never_fits_does_not_make_it_full() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as hold, pytest.raises(QueueFull):
        hold.reserve(101)
    assert not bodies.full


def test_a_limit_that_is_raised_makes_room_at_once() -> None:
    bodies = Bodies(100, lambda: 7)
    with bodies.hold() as hold, bodies.hold() as other:
        hold.reserve(60)
        with pytest.raises(QueueFull):
            other.check(50)
        assert bodies.full
        bodies.limit = 200
        assert not bodies.full


def test_where_the_system_has_less_memory_than_the_limit_there_is_no_room() -> None:
    bodies = Bodies(100, lambda: 7)

    def join() -> bytes:
        raise MemoryError

    with bodies.hold() as hold:
        hold.reserve(50)
        assert hold.whole(lambda: b"body") == b"body"
        with pytest.raises(QueueFull) as refused:
            hold.whole(join)
        assert refused.value.retry_after == 7
    assert bodies.held == 0
