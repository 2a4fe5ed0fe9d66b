"""Nodes and clients on real sockets, as thin as they can be, so that what is measured is the gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from time import perf_counter

MODELS = json.dumps({"object": "list", "data": [{"id": "m", "object": "model"}]}).encode()
REPLY = json.dumps(
    {
        "id": "c",
        "object": "chat.completion",
        "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
    }
).encode()
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def request(key: str, *, stream: bool = False) -> bytes:
    """A chat request."""
    body = json.dumps({"model": "m", "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


class Messages(asyncio.Protocol):
    """One end of a connection that carries messages with a Content-Length."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            _, there, length = head.partition(b"content-length:")
            size = end + 4 + (int(length.split(b"\r\n", 1)[0]) if there else 0)
            if len(self._buffer) < size:
                return
            whole, self._buffer = self._buffer[:size], self._buffer[size:]
            self.whole(whole)

    def whole(self, message: bytes) -> None:
        """A message is there."""


class Node(Messages):
    """Serves a request for `secs`; takes down how long it was then without one. A streamed reply never ends."""

    def __init__(self, secs: float, every: float, gaps: list[float]) -> None:
        super().__init__()
        self._secs = secs
        self._every = every
        self._gaps = gaps
        self._free_at: float | None = None

    def data_received(self, data: bytes) -> None:
        if self._free_at is not None:
            self._gaps.append(perf_counter() - self._free_at)
            self._free_at = None
        super().data_received(data)

    def whole(self, message: bytes) -> None:
        loop = asyncio.get_running_loop()
        if message.startswith(b"GET"):
            self.transport.write(_HEAD % len(MODELS) + MODELS)
        elif b'"stream": true' in message:
            self.transport.write(_STREAM_HEAD)
            self._chunk()
        else:
            loop.call_later(self._secs, self._reply)

    def _reply(self) -> None:
        if not self.transport.is_closing():
            self._free_at = perf_counter()
            self.transport.write(_HEAD % len(REPLY) + REPLY)

    def _chunk(self) -> None:
        """One chunk now, and the next in a while; it says when it was sent."""
        if self.transport.is_closing():
            return
        event = f'data: {{"sent": {perf_counter()!r}}}\n\n'.encode()
        self.transport.write(b"%x\r\n%b\r\n" % (len(event), event))
        asyncio.get_running_loop().call_later(self._every, self._chunk)


class Client(Messages):
    """Sends its request again whenever it has its reply."""

    def __init__(self, asks: bytes) -> None:
        super().__init__()
        self._asks = asks
        self.answered = 0

    def ask(self) -> None:
        """Send it."""
        self.transport.write(self._asks)

    def whole(self, message: bytes) -> None:
        self.answered += 1
        self.ask()


class Listener(asyncio.Protocol):
    """Reads a stream and tells when each of its chunks was sent and came."""

    def __init__(self, asks: bytes, came: Callable[[float, float], None]) -> None:
        self._asks = asks
        self._came = came
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._asks)

    def data_received(self, data: bytes) -> None:
        now = perf_counter()
        *events, self._buffer = (self._buffer + data).split(b"\n\n")
        for event in events:
            _, there, rest = event.partition(b'"sent": ')
            if there:
                self._came(float(rest.rstrip(b"}")), now)
