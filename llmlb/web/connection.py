"""One client connection: what it may send, how long it may take, and what it is answered when that is no HTTP.

`Answering` sees to it that requests are answered, and reads the plain ones; aiohttp reads the others. What is added
here bounds what a connection can hold without being a request: heads that do not end, and requests sent ahead of the
answer to the one before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, cast

import structlog
from aiohttp import HttpVersion10, HttpVersion11, StreamReader, web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

from llmlb.clock import Timer
from llmlb.errors import LongHead, Malformed, Refusal, SlowHead, TooManyConnections
from llmlb.gateway.gateway import Gateway
from llmlb.web.answering import Answering
from llmlb.web.faults import FAULTS, plain_answer, raw_answer
from llmlb.web.keys import REQUEST_ID
from llmlb.web.reception import PlainBody
from llmlb.web.requests import new_id

HEAD_SECS = 15.0
"""Within which a head must be whole, from its first byte on; the first one from the connection's beginning on."""
MAX_HEAD = 64 * 1024
"""Bytes of a head; aiohttp limits its lines to 8 KiB and their number to 128."""
MAX_AHEAD = 64 * 1024
"""Bytes that a client may send while an earlier request of its connection is still being answered."""
MAX_BARREN = 64 * 1024
"""Bytes that may come on end for a body without one of the body among them."""
LINGER_SECS = 1.0
"""How long a connection whose client still sends is kept for it to read the last answer. A close at once could take
that back."""

_log = structlog.get_logger("llmlb.web")


class Door(Protocol):
    """What a connection asks when it is made, and tells when it was turned away."""

    def admits(self) -> bool:
        """Whether there is room for one more connection."""

    def turned_away(self, transport: asyncio.Transport) -> bool:
        """There was none. Whether there is room to say so."""

    def gone(self, transport: asyncio.Transport) -> None:
        """One that was told so is closed."""

    def closed(self, size: int) -> None:
        """One is closed for which aiohttp has read so many bytes."""


