"""One request as a scripted node got it, and the means to answer it well or badly."""

# ruff: noqa: ASYNC109 - the failure messages say how long was waited

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from llmlb.testing import http
from llmlb.testing.connection import Connection, Gone
from llmlb.testing.http import Headers
from llmlb.testing.waiting import within

__all__ = ["Gone", "Received"]

PATIENCE = 5.0
"""Seconds a test waits for the gateway unless it says otherwise."""


class Received:
    """A request in service on a `ScriptedNode`, until its reply has ended or its connection is over.

    Writing raises Gone once the gateway has closed the connection, and AssertionError when it does
    not take what is written within `timeout` seconds.
    """

    def __init__(self, connection: Connection, request: http.Request, ended: Callable[[bool], None]) -> None:
        self._connection = connection
        self._ended = ended
        self._chunked = False
        self._left: int | None = None
        wish = (request.header("connection") or "").lower()
        self._close_after = request.version == "HTTP/1.0" or wish == "close"
        self.method = request.method
        self.path = request.path
        self.headers = request.headers
        self.body = request.body
        self.in_service = True

    def __repr__(self) -> str:
        return f"<Received {self.method} {self.path} {self.body[:60]!r}>"

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return http.first(self.headers, name)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def is_gone(self) -> bool:
        """Whether the connection is over."""
        return self._connection.is_over

    @property
    def full(self) -> bool:
        """Whether the gateway has stopped reading what the node sends."""
        return self._connection.full

    async def gone(self, timeout: float = PATIENCE) -> None:
        """Wait until the gateway has closed the connection."""
        await within(timeout, self._connection.over(), lambda: f"the gateway leaves {self!r}")

    async def reply(self, content: object = b"{}", status: int = 200, headers: Headers = ()) -> None:
        """Answer at once and in whole: bytes and str as they are, anything else as JSON."""
        data = encode(content)
        await self.start(status, headers, length=len(data), first=data)
        await self.end()

    async def start(
        self,
        status: int = 200,
        headers: Headers = (),
        *,
        chunked: bool = False,
        length: int | None = None,
        close: bool = False,
        first: bytes = b"",
    ) -> None:
        """Send the head. The body's end is told by chunks (unless told otherwise), by its `length`, or by the
        connection's `close`. Content-Type is JSON unless given. `first` goes out in the same write."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
        if not any(name.lower() == "content-type" for name, _ in pairs):
            pairs.append(("Content-Type", "application/json"))
        self._chunked = chunked or (length is None and not close)
        self._left = length
        self._close_after |= close
        if self._chunked:
            pairs.append(("Transfer-Encoding", "chunked"))
        elif length is not None:
            pairs.append(("Content-Length", str(length)))
        if self._close_after:
            pairs.append(("Connection", "close"))
        await self._body(first, PATIENCE, http.head(status, pairs))

    async def send(self, data: bytes, timeout: float = PATIENCE) -> None:
        """Send some of the body, framed as `start` said. The last byte of a `length` ends the reply."""
        await self._body(data, timeout)

    async def event(self, data: object, name: str | None = None) -> None:
        """Send one server-sent event: str as it is, anything else as JSON."""
        prefix = b"" if name is None else f"event: {name}\n".encode()
        await self.send(prefix + b"data: " + encode(data) + b"\n\n")

    async def raw(self, data: bytes, timeout: float = PATIENCE) -> None:
        """Send bytes as they are, whatever was said before. Follow a hand-written whole reply by `end()`."""
        await self._connection.write(data, timeout)

    async def end(self) -> None:
        """The reply is complete: the last chunk, nothing after a full length, or FIN."""
        if self._left:
            raise AssertionError(f"{self._left} bytes of the length told are unsent; close() or reset() cuts short")
        if self._left == 0:
            return
        if not self.in_service and not self.is_gone:
            raise AssertionError("this reply has ended already")
        if self._chunked:
            await self._last(http.chunk(b""), PATIENCE)
        else:
            await self._last(b"", PATIENCE)

    def close(self) -> None:
        """Close the connection in the ordinary way (FIN), wherever the reply stands."""
        self._ended(False)
        self._connection.close()

    def reset(self) -> None:
        """Cut the connection (RST), wherever the reply stands."""
        self._ended(False)
        self._connection.reset()

    async def _body(self, data: bytes, seconds: float, before: bytes = b"") -> None:
        framed = before + (http.chunk(data) if self._chunked and data else data)
        if self._left is None:
            await self.raw(framed, seconds)
            return
        self._left -= len(data)
        if self._left < 0:
            raise AssertionError(f"{-self._left} bytes more than the length told; raw() sends such")
        if self._left:
            await self.raw(framed, seconds)
        else:
            await self._last(framed, seconds)

    async def _last(self, data: bytes, seconds: float) -> None:
        # Out of service before the last bytes leave: who reads them may send its next request at once.
        self._ended(True)
        await self.raw(data, seconds)
        if self._close_after:
            self._connection.close()
        self._connection.next_request()


def encode(content: object) -> bytes:
    """Bytes and str as they are, anything else as JSON."""
    if isinstance(content, bytes):
        return content
    return content.encode() if isinstance(content, str) else msgspec.json.encode(content)
