"""The page's live feed: one look at the gateway every quarter of a second for everybody, while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import attrs
import msgspec

from llmlb.clock import Clock, Timer
from llmlb.gateway.overview import Overview
from llmlb.messages import Locale
from llmlb.web.panel import panel

PERIOD_SECS = 0.25
BEAT_SECS = 5.0
"""A watcher hears something at least this often, so that it can tell silence from a dead connection."""
MAX_WATCHERS = 256

_BEAT = b"event: beat\ndata: 1\n\n"


@attrs.define(eq=False)
class Watcher:
    """One open page. Holds the newest state only: a slow reader skips what it missed."""

    locale: Locale
    _news: bytes = b""
    _state: bytes = b""
    _shown_at: float = 0.0
    _over: bool = False
    _wake: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def next(self) -> bytes | None:
        """The next event to send, as soon as there is one; None when the feed is over."""
        await self._wake.wait()
        if self._over:
            return None
        news, self._news = self._news, b""
        self._wake.clear()
        return news

    def show(self, state: bytes, now: float) -> None:
        """Let `next` return `state` if it is new, instead of one not fetched yet; a beat after a long silence."""
        if state != self._state:
            self._state = self._news = state
        elif now - self._shown_at >= BEAT_SECS and not self._news:
            self._news = _BEAT
        else:
            return
        self._shown_at = now
        self._wake.set()

    def end(self) -> None:
        """Let `next` return None from now on."""
        self._over = True
        self._wake.set()


class Feed:
    """Looks at the gateway while there are watchers and shows each what is new in its language."""

    def __init__(self, look: Callable[[], Overview], clock: Clock) -> None:
        self._look = look
        self._clock = clock
        self._watchers: set[Watcher] = set()
        self._timer: Timer | None = None
        self._closed = False

    @property
    def full(self) -> bool:
        """No more watchers are taken: a page costs a connection, and anyone may open one."""
        return len(self._watchers) >= MAX_WATCHERS

    @contextmanager
    def watch(self, locale: Locale) -> Iterator[Watcher]:
        """A watcher that is shown the present state at once, then every change until the block is left."""
        watcher = Watcher(locale)
        if self._closed:
            watcher.end()
        else:
            watcher.show(_event(self._look(), locale), self._clock.now())
            self._watchers.add(watcher)
            if self._timer is None:
                self._timer = self._clock.call_at(self._clock.now() + PERIOD_SECS, self._sample)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                self._rest()

    def close(self) -> None:
        """End every watcher at once, and those to come: the server is going down."""
        self._closed = True
        self._rest()
        for watcher in self._watchers:
            watcher.end()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sample(self) -> None:
        now = self._clock.now()
        self._timer = self._clock.call_at(now + PERIOD_SECS, self._sample)
        overview = self._look()
        states = {locale: _event(overview, locale) for locale in {watcher.locale for watcher in self._watchers}}
        for watcher in self._watchers:
            watcher.show(states[watcher.locale], now)


def _event(overview: Overview, locale: Locale) -> bytes:
    return b"data: " + msgspec.json.encode(panel(overview, locale)) + b"\n\n"
