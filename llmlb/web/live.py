"""What an open page is kept up to date with: one look at the gateway a period for everybody, while somebody watches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import attrs

from llmlb.clock import Clock, Timer
from llmlb.messages import Locale

PERIOD_SECS = 0.25
BEAT_SECS = 5.0
"""A watcher hears something at least this often, so that it can tell silence from a dead connection."""
MAX_WATCHERS = 256
MESSAGE = "message"
"""The name of an event that has none: what `onmessage` of a browser hears."""

Events = Mapping[str, bytes]
"""By name of the event: its data, in one line. Whatever is the same as before is not sent again."""
Look = Callable[[], Callable[[Locale], Events]]
"""Looks once, and returns what puts that into the words of a language."""


@attrs.define(eq=False)
class Watcher:
    """One open page. Holds the newest of each event only: a slow reader skips what it missed."""

    locale: Locale
    _shown: dict[str, bytes] = attrs.field(factory=dict)
    _unsent: dict[str, bytes] = attrs.field(factory=dict)
    _shown_at: float = 0.0
    _over: bool = False
    _wake: asyncio.Event = attrs.field(factory=asyncio.Event)

    async def next(self) -> bytes | None:
        """What to send next, one or more whole events, as soon as there is something; None when the feed is over."""
        await self._wake.wait()
        if not self._unsent:
            return None
        news = b"".join(_event(name, data) for name, data in self._unsent.items())
        self._unsent.clear()
        if not self._over:
            self._wake.clear()
        return news

    def show(self, events: Events, now: float) -> None:
        """Let `next` return those which are new, instead of ones not fetched yet; a beat after a long silence."""
        if self._over:
            return
        new = {name: data for name, data in events.items() if self._shown.get(name) != data}
        if not new:
            if now - self._shown_at < BEAT_SECS or self._unsent:
                return
            new = {"beat": b"1"}
        else:
            self._shown |= new
        self._unsent |= new
        self._shown_at = now
        self._wake.set()

    def end(self, last: str = "") -> None:
        """Let `next` return an event named `last`, if there is to be one, and then None for ever."""
        if not self._over:
            self._over = True
            self._unsent = {last: b"1"} if last else {}
            self._wake.set()


class Feed:
    """Looks at the gateway while there are watchers and shows each what is new in its language."""

    def __init__(self, look: Look, clock: Clock, *, period: float = PERIOD_SECS, most: int = MAX_WATCHERS) -> None:
        self._look = look
        self._clock = clock
        self._period = period
        self._most = most
        self._watchers: set[Watcher] = set()
        self._timer: Timer | None = None
        self._closed = False

    @property
    def full(self) -> bool:
        """No more watchers are taken: a page costs a connection, and anyone may open one."""
        return len(self._watchers) >= self._most

    @contextmanager
    def watch(self, locale: Locale) -> Iterator[Watcher]:
        """A watcher that is shown the present state at once, then every change until the block is left."""
        watcher = Watcher(locale)
        if self._closed:
            watcher.end()
        else:
            watcher.show(self._look()(locale), self._clock.now())
            self._watchers.add(watcher)
            if self._timer is None:
                self._timer = self._clock.call_at(self._clock.now() + self._period, self._sample)
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
        self._timer = self._clock.call_at(now + self._period, self._sample)
        seen = self._look()
        events = {locale: seen(locale) for locale in {watcher.locale for watcher in self._watchers}}
        for watcher in self._watchers:
            watcher.show(events[watcher.locale], now)


def _event(name: str, data: bytes) -> bytes:
    head = b"" if name == MESSAGE else b"event: " + name.encode() + b"\n"
    return head + b"data: " + data + b"\n\n"
