"""A body on its way in: taken as it comes, within its limit, the room there is, and the time it may take."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from llmlb.errors import QueueFull, Refusal, StalledBody, TooLarge
from llmlb.gateway.bodies import Bodies
from llmlb.testing import ManualClock
from llmlb.web.body import STALL_SECS
from llmlb.web.delivery import Delivery
from llmlb.web.reception import PlainBody, Reception


class Desk:
    """Who gets the body, or is told that there will be none."""

    def __init__(self, size: int, *, room: int = 1000, limit: int = 500) -> None:
        self.clock = ManualClock()
        self.bodies = Bodies(room, lambda: 7)
        self.body = PlainBody(size)
        self.asked: list[bytes] = []
        self.refused: list[Refusal] = []
        self.turned_away: list[int] = []
        hold = self.bodies.hold()
        self.reception = Reception(cast(Delivery, self), self.body, hold, limit, self.clock, self.hear_no_more)

    def ask(self, body: bytes) -> None:
        self.asked.append(body)

    def refuse(self, refusal: Refusal) -> None:
        self.refused.append(refusal)

    def hear_no_more(self) -> None:
        self.turned_away.append(len(self.refused))

    def come(self, data: bytes) -> bytes:
        rest = self.body.feed(data)
        self.reception.take()
        return rest


def test_a_body_in_one_piece_is_passed_on_as_it_is() -> None:
    desk = Desk(5)
    data = b"hello"
    assert desk.come(data) == b""
    assert desk.asked == [data]
    assert desk.reception.over
    assert (desk.bodies.held, desk.clock.pending) == (5, 0)


def test_one_in_pieces_is_passed_on_once_and_whole() -> None:
    desk = Desk(5)
    for data, held in ((b"he", 2), (b"l", 3)):
        desk.come(data)
        assert (desk.asked, desk.bodies.held, desk.reception.over) == ([], held, False)
    assert desk.come(b"lo") == b""
    assert desk.asked == [b"hello"]


@pytest.fixture
def taken() -> Iterator[Callable[[], int]]:
    """Bytes of memory taken since, and not given back."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()


def test_it_is_not_kept_here_once_it_is_passed_on(taken: Callable[[], int]) -> None:
    size = 2_000_000
    desk = Desk(size, room=size, limit=size)
    for _ in range(2):
        desk.come(b"x" * (size // 2))
    assert taken() < 1.5 * size, "it is there twice"
    desk.asked.clear()
    assert taken() < 0.5 * size, "it is still there"


def test_pieces_take_the_room_that_is_counted_however_small_they_are(taken: Callable[[], int]) -> None:
    size = 200_000
    desk = Desk(size, room=size, limit=size)
    for _ in range(size // 2 - 1):
        desk.come(b"%b" % b"xy")
    assert desk.bodies.held == size - 2
    assert taken() < 1.5 * size


def test_what_comes_behind_it_is_no_part_of_it() -> None:
    desk = Desk(5)
    assert desk.come(b"hello, and more") == b", and more"
    assert desk.asked == [b"hello"]
    assert desk.bodies.held == 5
    assert desk.body.feed(b"again") == b"again"


def test_an_empty_one_is_there_at_once() -> None:
    desk = Desk(0)
    assert desk.come(b"POST") == b"POST"
    assert desk.asked == [b""]


def test_a_body_may_fill_its_limit() -> None:
    desk = Desk(500)
    desk.come(b"x" * 500)
    assert [len(body) for body in desk.asked] == [500]


def test_one_over_it_is_refused_as_soon_as_that_shows() -> None:
    desk = Desk(600)
    desk.come(b"x" * 500)
    assert not desk.refused
    desk.come(b"x")
    assert [type(refusal) for refusal in desk.refused] == [TooLarge]
    assert desk.turned_away == [0], "just before"
    assert (desk.asked, desk.reception.over, desk.clock.pending) == ([], True, 0)


def test_one_for_which_there_is_no_room_is_refused_as_soon_as_that_shows() -> None:
    desk = Desk(100)
    desk.come(b"x" * 40)
    desk.bodies.take(950, 0)
    desk.come(b"x" * 20)
    assert [type(refusal) for refusal in desk.refused] == [QueueFull]
    assert desk.turned_away == [0]
    assert desk.bodies.held == 990, "what it had is given back by who answers"


def test_a_client_that_sends_nothing_for_too_long_is_refused() -> None:
    desk = Desk(5)
    desk.come(b"h")
    desk.clock.advance(STALL_SECS - 1)
    assert not desk.refused
    desk.clock.advance(1)
    assert [type(refusal) for refusal in desk.refused] == [StalledBody]
    assert (desk.turned_away, desk.reception.over, desk.clock.pending) == ([0], True, 0)


def test_each_byte_gives_it_as_much_time_again() -> None:
    desk = Desk(9)
    for _ in range(8):
        desk.come(b"x")
        desk.clock.advance(STALL_SECS - 1)
        assert desk.clock.pending == 1, "one timer for all of it"
    assert not desk.refused
    desk.come(b"x")
    assert desk.asked == [b"x" * 9]
    assert desk.clock.pending == 0


@pytest.mark.parametrize("come", [b"", b"x"])
def test_one_whose_client_has_left_is_not_looked_at_again(come: bytes) -> None:
    desk = Desk(5)
    desk.come(come)
    desk.reception.close()
    desk.clock.advance(10 * STALL_SECS)
    assert (desk.asked, desk.refused, desk.clock.pending) == ([], [], 0)
