"""The live feed: what a watcher is shown, when, and at what cost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from llmlb.messages import Locale
from llmlb.testing.clock import ManualClock
from llmlb.web.live import BEAT_SECS, MAX_WATCHERS, PERIOD_SECS, Events, Feed, Watcher


@attrs.define
class Gateway:
    """What is looked at: a figure, and something that changes less often."""

    waiting: int = 0
    hour: str = "quiet"
    looks: int = 0

    def look(self) -> Callable[[Locale], Events]:
        self.looks += 1
        waiting, hour = self.waiting, self.hour

        def words(locale: Locale) -> Events:
            return {"message": b'{"waiting": %d, "locale": "%b"}' % (waiting, locale.encode()), "hour": hour.encode()}

        return words


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def feed(gateway: Gateway, clock: ManualClock) -> Feed:
    return Feed(gateway.look, clock)


async def state(watcher: Watcher) -> dict[str, Any]:
    """What it is told as the message without a name."""
    told = [event for event in await events(watcher) if event.startswith(b"data: ")]
    assert len(told) == 1
    return dict(json.loads(told[0].removeprefix(b"data: ")))


async def events(watcher: Watcher) -> list[bytes]:
    news = await asyncio.wait_for(watcher.next(), 1)
    assert news is not None
    assert news.endswith(b"\n\n")
    return news.split(b"\n\n")[:-1]


async def has_news(watcher: Watcher) -> bool:
    task = asyncio.ensure_future(watcher.next())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    if task.done():
        return True
    task.cancel()
    return False


async def test_a_watcher_is_shown_the_present_at_once(feed: Feed) -> None:
    with feed.watch("en") as watcher:
        assert (await state(watcher))["waiting"] == 0


async def test_a_change_is_shown_within_a_period(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        await state(watcher)
        gateway.waiting = 3
        clock.advance(PERIOD_SECS)
        assert (await state(watcher))["waiting"] == 3
    assert PERIOD_SECS <= 1


async def test_nothing_is_said_while_nothing_changes(feed: Feed, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        await state(watcher)
        clock.advance(BEAT_SECS - PERIOD_SECS)
        assert not await has_news(watcher)


async def test_a_long_silence_is_broken_by_a_beat(feed: Feed, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        await state(watcher)
        for _ in range(3):
            clock.advance(BEAT_SECS)
            event = await asyncio.wait_for(watcher.next(), 1)
            assert event is not None
            assert event.startswith(b"event: beat\n")


async def test_a_slow_reader_skips_to_the_newest_state(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        for waiting in range(1, 50):
            gateway.waiting = waiting
            clock.advance(PERIOD_SECS)
        clock.advance(10 * BEAT_SECS)
        assert (await state(watcher))["waiting"] == 49
        assert not await has_news(watcher)


async def test_each_watcher_is_shown_its_own_language(feed: Feed) -> None:
    with feed.watch("en") as english, feed.watch("ja") as japanese:
        assert (await state(english))["locale"] == "en"
        assert (await state(japanese))["locale"] == "ja"


async def test_a_late_watcher_makes_nobody_miss_a_change(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as first:
        await state(first)
        gateway.waiting = 3
        with feed.watch("en") as second:
            assert (await state(second))["waiting"] == 3
            clock.advance(PERIOD_SECS)
            assert (await state(first))["waiting"] == 3
            assert not await has_news(second)


async def test_all_watchers_share_one_look_and_nobody_looks_when_nobody_watches(
    feed: Feed, gateway: Gateway, clock: ManualClock
) -> None:
    with feed.watch("en"), feed.watch("en"), feed.watch("ja"):
        gateway.looks = 0
        clock.advance(PERIOD_SECS)
        assert gateway.looks == 1
    assert clock.pending == 0
    clock.advance(60)
    assert gateway.looks == 1


async def test_it_starts_again_for_the_next_watcher(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en"):
        pass
    with feed.watch("en") as watcher:
        await state(watcher)
        gateway.waiting = 1
        clock.advance(PERIOD_SECS)
        assert (await state(watcher))["waiting"] == 1


async def test_closing_ends_every_watcher_at_once_and_those_to_come(feed: Feed, clock: ManualClock) -> None:
    with feed.watch("en") as idle, feed.watch("en") as unread:
        await state(idle)
        feed.close()
        assert await asyncio.wait_for(idle.next(), 1) is None
        assert await asyncio.wait_for(unread.next(), 1) is None
        assert clock.pending == 0
    with feed.watch("en") as late:
        assert await asyncio.wait_for(late.next(), 1) is None
    assert clock.pending == 0


async def test_one_look_that_fails_does_not_end_the_feed(clock: ManualClock) -> None:
    gateway = Gateway()
    broken = False

    def look() -> Callable[[Locale], Events]:
        if broken:
            raise RuntimeError("once")
        return gateway.look()

    with Feed(look, clock).watch("en") as watcher:
        await state(watcher)
        broken = True
        with pytest.raises(RuntimeError):
            clock.advance(PERIOD_SECS)
        broken = False
        gateway.waiting = 1
        clock.advance(PERIOD_SECS)
        assert (await state(watcher))["waiting"] == 1


async def test_only_the_events_that_differ_are_sent(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        assert await events(watcher) == [b'data: {"waiting": 0, "locale": "en"}', b"event: hour\ndata: quiet"]
        gateway.hour = "busy"
        clock.advance(PERIOD_SECS)
        assert await events(watcher) == [b"event: hour\ndata: busy"]
        gateway.waiting = 1
        clock.advance(PERIOD_SECS)
        assert await events(watcher) == [b'data: {"waiting": 1, "locale": "en"}']


async def test_a_slow_reader_misses_no_event_of_another_name(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        await events(watcher)
        gateway.hour = "busy"
        clock.advance(PERIOD_SECS)
        for waiting in (1, 2):
            gateway.waiting = waiting
            clock.advance(PERIOD_SECS)
        assert await events(watcher) == [b"event: hour\ndata: busy", b'data: {"waiting": 2, "locale": "en"}']
        assert not await has_news(watcher)


async def test_a_watcher_can_be_ended_with_a_last_event_and_is_shown_nothing_more(
    feed: Feed, gateway: Gateway, clock: ManualClock
) -> None:
    with feed.watch("en") as watcher, feed.watch("en") as other:
        await state(other)
        watcher.end("over")
        gateway.waiting = 1
        clock.advance(PERIOD_SECS)
        assert await events(watcher) == [b"event: over\ndata: 1"]
        watcher.end("over")
        for _ in range(2):
            assert await asyncio.wait_for(watcher.next(), 1) is None
        assert (await state(other))["waiting"] == 1


async def test_a_feed_has_its_own_pace_and_room(gateway: Gateway, clock: ManualClock) -> None:
    feed = Feed(gateway.look, clock, period=1.0, most=1)
    with feed.watch("en") as watcher:
        assert feed.full
        await state(watcher)
        gateway.waiting = 1
        clock.advance(PERIOD_SECS)
        assert not await has_news(watcher)
        clock.advance(1.0 - PERIOD_SECS)
        assert (await state(watcher))["waiting"] == 1


async def test_there_is_a_bound_to_the_number_of_watchers(feed: Feed) -> None:
    watches = [feed.watch("en") for _ in range(MAX_WATCHERS)]
    for watch in watches:
        assert not feed.full
        watch.__enter__()
    assert feed.full
    watches[0].__exit__(None, None, None)
    assert not feed.full
    feed.close()
