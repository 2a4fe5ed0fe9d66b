"""A request for the queue on its way in: its body is taken as it comes, with no task that waits for it."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import StreamReader

from llmlb.clock import Clock, Timer
from llmlb.errors import Malformed, Refusal, StalledBody, TooLarge
from llmlb.gateway.bodies import Hold
from llmlb.web.body import STALL_SECS
from llmlb.web.delivery import Delivery
from llmlb.web.pieces import Pieces


class PlainBody:
    """A body of so many bytes, as it comes after a plain head (`llmlb.wire.plain`). Read like aiohttp's."""

    __slots__ = ("_left", "_parts", "total_bytes")

    def __init__(self, size: int) -> None:
        self._left = size
        self._parts: list[bytes] = []
        self.total_bytes = 0

    def feed(self, data: bytes) -> bytes:
        """Take what is part of it, and return what comes behind it."""
        part, rest = data[: self._left], data[self._left :]
        self._left -= len(part)
        self.total_bytes += len(part)
        self._parts.append(part)
        return rest

    def read_nowait(self) -> bytes:
        """All that has come since the last call."""
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    def is_eof(self) -> bool:
        """Whether all of it has come."""
        return not self._left

    def at_eof(self) -> bool:
        """Whether all of it has come and been read."""
        return not self._left and not self._parts

    def exception(self) -> None:
        """Nothing can be wrong with it."""


class Reception:
    """Takes a body of at most `limit` bytes, into `hold`, and sends the request on its way when it is whole.

    `turned_away` is called just before a request is answered of whose body the rest will not be read.
    """

    __slots__ = (
        "_clock",
        "_content",
        "_delivery",
        "_heard_at",
        "_hold",
        "_limit",
        "_pieces",
        "_taking",
        "_timer",
        "_turned_away",
        "over",
    )

    def __init__(
        self,
        delivery: Delivery,
        content: StreamReader | PlainBody,
        hold: Hold,
        limit: int,
        clock: Clock,
        turned_away: Callable[[], None],
    ) -> None:
        self._delivery = delivery
        self._content = content
        self._hold = hold
        self._limit = limit
        self._clock = clock
        self._turned_away = turned_away
        self._pieces = Pieces()
        self._timer: Timer | None = None
        self._heard_at = 0.0
        self._taking = False
        self.over = False
        """Whether nothing more is taken."""

    def take(self) -> None:
        """Take what has come of the body."""
        if self._taking:
            return  # reading may have aiohttp hand over at once what it had held back
        content = self._content
        try:
            if content.exception() is not None:
                raise Malformed
            if content.total_bytes > self._limit:
                raise TooLarge(self._limit)
            self._hold.reserve(content.total_bytes)
        except Refusal as refusal:
            self._turn_away(refusal)
            return
        self._taking = True
        while part := content.read_nowait():
            self._pieces.add(part)
        self._taking = False
        if content.at_eof():
            self._hand_over()
        else:
            self._heard_at = self._clock.now()
            if self._timer is None:
                self._timer = self._clock.call_at(self._heard_at + STALL_SECS, self._look)

    def _hand_over(self) -> None:
        try:
            body = self._hold.whole(self._pieces.whole)
        except Refusal as refusal:
            self._turn_away(refusal)
        else:
            self.close()
            self._delivery.ask(body)

    def close(self) -> None:
        """Take no more."""
        self.over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        due = self._heard_at + STALL_SECS
        if self._clock.now() < due:
            self._timer = self._clock.call_at(due, self._look)
        else:
            self._turn_away(StalledBody())

    def _turn_away(self, refusal: Refusal) -> None:
        self.close()
        self._turned_away()
        self._delivery.refuse(refusal)
