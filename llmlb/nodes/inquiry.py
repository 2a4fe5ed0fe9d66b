"""Questions to one node: GET requests one after another, on a connection of their own.

A thousand nodes are asked some hundred times a second, in which a general HTTP client would spend a sixth of a core.
Replies are read by the parser that reads those to requests.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Final, Self, cast

import msgspec

from llmlb.config.model import NodeConfig
from llmlb.nodes.kinds import Said
from llmlb.wire.http1 import BadReply, ReplyParser, header_block

MOST_BYTES: Final = 4 * 1024 * 1024
_COMMON = header_block([("accept", "application/json"), ("accept-encoding", "identity"), ("user-agent", "llmlb")])


class Unreached(Exception):
    """There is no connection to the node."""

    def __init__(self, cause: OSError | TimeoutError) -> None:
        super().__init__(cause)
        self.cause = cause


class NoAnswer(Exception):
    """What came is no answer; the text says why and quotes nothing of it."""


class TooLong(NoAnswer):
    """The answer has more than `MOST_BYTES`."""


class Inquiry:
    """A context: leaving it hangs up. The connection is kept from one question to the next where the node keeps it."""

    def __init__(self, config: NodeConfig, tls: ssl.SSLContext | None) -> None:
        self._address = config.address
        self._tls = tls
        headers = [("host", self._address.netloc)]
        if config.api_key:
            headers.append(("authorization", f"Bearer {config.api_key}"))
        self._headers = header_block(headers) + _COMMON
        self._wire: _Wire | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._wire is not None:
            self._wire.close()

    async def get(self, path: str) -> Said:
        """What the node answers to this. Takes as long as it takes. Raises Unreached and NoAnswer."""
        request = b"GET %b HTTP/1.1\r\n%b\r\n" % ((self._address.prefix + path).encode("ascii"), self._headers)
        wire, self._wire = self._wire, None
        if wire is not None:
            with suppress(_GoneError):
                return await self._ask(wire, request)
        try:
            _, wire = await asyncio.get_running_loop().create_connection(
                _Wire, self._address.host, self._address.port, ssl=self._tls
            )
        except (OSError, TimeoutError) as error:
            raise Unreached(error) from error
        return await self._ask(wire, request)

    async def _ask(self, wire: _Wire, request: bytes) -> Said:
        try:
            said = await wire.ask(request)
            if wire.reusable:
                self._wire = wire
        finally:
            if self._wire is not wire:
                wire.close()
        return said


class _GoneError(Exception):
    """The node had closed the kept connection before it saw the question."""


class _Wire(asyncio.Protocol):
    """The connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._body = bytearray()
        self._heard = self._used = False
        self._answer: asyncio.Future[Said] | None = None

    @property
    def reusable(self) -> bool:
        """Whether it may carry another question."""
        return self._parser.reusable and self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> Said:
        """Send it and wait for what comes. Raises NoAnswer."""
        if self._transport is None or self._transport.is_closing():
            raise _GoneError
        self._parser = ReplyParser()
        self._body.clear()
        self._heard = False
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        said = await self._answer
        self._used = True
        return said

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or answer.done():
            self.close()  # bytes nobody asked for: whatever follows cannot be trusted
            return
        self._heard = True
        try:
            self._parser.feed(data)
        except BadReply as bad:
            answer.set_exception(NoAnswer(f"unreadable reply: {bad}"))
            return
        self._body += self._parser.take_body()
        if len(self._body) > MOST_BYTES:
            answer.set_exception(TooLong("too long a reply"))
        elif self._parser.complete:
            answer.set_result(self._said())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        answer = self._answer
        if answer is None or answer.done():
            return
        if exc is None and self._parser.eof():
            answer.set_result(self._said())
        elif self._used and not self._heard:
            answer.set_exception(_GoneError())
        else:
            answer.set_exception(NoAnswer(f"connection closed {'in mid-reply' if self._heard else 'before a reply'}"))

    def _said(self) -> Said:
        head = self._parser.head
        assert head is not None
        value = None
        with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            value = msgspec.json.decode(self._body)
        return Said(head.status, value, next((value for name, value in head.headers if name == "server"), ""))
