"""A line, told by hand what its connection does."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from llmlb.config.model import NodeConfig
from llmlb.nodes.end import End, EndKind
from llmlb.nodes.exchange import HIGH_WATER, Exchange
from llmlb.nodes.line import Line
from llmlb.testing import ManualClock
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.usage import TokenMeter

IDLE_SECS, FIRST_SECS = 10.0, 30.0
HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


class Wire:
    """A transport that writes down what is done to it."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.did: list[str] = []
        self.closing = False
        self.unsent = 0

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def abort(self) -> None:
        self.did.append("abort")
        self.closing = True

    def pause_reading(self) -> None:
        self.did.append("pause")

    def resume_reading(self) -> None:
        self.did.append("resume")

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.unsent


class Request:
    id = "r"

    def pieces(self, node: NodeConfig, node_block: bytes) -> tuple[bytes, ...]:
        raise AssertionError("the dispatcher's")


class Listener:
    def __init__(self) -> None:
        self.stirs = 0

    def stirred(self) -> None:
        self.stirs += 1

    def crashed(self, bug: Exception) -> None:
        raise bug

    def ended(self, exchange: Exchange, end: End) -> None: ...


class Desk:
    """The line's owner, its transport and its clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.ends: list[tuple[Exchange, End]] = []
        self.reopened: list[Exchange] = []
        self.line = Line(self, self.clock, IDLE_SECS)
        self.wire = Wire()
        self.line.connection_made(cast(asyncio.Transport, self.wire))

    def over(self, exchange: Exchange, end: End) -> None:
        self.ends.append((exchange, end))
        exchange.end = end

    def reopen(self, exchange: Exchange) -> None:
        self.reopened.append(exchange)

    def abort(self, exchange: Exchange, reason: str) -> None:
        self.line.abort(reason)

    def resume(self, exchange: Exchange) -> None:
        self.line.resume()

    def send(self) -> Exchange:
        exchange = Exchange(Request(), Listener(), FIRST_SECS, TokenMeter(ENDPOINTS[0], 40))
        exchange.carrier = self
        self.line.send(exchange, (b"request", b"body"))
        return exchange

    def lose(self, error: Exception | None = None) -> None:
        self.line.connection_lost(error)

    @property
    def kinds(self) -> list[EndKind]:
        return [end.kind for _, end in self.ends]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_request_is_written_and_its_reply_read_to_the_end(desk: Desk) -> None:
    exchange = desk.send()
    assert desk.wire.written == [b"request", b"body"]
    assert not desk.line.open
    desk.line.data_received(HELLO[:-2])
    assert (exchange.begun, desk.ends) == (True, [])
    desk.line.data_received(HELLO[-2:])
    assert desk.kinds == [EndKind.COMPLETE]
    assert exchange.take() == b"hello"
    assert desk.line.open


def test_the_end_is_reported_in_the_call_that_reads_the_last_byte_and_the_line_can_send_again(desk: Desk) -> None:
    for _ in range(3):
        desk.send()
        desk.line.data_received(HELLO)
    assert desk.kinds == [EndKind.COMPLETE] * 3
    assert desk.wire.did == []


def test_a_head_without_a_body_byte_is_not_yet_a_reply_to_pass_on(desk: Desk) -> None:
    exchange = desk.send()
    desk.line.data_received(HELLO[:-5])
    assert (exchange.head is not None, exchange.begun) == (True, False)
    desk.lose()
    assert desk.kinds == [EndKind.BROKEN]


@pytest.mark.parametrize(
    "reply", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"]
)
def test_what_cannot_be_read_is_hung_up_on_and_reported_once_the_connection_is_gone(desk: Desk, reply: bytes) -> None:
    desk.send()
    desk.line.data_received(reply)
    assert (desk.wire.did, desk.ends) == (["abort"], [])
    desk.line.data_received(b"more")
    desk.lose()
    assert desk.kinds == [EndKind.BROKEN]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, "connection closed before a reply"),
        (ConnectionResetError(), "connection reset before a reply"),
        (TimeoutError(), "no sign of life before a reply"),
        (OSError(), "connection closed before a reply"),
    ],
)
def test_a_new_connection_that_dies_is_a_failure(desk: Desk, error: Exception | None, words: str) -> None:
    desk.send()
    desk.lose(error)
    assert [end for _, end in desk.ends] == [End(EndKind.BROKEN, words)]
    assert desk.reopened == []


def test_a_kept_connection_that_dies_before_any_byte_is_reopened(desk: Desk) -> None:
    desk.send()
    desk.line.data_received(HELLO)
    exchange = desk.send()
    desk.lose()
    assert desk.reopened == [exchange]
    assert desk.kinds == [EndKind.COMPLETE]


def test_a_kept_connection_that_dies_long_after_the_request_is_a_failure(desk: Desk) -> None:
    """The node was at work on it: sent again it would be computed twice."""
    desk.send()
    desk.line.data_received(HELLO)
    desk.send()
    desk.clock.advance(1.5)
    desk.line.connection_lost(None)
    assert (desk.reopened, desk.kinds) == ([], [EndKind.COMPLETE, EndKind.BROKEN])


def test_a_kept_connection_that_dies_after_a_byte_is_a_failure(desk: Desk) -> None:
    desk.send()
    desk.line.data_received(HELLO)
    desk.send()
    desk.line.data_received(b"H")
    desk.lose()
    assert (desk.reopened, desk.kinds) == ([], [EndKind.COMPLETE, EndKind.BROKEN])


def test_the_close_of_the_connection_may_be_the_end_of_the_reply(desk: Desk) -> None:
    exchange = desk.send()
    desk.line.data_received(b"HTTP/1.1 200 OK\r\n\r\nhel")
    desk.line.data_received(b"lo")
    desk.lose()
    assert (desk.kinds, exchange.take()) == ([EndKind.COMPLETE], b"hello")


@pytest.mark.parametrize(
    ("status", "header", "end"),
    [
        (429, b"", End(EndKind.BUSY, "HTTP 429", None)),
        (503, b"Retry-After: 12\r\n", End(EndKind.BUSY, "HTTP 503", 12.0)),
        (503, b"Retry-After: -1\r\n", End(EndKind.BUSY, "HTTP 503", None)),
        (503, b"Retry-After: 99999999999\r\n", End(EndKind.BUSY, "HTTP 503", None)),
        (500, b"", End(EndKind.ERROR, "HTTP 500")),
        (502, b"Retry-After: 3\r\n", End(EndKind.ERROR, "HTTP 502")),
        (504, b"", End(EndKind.ERROR, "HTTP 504")),
    ],
)
def test_a_refusal_of_the_node_is_not_passed_on(desk: Desk, status: int, header: bytes, end: End) -> None:
    exchange = desk.send()
    desk.line.data_received(b"HTTP/1.1 %d X\r\n%bContent-Length: 2\r\n\r\nno" % (status, header))
    assert [each for _, each in desk.ends] == [end]
    assert (exchange.head, exchange.take()) == (None, b"")
    assert desk.line.open  # it was read whole, so the connection is as good as before


def test_a_refusal_that_goes_on_is_not_waited_for(desk: Desk) -> None:
    desk.send()
    desk.line.data_received(b"HTTP/1.1 500 X\r\nContent-Length: 200\r\n\r\nno")
    assert (desk.wire.did, desk.ends) == (["abort"], [])
    desk.lose()
    assert desk.kinds == [EndKind.ERROR]


def test_aborting_is_over_when_the_connection_is_gone(desk: Desk) -> None:
    exchange = desk.send()
    exchange.abort("the client left")
    exchange.abort("again")
    assert (desk.wire.did, desk.ends, desk.line.open) == (["abort"], [], False)
    desk.lose()
    assert desk.ends == [(exchange, End(EndKind.ABORTED, "the client left"))]


def test_a_reply_that_forbids_reuse_closes_the_line(desk: Desk) -> None:
    desk.send()
    desk.line.data_received(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    assert (desk.kinds, desk.wire.did, desk.line.open) == ([EndKind.COMPLETE], ["abort"], False)


def test_a_reply_to_a_request_that_is_still_being_written_closes_the_line(desk: Desk) -> None:
    desk.send()
    desk.wire.unsent = 1  # a node that answers 413 may never read the rest, and the next request would lie behind it
    desk.line.data_received(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
    assert (desk.kinds, desk.wire.did, desk.line.open) == ([EndKind.COMPLETE], ["abort"], False)


def test_unasked_bytes_close_the_line(desk: Desk) -> None:
    desk.line.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    assert (desk.wire.did, desk.line.open) == (["abort"], False)


def test_a_full_buffer_pauses_the_line_and_taking_resumes_it(desk: Desk) -> None:
    exchange = desk.send()
    desk.line.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
    desk.line.data_received(b"x" * HIGH_WATER)
    assert desk.wire.did == []
    desk.line.data_received(b"x")
    assert (desk.wire.did, exchange.paused) == (["pause"], True)
    assert len(exchange.take()) == HIGH_WATER + 1
    assert (desk.wire.did, exchange.paused) == (["pause", "resume"], False)


def test_a_reply_complete_in_one_gulp_pauses_nothing(desk: Desk) -> None:
    desk.send()
    desk.line.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + b"x" * 999_999)
    assert (desk.wire.did, desk.kinds) == ([], [EndKind.COMPLETE])


def test_silence_before_the_body_has_the_limit_of_the_exchange(desk: Desk) -> None:
    desk.send()
    desk.clock.advance(FIRST_SECS - 0.1)
    assert desk.wire.did == []
    desk.clock.advance(0.1)
    assert desk.wire.did == ["abort"]
    desk.lose()
    assert [end for _, end in desk.ends] == [End(EndKind.SILENT, "silent for 30 s")]


def test_silence_in_the_body_has_the_lines_own_limit(desk: Desk) -> None:
    desk.send()
    desk.line.data_received(HELLO[:-3])
    desk.clock.advance(IDLE_SECS - 0.1)
    desk.line.data_received(HELLO[-3:-2])
    desk.clock.advance(IDLE_SECS - 0.1)
    assert desk.wire.did == []
    desk.clock.advance(0.1)
    desk.lose()
    assert desk.kinds == [EndKind.SILENT]


def test_what_came_while_llmlb_itself_stood_still_is_read_before_the_node_is_called_silent(desk: Desk) -> None:
    """A process that was stopped finds its timers due, and has yet to look at its connections."""
    desk.send()
    desk.clock.call_at(desk.clock.now() + FIRST_SECS, lambda: desk.line.data_received(HELLO[:-3]))
    desk.clock.advance(FIRST_SECS)
    assert desk.wire.did == []
    desk.clock.advance(IDLE_SECS)
    assert desk.wire.did == ["abort"], "and with the next silence it is"


def test_while_the_client_is_slow_the_node_is_not_called_silent(desk: Desk) -> None:
    exchange = desk.send()
    desk.line.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (HIGH_WATER + 1))
    desk.clock.advance(100 * IDLE_SECS)
    assert desk.wire.did == ["pause"]
    exchange.take()
    desk.clock.advance(IDLE_SECS - 0.1)
    assert desk.wire.did == ["pause", "resume"]
    desk.clock.advance(2 * IDLE_SECS)
    assert desk.wire.did == ["pause", "resume", "abort"]


def test_the_limit_starts_anew_with_the_next_exchange(desk: Desk) -> None:
    desk.send()
    desk.clock.advance(FIRST_SECS - 1)
    desk.line.data_received(HELLO)
    desk.clock.advance(FIRST_SECS)
    assert desk.line.open
    desk.send()
    desk.clock.advance(FIRST_SECS - 0.1)
    assert desk.wire.did == []
    desk.clock.advance(0.2)
    assert desk.wire.did == ["abort"]


def test_nothing_is_left_on_the_clock_when_the_connection_is_gone(desk: Desk) -> None:
    desk.send()
    desk.lose()
    assert desk.clock.pending == 0
