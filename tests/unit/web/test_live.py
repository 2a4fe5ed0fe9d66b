"""The live feed: what a watcher is shown, when, and at what cost."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import attrs
import pytest

from llmlb.gateway.overview import NodeView, Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.testing.clock import ManualClock
from llmlb.web.live import BEAT_SECS, MAX_WATCHERS, PERIOD_SECS, Feed, Watcher

QUIET = Overview(
    waiting=0,
    processing=0,
    max_size=100,
    draining=False,
    nodes=(),
    hour=HourTotals(avg_wait_time_ms=0.0, avg_process_time_ms=0.0, timeout_count=0, rejected_count=0),
)


@attrs.define
class Gateway:
    now: Overview = QUIET
    looks: int = 0

    def overview(self) -> Overview:
        self.looks += 1
        return self.now


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def feed(gateway: Gateway, clock: ManualClock) -> Feed:
    return Feed(gateway.overview, clock)


async def state(watcher: Watcher) -> dict[str, Any]:
    event = await asyncio.wait_for(watcher.next(), 1)
    assert event is not None
    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    return dict(json.loads(event.removeprefix(b"data: ")))


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
        assert (await state(watcher))["waiting"] == "0"


async def test_a_change_is_shown_within_a_period(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as watcher:
        await state(watcher)
        gateway.now = attrs.evolve(QUIET, waiting=3)
        clock.advance(PERIOD_SECS)
        assert (await state(watcher))["waiting"] == "3"
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
            gateway.now = attrs.evolve(QUIET, waiting=waiting)
            clock.advance(PERIOD_SECS)
        clock.advance(10 * BEAT_SECS)
        assert (await state(watcher))["waiting"] == "49"
        assert not await has_news(watcher)


async def test_each_watcher_is_shown_its_own_language(feed: Feed) -> None:
    with feed.watch("en") as english, feed.watch("ja") as japanese:
        assert (await state(english))["notices"][0]["title"] == "There is no node."
        assert (await state(japanese))["notices"][0]["title"] == "ノードがありません。"


async def test_a_late_watcher_makes_nobody_miss_a_change(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    with feed.watch("en") as first:
        await state(first)
        gateway.now = attrs.evolve(QUIET, waiting=3)
        with feed.watch("en") as second:
            assert (await state(second))["waiting"] == "3"
            clock.advance(PERIOD_SECS)
            assert (await state(first))["waiting"] == "3"
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
        gateway.now = attrs.evolve(QUIET, waiting=1)
        clock.advance(PERIOD_SECS)
        assert (await state(watcher))["waiting"] == "1"


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

    def look() -> Overview:
        if broken:
            raise RuntimeError("once")
        return gateway.overview()

    with Feed(look, clock).watch("en") as watcher:
        await state(watcher)
        broken = True
        with pytest.raises(RuntimeError):
            clock.advance(PERIOD_SECS)
        broken = False
        gateway.now = attrs.evolve(QUIET, waiting=1)
        clock.advance(PERIOD_SECS)
        assert (await state(watcher))["waiting"] == "1"


async def test_the_age_of_a_state_alone_is_news_once_a_second(feed: Feed, gateway: Gateway, clock: ManualClock) -> None:
    began = clock.now()

    def busy() -> Overview:
        view = NodeView(name="a", state="busy", reason="", since=clock.now() - began, in_service=1)
        return attrs.evolve(QUIET, nodes=(view,), processing=1)

    ages = []
    with Feed(busy, clock).watch("en") as watcher:
        for _ in range(12):
            if await has_news(watcher):
                ages.append(clock.now() - began)
            clock.advance(PERIOD_SECS)
    assert ages == [0.0, 1.0, 2.0]


async def test_there_is_a_bound_to_the_number_of_watchers(feed: Feed) -> None:
    watches = [feed.watch("en") for _ in range(MAX_WATCHERS)]
    for watch in watches:
        assert not feed.full
        watch.__enter__()
    assert feed.full
    watches[0].__exit__(None, None, None)
    assert not feed.full
    feed.close()
