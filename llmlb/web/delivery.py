"""One request of the queue on its client's connection: from its body to the last byte of its answer.

Nothing in here waits, and no task is behind it. The node's connection calls when there is something to pass on, the
client's when it can take more or is gone; what is to be written goes straight to the transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache

import structlog

from llmlb.errors import QueueFull, Refusal
from llmlb.gateway.bodies import Hold
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.visit import ReplyBroken, Visit
from llmlb.messages import Locale, choose_locale, text
from llmlb.web.asked import Asked
from llmlb.web.cors import open_to_origins
from llmlb.web.faults import FAULTS, crash_body, note_refusal, refusal_body, told, waiting_block
from llmlb.web.patience import reset
from llmlb.web.requests import signature
from llmlb.wire.call import Call, read_call
from llmlb.wire.envelope import error_data, error_event
from llmlb.wire.http1 import ReplyHead, header_block
from llmlb.wire.response import CHUNK, LAST_CHUNK, has_body, response_head
from llmlb.wire.sse import StreamEnd

AHEAD_BYTES = 64 * 1024
"""Of a reply of which more is to come, what is written beyond what the system takes for a client."""

_log = structlog.get_logger("llmlb.web")


class Delivery:
    """Answers one request on a connection, and then says to `done` whether the connection may be kept.

    `hold`, the room for its body, is given back with the first byte of the reply, or with whatever else comes of it.

    Either `ask` or `refuse` begins it. `left` may be said at any time; it ends everything without another word.
    `paused`: whether the client has so much to take already that nothing should be written yet.
    """

    __slots__ = (
        "_ahead",
        "_asked",
        "_begun",
        "_body",
        "_call",
        "_chunked",
        "_done",
        "_gateway",
        "_head",
        "_hold",
        "_id",
        "_keep",
        "_over",
        "_paused",
        "_refusal",
        "_stream",
        "_transport",
        "_until_close",
        "_visit",
        "_waited",
        "_written",
    )

    def __init__(
        self,
        gateway: Gateway,
        asked: Asked,
        request_id: str,
        transport: asyncio.Transport,
        hold: Hold,
        done: Callable[[bool], None],
        *,
        paused: bool,
    ) -> None:
        gateway.arrived(self)
        self._hold = hold
        self._gateway = gateway
        self._asked = asked
        self._id = request_id
        self._transport = transport
        self._done = done
        self._paused = paused
        self._body = b""
        self._call: Call | None = None
        self._refusal: Refusal | None = None
        self._visit: Visit | None = None
        self._waited = 0.0
        self._stream: StreamEnd | None = None
        self._head = b""
        """The head of the reply, until it goes out with the first bytes of the body: one segment, one system call."""
        self._keep = asked.keep
        self._chunked = self._until_close = False
        self._begun = False
        """Whether the reply is being passed on."""
        self._ahead = False
        """Whether it is written ahead of what the system takes."""
        self._written = False
        """Whether all of it has been written."""
        self._over = False

    # For those who have the request

    def ask(self, body: bytes) -> None:
        """The request is whole: send it on its way."""
        self._body = body
        self._step(self._ask)

    def refuse(self, refusal: Refusal) -> None:
        """It will not even ask for its turn."""
        self._refusal = refusal
        self._step(self._turn_away)

    # For the client's connection

    def pause(self) -> None:
        """The client has enough to take."""
        self._paused = True
        if not (self._written or self._ahead or self._over):
            self._ahead = True
            self._transport.set_write_buffer_limits(AHEAD_BYTES)  # else it would wait for each piece

    def resume(self) -> None:
        """It has taken most of that. What may end the connection comes in a moment: asyncio closes one twice that is
        closed while it says so."""
        self._paused = False
        if not self._over:
            asyncio.get_running_loop().call_soon(self.stirred)

    def stalled(self) -> None:
        """It takes nothing, and is about to be hung up on."""
        if self._visit is not None:
            self._visit.stalled()

    def left(self) -> None:
        """The client has gone."""
        if not self._over:
            self._let_go()

    # For the gateway

    def put_out(self, refusal: Refusal) -> None:
        """Wait for its body no longer."""
        if self._visit is None:
            self.refuse(refusal)

    # For the visit

    def stirred(self) -> None:
        """There may be something to pass on."""
        self._step(self._go_on)

    def turned_away(self) -> None:
        """There will be no reply, or no more of it."""
        if self._visit is not None:  # else `_enter` is about to ask
            asyncio.get_running_loop().call_soon(self.stirred)

    def let_in(self, waited: float) -> None:
        """It is its turn to join the queue, so many seconds after it came."""
        self._waited = waited
        self._step(self._enter)

    # Steps

    def _step(self, step: Callable[[], None]) -> None:
        """Take a step, unless all is over. Whatever goes wrong is answered: nobody else is there to do it."""
        if self._over:
            return
        try:
            try:
                step()
            except Refusal as refusal:
                self._refuse(refusal)
        except Exception:
            _log.exception("internal error", id=self._id)
            self._crash()

    def _ask(self) -> None:
        asked, body = self._asked, self._body
        self._body = b""
        self._call = read_call(asked.endpoint, asked.headers.get("content-type", ""), body)
        self._gateway.admissions.come(self)

    def _turn_away(self) -> None:
        refusal, self._refusal = self._refusal, None
        assert refusal is not None
        if isinstance(refusal, QueueFull):
            self._gateway.no_room(self._id, self._asked.endpoint.path, self._asked.sender(self._gateway))
        raise refusal

    def _enter(self) -> None:
        gateway, asked, call = self._gateway, self._asked, self._call
        assert call is not None
        self._call = None  # its body is let go with the reply's first byte
        visit = gateway.enter(self._id, call, asked.sender(gateway), asked.block(gateway), self._hold, self)
        try:
            visit.begin(self._waited)
        finally:
            self._visit = visit
        self._go_on()

    def _go_on(self) -> None:
        """Pass on what there is."""
        visit = self._visit
        if visit is None:
            return
        if not self._begun:
            head = visit.reply()
            if head is None:
                return
            self._begin(visit, head)
        while not self._paused and not self._written:
            try:
                data = visit.read()
            except ReplyBroken:
                self._cut_short()
                return
            coming = visit.coming
            self._written = not coming and visit.whole
            if data or self._written:
                self._write(data)
            if coming:
                return
        if self._written:
            self._hold_to_the_last_byte()
        if not self._paused:
            visit.delivered()
            self._end(self._keep)

    def _begin(self, visit: Visit, head: ReplyHead) -> None:
        length = visit.length
        if head.is_event_stream:
            self._stream = StreamEnd(self._asked.endpoint.family)
            length = None  # it may have to end with an event more
        self._head = self._answer_head(head.status, head.client_block, length)
        self._begun = True
        visit.commit()

    def _write(self, data: bytes) -> None:
        """Write these bytes of the body, and what belongs around them: with it in one piece, which is cheaper."""
        if self._stream is not None:
            self._stream.feed(data)
        if self._chunked:
            data = CHUNK % (self._head, len(data), data) if data else self._head
            if self._written:
                data += LAST_CHUNK
        elif self._head:
            data = self._head + data
        self._head = b""
        if data:
            self._transport.write(data)

    def _cut_short(self) -> None:
        """End a broken reply so that nobody takes it for a whole one: a stream with an event, and none properly."""
        asked, stream = self._asked, self._stream
        if stream is not None and not stream.finished:
            message = text(self._locale, "stream_broken")
            number, family = stream.next_number, asked.endpoint.family
            error = error_data(family, message=message, type="server_error", code="node_failed", number=number)
            self._write(stream.closing(error) + error_event(family, error))
        elif stream is None and self._until_close:
            reset(self._transport)  # an ordinary close would be the end of the reply
        self._end(keep=False)

    def _refuse(self, refusal: Refusal) -> None:
        asked, visit = self._asked, self._visit
        fault = FAULTS[type(refusal)]
        if visit is not None:
            visit.answered(fault.status)
        elif not isinstance(refusal, QueueFull):  # of that there is a record
            note_refusal(refusal, self._id)
        body = refusal_body(asked.endpoint.family, refusal, self._locale)
        self._answer(fault.status, tuple(told(refusal).items()), body)

    def _crash(self) -> None:
        """We have failed. Say so, if there is still room for it."""
        if self._over:  # and has given back all it held
            self._transport.abort()
        elif self._begun:
            self._transport.abort()
            self._end(keep=False, bug=True)
        else:
            body = crash_body(self._asked.endpoint.family, self._locale, self._id)
            self._answer(500, (), body, bug=True)

    def _answer(self, status: int, headers: tuple[tuple[str, str], ...], body: bytes, *, bug: bool = False) -> None:
        """Answer this, whole."""
        self._transport.write(self._answer_head(status, _json_block(headers), len(body)) + body)
        self._end(self._keep, bug=bug)

    def _answer_head(self, status: int, block: bytes, length: int | None) -> bytes:
        gateway, asked = self._gateway, self._asked
        if length is None and has_body(status):
            self._chunked, self._until_close = asked.http11, not asked.http11
        self._keep = self._keep and not gateway.draining and not self._until_close
        block += waiting_block(self._visit) + signature(gateway, self._id)
        if origins := gateway.config.server.cors_origins:
            block += header_block(open_to_origins(asked.endpoint.path, asked.headers.get("origin"), origins).items())
        return response_head(status, block, length=length, http11=asked.http11, keep=self._keep)

    @property
    def _locale(self) -> Locale:
        return choose_locale(self._asked.headers.get("accept-language"), self._gateway.config.server.locale)

    def _hold_to_the_last_byte(self) -> None:
        """From now on the client counts as paused until the system has everything that was written."""
        if self._ahead:
            self._ahead = False
            self._transport.set_write_buffer_limits(0)

    def _end(self, keep: bool, *, bug: bool = False) -> None:
        self._let_go(bug=bug)
        self._hold_to_the_last_byte()
        self._done(keep)

    def _let_go(self, *, bug: bool = False) -> None:
        """Give back whatever is held."""
        self._over = True
        visit, self._visit = self._visit, None
        try:
            if visit is not None:
                visit.close(bug=bug)
        finally:
            self._hold.release()
            self._gateway.left(self)


@lru_cache(maxsize=128)
def _json_block(headers: tuple[tuple[str, str], ...]) -> bytes:
    return header_block([("Content-Type", "application/json"), *headers])
