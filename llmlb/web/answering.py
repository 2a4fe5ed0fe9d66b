"""Who answers a request: the connection itself, without a task, or aiohttp and the handlers.

A request for the queue needs nothing but a `Delivery`, and nearly all requests are such. aiohttp's way for it, through
a task, a router, a request and a response, takes longer than everything the gateway does (docs/performance.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import HttpVersion11, StreamReader, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import _ErrInfo

from llmlb.errors import Refusal
from llmlb.gateway.bodies import Hold
from llmlb.gateway.gateway import Gateway
from llmlb.web.asked import ENDPOINT_AT, PLAIN_REQUEST, Asked, asked_plainly
from llmlb.web.body import check_announced
from llmlb.web.delivery import Delivery
from llmlb.web.patience import Patience
from llmlb.web.reception import PlainBody, Reception
from llmlb.web.requests import new_id
from llmlb.wire.headers import request_id
from llmlb.wire.plain import Recall


class Answering(web.RequestHandler):
    """A connection that answers requests for the queue, and leaves all others to aiohttp.

    aiohttp's task waits for the next request while `_waiter` is there. It is woken for what is not answered here. What
    is plain (`llmlb.wire.plain`) aiohttp does not even read.
    """

    __slots__ = (
        "_answering",
        "_between",
        "_deaf",
        "_fresh",
        "_gateway",
        "_patience",
        "_plain_body",
        "_recall",
        "_reception",
        "answers",
    )

    def __init__(self, *args: Any, gateway: Gateway, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gateway = gateway
        self.answers = False
        """Whether it is answering a request itself."""
        self._answering: Delivery | None = None
        """The request for the queue that is being answered, here or by a handler."""
        self._patience: Patience | None = None
        """With a client that has something to take, whoever has answered it."""
        self._recall = Recall(PLAIN_REQUEST, asked_plainly)
        self._between = True
        """Whether aiohttp is known to have read nothing of the next request. Only then may that be read here."""
        self._plain_body: PlainBody | None = None
        """The body that is coming, if aiohttp does not read it."""
        self._reception: Reception | None = None
        """What takes the body of the one that is answered here."""
        self._deaf = False
        """Nothing more is listened to. What comes is still read: only who reads sees the client leave."""
        self._fresh = False
        """Whether it has answered something since it was last looked whether it is idle."""

    def connection_lost(self, exc: BaseException | None) -> None:
        super().connection_lost(exc)
        self._end_patience()
        if self._reception is not None:
            self._reception.close()
            self._reception = None
        if self._answering is not None:
            self._answering.left()
            self._answering = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.transport is not None:
            secs = self._gateway.config.upstream.write_timeout_secs
            self._patience = Patience(self.transport, self._gateway.clock, secs, self._stalled)
            self._patience.begin()
        if self._answering is not None:
            self._answering.pause()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_patience()
        if self._answering is not None:
            self._answering.resume()
        self._loop.call_soon(self._answer_next)  # not now, as in `Delivery.resume`

    def resume_reading(self, resume_parser: bool = True) -> None:
        if self._reading_paused:  # else there is nothing to resume, but aiohttp would go through all of it
            super().resume_reading(resume_parser)

    def deliver(self, asked: Asked, request_id: str, done: Callable[[bool], None], hold: Hold) -> Delivery:
        """Begin to answer a request for the queue. `done` is told whether the connection may be kept.

        `hold`: the room for its body. Raises ConnectionResetError when the client has left already.
        """
        if self.transport is None:
            raise ConnectionResetError("the client has left")
        transport = self.transport
        self._answering = Delivery(self._gateway, asked, request_id, transport, hold, done, paused=self._paused)
        return self._answering

    async def drained(self) -> None:
        """Return when the client has taken most of what it was answered. Raises ConnectionResetError if it left."""
        await self._drain_helper()

    def _stalled(self) -> None:
        if self._answering is not None:
            self._answering.stalled()

    def _end_patience(self) -> None:
        if self._patience is not None:
            self._patience.end()
            self._patience = None

    # Whose turn it is

    def _is_free(self) -> bool:
        """Whether a request can be answered now: not before the client has taken what it was answered to others."""
        if self.answers or self._paused or self._close:
            return False
        return self._waiter is not None and not self._waiter.done()

    def _take_plain(self, data: bytes) -> bool:
        """Answer the request that begins with these bytes, if it is plain, welcome, and all that there is."""
        if not self._between or self._messages or not self._is_free():
            return False
        found = self._recall.read(data)
        if found is None:
            return False
        asked, start, size = found
        gateway, come = self._gateway, len(data) - start
        hold, limit = gateway.bodies.hold(), gateway.config.server.body_limit
        try:
            asked.sender(gateway)
        except Refusal:
            return False
        if come > size or size > limit or not hold.fits(size):
            return False
        body = PlainBody(size)
        body.feed(data[start:])
        self._begins(body)
        delivery = self._deliver(asked, asked.headers.get("x-request-id"), hold)
        if come == size:
            hold.reserve(size)
            delivery.ask(body.read_nowait())
        else:
            self._plain_body = body
            self._receive(delivery, body, hold, limit)
        return True

    def _take_more(self, data: bytes) -> bytes:
        """Take what is part of a plain body that is still coming, and return the rest."""
        if self._plain_body is not None:
            data = self._plain_body.feed(data)
            if self._plain_body.is_eof():
                self._plain_body = None
            if self._reception is not None:
                self._reception.take()
        return data

    def _parse(self, data: bytes) -> None:
        """Have aiohttp read this, and wake nobody."""
        waiter, self._waiter = self._waiter, None
        before = len(self._messages)
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if data and self._between:
            self._between = len(self._messages) == before + 1 and _is_all(data, *self._messages[-1])

    def _go_on(self) -> None:
        """See to what has been read."""
        if self._reception is not None and not self._reception.over:
            self._reception.take()
        else:
            self._answer_next()

    def _answer_next(self) -> None:
        """Have the next request answered, if there is one and nothing else is being answered."""
        if not self._messages or not self._is_free():
            return
        message, body = self._messages[0]
        if isinstance(message, _ErrInfo) or not self._answer(message, body):
            assert self._waiter is not None
            self._waiter.set_result(None)  # aiohttp's task goes on

    def _answer(self, message: RawRequestMessage, body: StreamReader) -> bool:
        """Begin to answer a request, if it is one for the queue and there is nothing special about it."""
        endpoint, headers, gateway = ENDPOINT_AT.get(message.path), message.headers, self._gateway
        if endpoint is None or not _can_be_answered_here(message):
            return False
        asked = Asked(endpoint, headers, headers.items(), http11=True, keep=not message.should_close)
        hold, limit, refusal = gateway.bodies.hold(), gateway.config.server.body_limit, None
        if not body.is_eof() and not hold.fits(int(headers.get("Content-Length", 0))):
            return False  # else it would be promised a place here, and another by the handler
        try:
            asked.sender(gateway)
            check_announced(headers, hold, limit)
        except Refusal as reason:
            if not body.is_eof():
                return False  # aiohttp reads what is still coming
            refusal = reason
        self._messages.popleft()
        assert self._parser is not None
        self._parser.message_consumed()
        self._begins(body)
        delivery = self._deliver(asked, headers.get("X-Request-Id"), hold)
        if refusal is not None:
            delivery.refuse(refusal)
        else:
            self._receive(delivery, body, hold, limit)
        return True

    def _deliver(self, asked: Asked, wanted_id: str | None, hold: Hold) -> Delivery:
        self.answers = self._request_in_progress = True
        return self.deliver(asked, request_id(wanted_id, new_id), self._answered, hold)

    def _receive(self, delivery: Delivery, body: StreamReader | PlainBody, hold: Hold, limit: int) -> None:
        self._reception = Reception(delivery, body, hold, limit, self._gateway.clock, self._hear_no_more)
        self._reception.take()

    def _hear_no_more(self) -> None:
        self._deaf = True

    def _answered(self, keep: bool) -> None:
        self.answers = self._request_in_progress = False
        reception, self._reception = self._reception, None
        if reception is not None and not reception.over:  # there is no time left for the rest of its body
            reception.close()
            self._deaf = True
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        transport = self.transport
        if transport is None:
            return
        if self._deaf:
            self._part(transport)
        elif not keep or self._close or self._force_close:
            self._close = True
            transport.close()
        else:
            self._answering = None
            self._fresh = True
            if self._messages:
                self._loop.call_soon(self._answer_next)

    def _process_keepalive(self) -> None:
        if self.answers or self._fresh:  # for aiohttp it has been idle all the time
            self._fresh = False
            self._keepalive_handle = self._loop.call_later(self._keepalive_timeout, self._process_keepalive)
        else:
            super()._process_keepalive()

    # For those who bound what a client may do

    def _begins(self, body: StreamReader | PlainBody) -> None:
        """The request with this body is answered from now on."""

    def has_answered(self) -> None:
        """All of the answer has been written, though aiohttp's task has yet to learn that."""

    def _part(self, transport: asyncio.Transport) -> None:
        """Close a connection whose client still sends."""
        transport.close()


def _is_all(data: bytes, message: RawRequestMessage | _ErrInfo, body: StreamReader) -> bool:
    """Whether this request, which began with the data, is known to end with it."""
    if isinstance(message, _ErrInfo) or message.chunked or message.upgrade or not body.is_eof():
        return False
    return data.find(b"\r\n\r\n") + 4 + int(message.headers.get("Content-Length", 0)) == len(data)


def _can_be_answered_here(message: RawRequestMessage) -> bool:
    """Whether nothing has to be said before it can be read and answered."""
    plain = message.method == "POST" and message.version == HttpVersion11 and not message.upgrade
    return plain and "Expect" not in message.headers
