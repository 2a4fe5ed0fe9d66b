"""The desks that are open: how often they look, and until when."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

from llmlb.config.model import Operator
from llmlb.gateway.desk import Desk
from llmlb.testing import ManualClock
from llmlb.web.operator.desk_streams import FIND_PART, FIND_SECS, MOST_STREAMS, PERIOD_SECS, DeskStreams
from llmlb.web.operator.sessions import Sessions
from tests.browser import desk_scene


class Clock(ManualClock):
    """Goes on while something is computed, too, and nothing else is done then."""

    def take(self, seconds: float) -> None:
        self._now += seconds


class Stand:
    """Streams of a gateway that counts the looks at it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.looks: list[str] = []
        self.took = 0.0
        self.now = desk_scene.busy()
        self.sessions = Sessions(self.clock, lambda: Operator(password_hash="set", session_secs=600))
        gateway: Any = SimpleNamespace(desk=self.desk, clock=self.clock)
        self.streams = DeskStreams(gateway, self.sessions)
        _, self.session = self.sessions.begin()

    def desk(self, find: str = "") -> Desk:
        self.looks.append(find)
        self.clock.take(self.took)
        return self.now

    def looks_in(self, seconds: float) -> list[str]:
        self.looks.clear()
        self.clock.advance(seconds)
        return self.looks


@pytest.fixture
def stand() -> Stand:
    return Stand()


async def test_all_share_a_look_but_for_those_that_look_for_something(stand: Stand) -> None:
    with ExitStack() as stack:
        for locale in ("ja", "en", "en"):
            stack.enter_context(stand.streams.watch(stand.session, locale))
        stack.enter_context(stand.streams.watch(stand.session, "en", "alice"))
        assert sorted(stand.looks_in(8 * PERIOD_SECS)) == [""] * 8 + ["alice"] * round(8 * PERIOD_SECS / FIND_SECS)
    assert stand.looks_in(10.0) == []


async def test_looks_for_something_leave_time_for_requests_however_long_they_take(stand: Stand) -> None:
    stand.took = 0.3
    with ExitStack() as stack:
        for number in range(MOST_STREAMS):
            stack.enter_context(stand.streams.watch(stand.session, "en", f"key {number}"))
        taken = len(stand.looks_in(480.0)) * stand.took
        assert 0 < taken <= 480.0 * FIND_PART + MOST_STREAMS * stand.took


async def test_only_sections_that_are_others_are_sent_again(stand: Stand) -> None:
    with stand.streams.watch(stand.session, "en") as watcher:
        first = await watcher.next()
        assert first is not None
        assert first.count(b"event: ") == 5
        stand.now = desk_scene.busy(1)
        stand.clock.advance(PERIOD_SECS)
        second = await watcher.next()
        assert second is not None
        assert [line for line in second.split(b"\n") if line.startswith(b"event")] == [
            b"event: requests",
            b"event: nodes",
        ]


async def test_a_session_that_ends_takes_its_streams_with_it_within_a_second(stand: Stand) -> None:
    assert PERIOD_SECS <= 1.0
    _, other = stand.sessions.begin()
    with (
        stand.streams.watch(stand.session, "en") as mine,
        stand.streams.watch(stand.session, "ja", "x") as finding,
        stand.streams.watch(other, "en") as others,
    ):
        for watcher in (mine, finding, others):
            await watcher.next()
        stand.sessions.end(stand.session)
        stand.now = desk_scene.QUIET
        stand.clock.advance(PERIOD_SECS)
        for watcher in (mine, finding):
            assert await watcher.next() == b"event: over\ndata: 1\n\n"
            assert await watcher.next() is None
        news = await others.next()
        assert news is not None
        assert b"event: head" in news


async def test_there_is_room_for_so_many(stand: Stand) -> None:
    with ExitStack() as stack:
        for number in range(MOST_STREAMS):
            assert not stand.streams.full
            stack.enter_context(stand.streams.watch(stand.session, "en", "x" * (number % 2)))
        assert stand.streams.full
    assert not stand.streams.full


async def test_closing_ends_them_and_those_to_come(stand: Stand) -> None:
    with stand.streams.watch(stand.session, "en") as one, stand.streams.watch(stand.session, "en", "x") as two:
        for watcher in (one, two):
            await watcher.next()
        stand.streams.close()
        assert await one.next() is None
        assert await two.next() is None
    for find in ("", "x"):
        with stand.streams.watch(stand.session, "en", find) as late:
            assert await late.next() is None
    assert stand.clock.pending == 0
