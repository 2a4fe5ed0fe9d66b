"""A node's one connection: writes a request, reads its reply, and tells its owner when that is over."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Protocol, cast

from llmlb.clock import Clock, Timer
from llmlb.nodes.end import COMPLETE, EMPTY, End, EndKind
from llmlb.nodes.exchange import HIGH_WATER, Exchange
from llmlb.wire.http1 import BadReply, ReplyHead, ReplyParser, length_of
from llmlb.wire.plain import Recall

_OK, _TOO_MANY, _SERVER_ERROR, _UNAVAILABLE = 200, 429, 500, 503

_PLAIN_REPLY = re.compile(rb"HTTP/1\.1 200 [\t -~]*\r\n")

_LOST_BY: dict[object, str] = {ConnectionResetError: "connection reset", TimeoutError: "no sign of life"}

STALE_SECS = 1.0
"""A kept connection that was already closed by the node says so within this of being written to."""


class Owner(Protocol):
    """Who the line belongs to."""

    def over(self, exchange: Exchange, end: End) -> None:
        """The exchange has ended on the wire."""

    def reopen(self, exchange: Exchange) -> None:
        """The kept connection had died before the node saw the request: send it on a new one."""


class Line(asyncio.Protocol):
    """One connection to a node, for one exchange after another.

    The end of an exchange is reported exactly once: from the call that reads the last byte of a complete reply,
    or, for every other end, when the connection is closed. So when the owner hears of it, the node is free.
    """

    def __init__(self, owner: Owner, clock: Clock, idle_secs: float) -> None:
        self._owner = owner
        self._clock = clock
        self.idle_secs = idle_secs
        """How long the node may be silent in mid-reply; another one counts from the next request on."""
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._recall = Recall(_PLAIN_REPLY, _plain_head)
        self._parser: ReplyParser | None = None
        """Of the reply that is coming, if it is not read as a whole."""
        self._verdict: End | None = None
        """How the exchange is to end, once that is decided and the connection is closing."""
        self._used = False
        self._reply_seen = False
        self._body_seen = False
        self._waiting_since = 0.0
        self._timer: Timer | None = None
        self._timer_due = 0.0

    @property
    def open(self) -> bool:
        """Whether a request may be sent."""
        transport = self._transport
        return transport is not None and not transport.is_closing() and self._exchange is None and self._verdict is None

    def send(self, exchange: Exchange, pieces: tuple[bytes, ...]) -> None:
        """Write a request. The line must be open."""
        transport = self._transport
        assert transport is not None
        self._exchange = exchange
        self._parser = None
        self._reply_seen = self._body_seen = False
        for piece in pieces:
            transport.write(piece)
        self._waiting_since = self._clock.now()
        self._watch(exchange.first_byte_secs)

    def abort(self, reason: str) -> None:
        """Hang up on the exchange in progress."""
        self._hang_up(End(EndKind.ABORTED, reason))

    def resume(self) -> None:
        """Read on, after an exchange had to be paused."""
        if self._transport is not None:
            self._waiting_since = self._clock.now()
            self._transport.resume_reading()

    def close(self) -> None:
        """Close an idle connection."""
        if self._transport is not None and self._exchange is None:
            self._transport.abort()
            self._transport = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None:
            self.close()  # Bytes nobody asked for: whatever follows cannot be trusted.
            return
        if self._verdict is not None:
            return
        if not self._reply_seen and self._read_plain(exchange, data):
            return
        self._reply_seen = True
        self._waiting_since = self._clock.now()
        if self._parser is None:
            self._parser = ReplyParser()
        parser = self._parser
        try:
            parser.feed(data)
        except BadReply as bad:
            self._pass_on(exchange)
            self._hang_up(End(EndKind.BROKEN, f"unreadable reply: {bad}"))
            return
        if self._body_seen:
            if body := parser.take_body():
                exchange.feed(body)
        else:
            head = parser.head
            if head is not None and (head.status >= _SERVER_ERROR or head.status == _TOO_MANY):
                self._refused(exchange, head)
                return
            self._pass_on(exchange)
        if parser.complete:
            self._complete(exchange, self._proper_end())
            return
        exchange.listener.stirred()
        if exchange.held > HIGH_WATER and self._verdict is None:  # the client did not take it
            exchange.paused = True
            cast(asyncio.Transport, self._transport).pause_reading()

    def eof_received(self) -> bool:
        return False  # close our side too

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._stop_watch()
        exchange, self._exchange = self._exchange, None
        if exchange is None:
            return
        if self._verdict is not None:
            self._owner.over(exchange, self._verdict)
        elif self._died_unseen():
            self._owner.reopen(exchange)
        elif exc is None and self._parser is not None and self._parser.eof():
            self._pass_on(exchange)
            self._owner.over(exchange, self._proper_end())
        else:
            what = _LOST_BY.get(type(exc), "connection closed")
            when = "in mid-reply" if self._reply_seen else "before a reply"
            self._owner.over(exchange, End(EndKind.BROKEN, f"{what} {when}"))

    # Steps

    def _read_plain(self, exchange: Exchange, data: bytes) -> bool:
        """Take a whole reply at once, if it is as plain as most are."""
        found = self._recall.read(data)
        if found is None:
            return False
        head, start, length = found
        if length != len(data) - start or not length:
            return False
        exchange.start(head, length)
        exchange.feed(data[start:])
        self._end(exchange, COMPLETE, reusable=True)
        return True

    def _died_unseen(self) -> bool:
        """Whether the node had closed the kept connection before it could see the request.

        That shows at once. A node that goes away later was at work on it, and has failed.
        """
        at_once = self._clock.now() - self._waiting_since <= STALE_SECS
        return self._used and not self._reply_seen and at_once

    def _pass_on(self, exchange: Exchange) -> None:
        """Give the exchange what the parser has."""
        parser = self._parser
        assert parser is not None
        if exchange.head is None and parser.head is not None:
            exchange.start(parser.head, length_of(parser.head))
        if not parser.has_body:
            return
        if not self._body_seen:
            self._body_seen = True
            self._watch(self.idle_secs)
        exchange.feed(parser.take_body())

    def _refused(self, exchange: Exchange, head: ReplyHead) -> None:
        """The node will not serve this one. Its words are for us, not for the client."""
        if head.status in (_TOO_MANY, _UNAVAILABLE):
            end = End(EndKind.BUSY, f"HTTP {head.status}", _retry_after(head))
        else:
            end = End(EndKind.ERROR, f"HTTP {head.status}")
        if self._parser is not None and self._parser.complete:
            self._complete(exchange, end)
        else:
            self._hang_up(end)

    def _proper_end(self) -> End:
        """The end of a reply that came to it. One that says it is fine and has nothing in it is told apart."""
        head = self._parser.head if self._parser is not None else None
        empty = not self._body_seen and head is not None and head.status == _OK and not _is_text(head)
        return EMPTY if empty else COMPLETE

    def _complete(self, exchange: Exchange, end: End) -> None:
        assert self._parser is not None
        self._end(exchange, end, reusable=self._parser.reusable)

    def _end(self, exchange: Exchange, end: End, *, reusable: bool) -> None:
        self._exchange = None
        self._used = True
        if not reusable or cast(asyncio.Transport, self._transport).get_write_buffer_size():
            self.close()
        self._owner.over(exchange, end)

    def _hang_up(self, end: End) -> None:
        if self._exchange is not None and self._verdict is None:
            self._verdict = end
            assert self._transport is not None
            self._transport.abort()

    # One timer for all exchanges of the line: it looks when the earliest limit could be over, and moves on.

    def _watch(self, secs: float) -> None:
        due = self._waiting_since + secs
        if self._timer is None or due < self._timer_due:
            self._stop_watch()
            self._timer_due = due
            self._timer = self._clock.call_at(due, self._look)

    def _look(self, *, sure: bool = False) -> None:
        self._timer = None
        exchange = self._exchange
        if exchange is None or self._verdict is not None:
            return
        if exchange.paused:  # It is the client that is slow.
            self._waiting_since = self._clock.now()
        limit = self.idle_secs if self._body_seen else exchange.first_byte_secs
        now = self._clock.now()
        if now < self._waiting_since + limit:
            self._watch(limit)
        elif sure:
            self._hang_up(End(EndKind.SILENT, f"silent for {limit:g} s"))
        else:  # it may be llmlb that stood still, its process stopped: what has come meanwhile is read before the next
            self._timer = self._clock.call_at(now, partial(self._look, sure=True))

    def _stop_watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _plain_head(line: re.Match[bytes], fields: list[tuple[str, str]]) -> ReplyHead | None:
    return ReplyHead(_OK, tuple(fields))


def _is_text(head: ReplyHead) -> bool:
    """Whether the reply is plain text: a recording in which nobody speaks has none."""
    return any(name == "content-type" and value.lower().startswith("text/plain") for name, value in head.headers)


def _retry_after(head: ReplyHead) -> float | None:
    """The seconds a node asks for; dates and nonsense count as nothing said."""
    for name, value in head.headers:
        if name == "retry-after":
            return float(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    return None