class Connection(Answering):
    """One client connection. Requests that are no HTTP get our form of error, and no say in our log."""

    __slots__ = (
        "_ahead",
        "_barren",
        "_begin",
        "_body",
        "_body_bytes",
        "_door",
        "_has_answered",
        "_head_bytes",
        "_read_bytes",
        "_timer",
        "_unwanted",
    )

    def __init__(self, *args: Any, gateway: Gateway, door: Door, **kwargs: Any) -> None:
        super().__init__(*args, gateway=gateway, **kwargs)
        self._door = door
        self._timer: Timer | None = None
        self._unwanted: asyncio.Transport | None = None
        self._body: StreamReader | PlainBody | None = None
        """That of the request which is being answered, or was last."""
        self._has_answered = False
        self._head_bytes = 0
        self._read_bytes = 0
        self._ahead = 0
        self._body_bytes = 0
        self._barren = 0
        self._begin = self._request_factory
        self._request_factory = self._begun

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._door.admits():
            # A reply is over when the system has all of it: what the process holds would be lost with the process.
            cast(asyncio.Transport, transport).set_write_buffer_limits(0)
            super().connection_made(transport)
            self._call_in(HEAD_SECS, self._head_is_late)
        else:
            self._turn_away(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._stop_timer()
        self._begin = self._body = None
        if self._unwanted is not None:
            self._door.gone(self._unwanted)
        if self._read_bytes:
            self._door.closed(self._read_bytes)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deaf or self._close or self._force_close:
            return
        if self._plain_body is not None:
            data = self._take_more(data)
            if not data:
                return
        elif self._take_plain(data):
            return
        body = self._body if self._waiter is None or self.answers or self._paused else None
        if self._has_answered and body is not None and body.is_eof() and not self._paused:
            body = None  # nobody is ahead who has the whole answer
        ahead = body is not None and body.is_eof()
        self._read_bytes += len(data)
        self._parse(data)
        if ahead:
            self._came_ahead(len(data))
        elif isinstance(body, StreamReader):
            self._came_for(body, len(data))
        else:
            self._came(len(data))
        self._go_on()

    def _begins(self, body: StreamReader | PlainBody) -> None:
        self._body = body
        self._has_answered = False
        self._body_bytes = self._barren = 0
        if not self._messages:
            self._ahead = 0
            self._stop_timer()

    def has_answered(self) -> None:
        self._has_answered = True

    def _begun(self, message: Any, payload: StreamReader, *rest: Any) -> web.BaseRequest:
        self._begins(payload)
        if "Expect" in message.headers and message.headers["Expect"].lower() != "100-continue":
            # Nothing else can be expected. aiohttp would answer in its own words, or crash over the header's bytes.
            headers = message.headers.copy()
            headers.popall("Expect")
            message = message._replace(headers=headers)
        assert self._begin is not None
        return self._begin(message, payload, *rest)

    # A head

    def _came(self, size: int) -> None:
        """Bytes while no request is being answered: of a head, and of what follows it."""
        size += self._head_bytes
        if self._messages:
            self._stop_timer()
            self._head_bytes = 0
            self._sift(size)
            return
        self._head_bytes = size
        if size > MAX_HEAD:
            self._fail(LongHead(MAX_HEAD))
        elif self._timer is None:
            self._call_in(HEAD_SECS, self._head_is_late)

    def _sift(self, size: int = MAX_HEAD + 1) -> None:
        """Refuse what aiohttp lets pass. `size`: of everything that came, heads among it, where that is known."""
        for place, (message, _) in enumerate(self._messages):
            if isinstance(message, _ErrInfo):
                continue
            if message.version != HttpVersion11 and (message.version != HttpVersion10 or message.chunked):
                refusal: Refusal = Malformed()
            elif size > MAX_HEAD and head_size(message) > MAX_HEAD:
                refusal = LongHead(MAX_HEAD)
            else:
                continue
            self._messages[place] = _failure(refusal)
            self._deaf = True

    def _head_is_late(self) -> None:
        self._timer = None
        if self._head_bytes:
            self._fail(SlowHead())
        else:
            self.force_close()  # it has asked nothing, so there is nothing to answer

    def _fail(self, refusal: Refusal) -> None:
        """Answer this, as soon as nothing else is being answered, and close."""
        self._deaf = True
        self._stop_timer()
        self._messages.append(_failure(refusal))
        self._answer_next()

    # A body

    def _came_for(self, body: StreamReader, size: int) -> None:
        """Bytes of a body that has not ended: not only the extensions of its chunks, for ever."""
        if body.total_bytes > self._body_bytes or body.is_eof():
            self._body_bytes, self._barren = body.total_bytes, 0
            return
        self._barren += size
        if self._barren > MAX_BARREN:
            self._deaf = True
            _break_off(body)

    # Requests ahead of their turn

    def _came_ahead(self, size: int) -> None:
        self._ahead += size
        self._sift(self._ahead)
        if self._ahead > MAX_AHEAD:
            self._take_no_more()

    def _pause_reading_for_buffer(self) -> None:
        self._take_no_more()

    def _take_no_more(self) -> None:
        """Answer what is being answered, then close."""
        self._deaf = True
        if not self._messages:
            self._messages.append(_failure(LongHead(MAX_HEAD)))  # nothing else is as long and no request
        elif not self._messages[-1][1].is_eof():
            _break_off(self._messages[-1][1])
        _log.info("sent too far ahead", requests=len(self._messages))

    # One connection too many

    def _turn_away(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._manager = None
        self._force_close = True
        if not self._door.turned_away(transport):
            transport.abort()
            return
        self._unwanted = transport
        transport.write(raw_answer(TooManyConnections(), self._gateway.config.server.locale, new_id()))
        _end_writing(transport)
        self._call_in(LINGER_SECS, transport.abort)

    # Errors

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        finished = await super().finish_response(request, resp, start_time)
        self.has_answered()
        self._sift()  # only now has aiohttp read what came behind a request to upgrade
        if self._deaf:
            self._close = True
            await self._linger()
        return finished

    def _part(self, transport: asyncio.Transport) -> None:
        self._close = True
        _end_writing(transport)
        self._call_in(LINGER_SECS, transport.close)

    async def _linger(self) -> None:
        """Let a client that still sends read what it was answered. Ends early, by cancellation, when it closes."""
        if self.transport is not None:
            _end_writing(self.transport)
            enough = asyncio.Event()
            self._call_in(LINGER_SECS, enough.set)
            await enough.wait()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError):
            raise exc  # the client has left; there is nobody to tell, and nothing to report
        request[REQUEST_ID] = given = new_id()
        refusal = _refusal(status, exc)
        if refusal is not None:
            self._deaf = True
            status = FAULTS[type(refusal)].status
            _log.info("malformed request", id=given, status=status, kind=type(exc).__name__)
        else:
            _log.error("internal error", id=given, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, there is no room for an error")
        response = plain_answer(refusal, self._gateway.config.server.locale, given)
        response.force_close()
        return response

    # Time

    def _call_in(self, secs: float, do: Callable[[], None]) -> None:
        clock = self._gateway.clock
        self._timer = clock.call_at(clock.now() + secs, do)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _end_writing(transport: asyncio.WriteTransport) -> None:
    """Say that nothing more is coming, if there still is somebody to say it to: what was written last may have been
    answered with a reset."""
    with suppress(OSError):
        transport.write_eof()


def _break_off(body: StreamReader) -> None:
    """Let nobody take what has come of a body for the whole, nor wait for the rest."""
    body.set_exception(web.RequestPayloadError("the rest is not read"))  # first: this wakes who waits for more
    body.feed_eof()


def head_size(message: RawRequestMessage) -> int:
    """Bytes of a head, not counting its method and version."""
    return len(message.path) + sum(len(name) + len(value) + 4 for name, value in message.raw_headers)


def _refusal(status: int, error: BaseException | None) -> Refusal | None:
    """What a client is told; None for a crash of ours."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, LineTooLong):
        return LongHead(MAX_HEAD)
    return Malformed() if status < 500 else None


def _failure(refusal: Refusal) -> tuple[_ErrInfo, StreamReader]:
    return _ErrInfo(status=FAULTS[type(refusal)].status, exc=refusal, message=""), EMPTY_PAYLOAD
