"""A reply that is read at once is read as the full reader would read it, whatever the pieces it comes in."""

from __future__ import annotations

import asyncio
from typing import cast

import attrs
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from llmlb.config.model import NodeConfig
from llmlb.nodes.end import End
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.line import Line
from llmlb.testing import ManualClock
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.usage import TokenMeter
from tests.property.test_wire_http1 import cut, damage, places, replies

OFTEN = settings(max_examples=4 * settings().max_examples)


class Wire:
    """A transport that takes everything and is closed when that is asked for."""

    closing = False

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


class Request:
    id = "r"

    def pieces(self, node: NodeConfig, node_block: bytes) -> tuple[bytes, ...]:
        raise AssertionError("the dispatcher's")


@attrs.frozen
class Seen:
    """What becomes of an exchange."""

    status: int | None
    block: bytes
    event_stream: bool
    length: int | None
    tokens: int | None
    body: bytes
    end: End | None
    at_once: bool
    """Whether it was over before the connection was."""
    open: bool
    """Whether the line takes another."""


class Desk:
    """A node's line, its owner, and whoever wants the reply."""

    def __init__(self, kind: type[Line] = Line) -> None:
        self.clock = ManualClock()
        self.line = kind(self, self.clock, 10.0)
        self.wire = Wire()
        self.line.connection_made(cast(asyncio.Transport, self.wire))

    def over(self, exchange: Exchange, end: End) -> None:
        exchange.end = end

    def reopen(self, exchange: Exchange) -> None:
        raise AssertionError("it has seen the request")

    def abort(self, exchange: Exchange, reason: str) -> None: ...

    def resume(self, exchange: Exchange) -> None: ...

    def stirred(self) -> None: ...

    def crashed(self, bug: Exception) -> None:
        raise bug

    def ended(self, exchange: Exchange, end: End) -> None: ...

    def exchange(self, pieces: list[bytes]) -> Seen:
        """Send a request, and have this come for it."""
        exchange = Exchange(Request(), self, 30.0, TokenMeter(ENDPOINTS[0], 40))
        exchange.carrier = self
        self.line.send(exchange, (b"request",))
        body = b""
        for piece in pieces:
            if piece and not self.wire.closing:
                self.line.data_received(piece)
                body += exchange.take()
        is_open, at_once = self.line.open, exchange.end is not None
        if not is_open:
            self.line.connection_lost(None)
            body += exchange.take()
        head = exchange.head
        return Seen(
            head.status if head else None,
            head.client_block if head else b"",
            head is not None and head.is_event_stream,
            exchange.length,
            exchange.tokens,
            body,
            exchange.end,
            at_once,
            is_open,
        )


class FullLine(Line):
    """One that reads nothing at once."""

    def _read_plain(self, exchange: Exchange, data: bytes) -> bool:
        return False


def fully(pieces: list[bytes]) -> Seen:
    """What becomes of it where nothing is read at once."""
    return Desk(FullLine).exchange(pieces)


names = st.sampled_from([
    "Content-Type", "Content-Type", "Content-Encoding", "Server", "Date", "Connection", "Keep-Alive", "Cache-Control",
    "OpenAI-Version", "X-Request-Id", "Transfer-Encoding", "Upgrade", "Retry-After", "Content-Disposition", "Trailer",
    "content-length", "ETag", "Proxy-Connection",
])  # fmt: skip
values = st.sampled_from([
    "application/json", "application/json", "text/event-stream", "text/plain; charset=utf-8", "keep-alive", "close",
    "gzip", "chunked", "identity", "", "timeout=5", "a\tb", "no-store", "5",
]) | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)  # fmt: skip
blanks = st.sampled_from([" ", " ", "", "\t", "  ", " \t "])
lines = st.builds("{}:{}{}{}\r\n".format, names, blanks, values, blanks)
starts = st.sampled_from(
    ["HTTP/1.1 200 OK"] * 9 + ["HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.0 200 OK", "HTTP/1.1 404 No"]
)
forms = st.sampled_from(["{}"] * 9 + ["0{}", "+{}", "{0}, {0}", "{}.0", "1{}"])
bodies = st.sampled_from(
    [b'{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}', b"{}", b"data: {}\n\n", b""]
) | st.binary(max_size=20)


@st.composite
def nearly_plain(draw: st.DrawFn) -> bytes:
    """A reply with nothing special about it, or hardly anything."""
    body = draw(bodies)
    head = draw(st.lists(lines, max_size=4))
    length = f"Content-Length:{draw(blanks)}{draw(forms).format(len(body))}{draw(blanks)}\r\n"
    head.insert(draw(st.integers(0, len(head))), length)
    return f"{draw(starts)}\r\n{''.join(head)}\r\n".encode() + body


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Such a reply, or another one, with some bytes replaced, left out or added."""
    data = bytearray(draw(nearly_plain() | nearly_plain() | replies().map(lambda reply: reply[0])))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(damage | st.binary(max_size=2))
    return bytes(data)


any_reply = (nearly_plain() | damaged()).filter(bool)


@OFTEN
@given(any_reply, places)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", [])
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 007\r\nContent-Type: text/plain\r\n\r\nhello u", [])
def test_how_it_is_read_and_in_which_pieces_makes_no_difference(data: bytes, at: list[int]) -> None:
    whole = fully([data])
    desk = Desk()
    assert desk.exchange([data]) == whole
    event("read at once" if desk.line._parser is None else "read by httptools")
    pieces = cut(data, at)
    assert Desk().exchange(pieces) == fully(pieces)


@OFTEN
@given(nearly_plain(), places)
def test_a_plain_reply_is_the_same_in_pieces_and_whole(data: bytes, at: list[int]) -> None:
    whole, parts = Desk().exchange([data]), Desk().exchange(cut(data, at))
    if whole.at_once and whole.open:
        assert parts == whole


@OFTEN
@given(st.lists(any_reply, min_size=1, max_size=3), st.lists(st.integers(0, 2), min_size=1, max_size=6))
def test_what_was_read_before_on_the_connection_changes_nothing(some: list[bytes], order: list[int]) -> None:
    desk = Desk()
    for number in order:
        data = some[number % len(some)]
        seen = desk.exchange([data])
        assert seen == fully([data])
        if not seen.open:
            desk = Desk()


def test_the_examples_are_read_at_once_often_enough() -> None:
    """Where nothing is, nothing is compared."""
    read = 0

    @settings(max_examples=100, database=None, derandomize=True)
    @given(any_reply)
    def count(data: bytes) -> None:
        nonlocal read
        desk = Desk()
        read += desk.exchange([data]).at_once and desk.line._parser is None

    count()
    assert read >= 10
