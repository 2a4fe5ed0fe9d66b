"""A client on a socket of its own, so that a test decides what it sends, when it reads and how it leaves."""

# ruff: noqa: ASYNC109 - the failure messages say how long was waited

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Self

import attrs

from llmlb.testing.waiting import within

PATIENCE = 10.0
"""Seconds a client waits unless it says otherwise; far beyond what an idle machine needs."""
CHAT = "/v1/chat/completions"

Pairs = Iterable[tuple[str, str]]


@attrs.frozen
class Reply:
    """A response as it came. `complete`: it ended as its framing said it would, not just with the connection."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The error object of the body."""
        return self.json["error"]


def request_bytes(
    body: bytes = b"", *, method: str = "POST", path: str = CHAT, version: str = "1.1", headers: Pairs = ()
) -> bytes:
    """A request with its Content-Length."""
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chat_body(model: str = "m", *, stream: bool = False, prompt: str = "Hello") -> bytes:
    """What a client asks on the chat route."""
    asked: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": prompt}]}
    if stream:
        asked["stream"] = True
    return json.dumps(asked).encode()


class Caller:
    """One connection to the gateway. `id` is the X-Request-Id of its request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, id: str = "") -> None:
        self.id = id
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int, id: str = "", *, limit: int = 2**20) -> Self:
        """A connection on which nothing has been sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=limit)
        return cls(reader, writer, id)

    async def send(self, data: bytes) -> None:
        """Write `data` and wait until nearly all has left."""
        self._writer.write(data)
        await within(PATIENCE, self._writer.drain(), lambda: "the gateway reads what a client sends")

    async def reply(self, timeout: float = PATIENCE) -> Reply:
        """The next whole response, or as much of it as there was when the connection ended."""
        return await within(timeout, self._reply(), lambda: f"client {self.id!r} gets its reply")

    async def reads(self, until: bytes, timeout: float = PATIENCE) -> bytes:
        """Bytes up to and including `until`."""
        return await within(timeout, self._reader.readuntil(until), lambda: f"client {self.id!r} reads {until!r}")

    async def ended(self, timeout: float = PATIENCE) -> bytes:
        """Whatever comes until the gateway closes the connection."""
        return await within(timeout, self._rest(), lambda: f"the gateway closes the connection of {self.id!r}")

    def pause(self) -> None:
        """Read nothing from now on."""
        self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        self._transport.resume_reading()

    def leave(self) -> None:
        """Close the connection as a client does that has lost interest."""
        self._writer.close()

    def reset(self) -> None:
        """Cut the connection (RST), as a client does that has crashed."""
        sock: socket.socket = self._writer.get_extra_info("socket")
        if sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def close(self) -> None:
        """Leave, and wait until the socket is gone."""
        self._writer.transport.abort()
        with suppress(OSError):
            await self._writer.wait_closed()

    @property
    def _transport(self) -> asyncio.Transport:
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        return transport

    async def _reply(self) -> Reply:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ")[1])
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body, complete = await self._body(status, headers)
        return Reply(status, headers, body, complete)

    async def _body(self, status: int, headers: dict[str, str]) -> tuple[bytes, bool]:
        if status < 200:
            return b"", True
        if headers.get("transfer-encoding") == "chunked":
            return await self._chunks()
        if "content-length" not in headers:
            return await self._rest(), True
        try:
            return await self._reader.readexactly(int(headers["content-length"])), True
        except (asyncio.IncompleteReadError, ConnectionResetError) as error:
            return getattr(error, "partial", b""), False

    async def _chunks(self) -> tuple[bytes, bool]:
        body = bytearray()
        try:
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                body += await self._reader.readexactly(size)
                await self._reader.readexactly(2)
            await self._reader.readexactly(2)
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return bytes(body), False
        return bytes(body), True

    async def _rest(self) -> bytes:
        parts = []
        try:
            while part := await self._reader.read(65536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)
