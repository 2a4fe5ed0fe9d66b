"""Everybody who has the desk open, and what each is shown all the time, for as long as they are signed in."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import attrs
import msgspec

from llmlb.gateway.desk import Desk
from llmlb.gateway.gateway import Gateway
from llmlb.messages import Locale
from llmlb.web.live import Events, Feed, Watcher
from llmlb.web.operator.desk_panel import DeskPanel, desk_panel
from llmlb.web.operator.desk_past import Past
from llmlb.web.operator.sessions import Session, Sessions

PERIOD_SECS = 0.75
"""With what it takes to make and to draw, a desk is at most a second behind."""
MOST_STREAMS = 16
"""Desks open at once: each costs a connection, and those that look for something a look of their own."""
FIND_SECS = 3.0
"""Between two looks at those that are looked for: with ten thousand waiting one takes 40 ms, a plain one 12 ms."""
FIND_PART = 0.1
"""Of all time, the most that looks for something take, however many desks do, and however slow the machine is."""
OVER = "over"
"""The event that ends a stream whose session has ended."""


@attrs.define
class _Sight:
    """What those see who look for the same thing, or for nothing."""

    gateway: Gateway
    past: Past
    find: str
    _events: Callable[[Locale], Events] | None = None
    _next: float = 0.0

    def events(self, finding: int) -> Callable[[Locale], Events]:
        """What is to be seen now, or was a moment ago. `finding`: how many look for something, this one included."""
        clock = self.gateway.clock
        begun = clock.now()
        if self._events is None or not self.find or begun >= self._next:
            desk = self.gateway.desk(self.find)
            self._events = functools.cache(partial(_events, desk, self.past, self.find))
            took = clock.now() - begun
            self._next = begun + max(FIND_SECS, took * finding / FIND_PART)
        return self._events


class DeskStreams:
    """The desks that are open. All that look for nothing share one look at the gateway a period."""

    def __init__(self, gateway: Gateway, sessions: Sessions) -> None:
        self._gateway = gateway
        self._sessions = sessions
        self._past = Past()
        self._feed = self._new_feed("")
        self._finding: set[Feed] = set()
        self._watchers: dict[Watcher, Session] = {}
        self._closed = False

    @property
    def full(self) -> bool:
        """No more are taken."""
        return len(self._watchers) >= MOST_STREAMS

    @contextmanager
    def watch(self, session: Session, locale: Locale, find: str = "") -> Iterator[Watcher]:
        """A watcher that is shown the desk until the block is left, or ended with `OVER` when `session` ends."""
        feed = self._new_feed(find) if find else self._feed
        if find:
            self._finding.add(feed)
        if self._closed:
            feed.close()
        try:
            with feed.watch(locale) as watcher:
                self._watchers[watcher] = session
                try:
                    yield watcher
                finally:
                    del self._watchers[watcher]
        finally:
            self._finding.discard(feed)

    def panel(self, locale: Locale, find: str = "") -> DeskPanel:
        """The desk as it is now."""
        return desk_panel(self._gateway.desk(find), self._past, locale, find)

    def close(self) -> None:
        """End every stream: the server is going down."""
        self._closed = True
        for feed in (self._feed, *self._finding):
            feed.close()

    def _new_feed(self, find: str) -> Feed:
        return Feed(
            partial(self._look, _Sight(self._gateway, self._past, find)),
            self._gateway.clock,
            period=PERIOD_SECS,
            most=MOST_STREAMS,
        )

    def _look(self, sight: _Sight) -> Callable[[Locale], Events]:
        for watcher, session in self._watchers.items():
            if not self._sessions.alive(session):
                watcher.end(OVER)
        return sight.events(len(self._finding))


def _events(desk: Desk, past: Past, find: str, locale: Locale) -> Events:
    panel = desk_panel(desk, past, locale, find)
    encode = msgspec.json.encode
    return {
        "head": encode(panel.head),
        "requests": encode(panel.requests),
        "keys": encode(panel.keys),
        "nodes": encode(panel.nodes),
        "past": encode(panel.past),
    }
