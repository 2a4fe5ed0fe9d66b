"""Clients by the thousand: a protocol object each, and no task."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from time import perf_counter

MOST_CONNECTING = 500
"""More at once than the system holds for the gateway are not lost, but come seconds later."""


def request(id: str, key: str, *, path: str = "/v1/chat/completions", **asked: object) -> bytes:
    """A chat request; `asked` is for the node, see `nodes`."""
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hello"}], **asked})
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nX-Request-Id: {id}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


class Client(asyncio.Protocol):
    """Sends one request and reads until its answer is whole, or the connection over."""

    def __init__(self, id: str, asks: bytes) -> None:
        self.id = id
        self.data = b""
        self.asked_at = 0.0
        self.secs = 0.0
        """From request to the end of the answer."""
        self.whole = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asks = asks
        self._transport: asyncio.Transport | None = None

    @property
    def status(self) -> int:
        """Of the answer; 0 where none has come."""
        return int(self.data.split(b" ", 2)[1]) if self.data.startswith(b"HTTP/1.1 ") else 0

    @property
    def body(self) -> bytes:
        """Of the answer, as it came."""
        return self.data.partition(b"\r\n\r\n")[2]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self) -> None:
        """Send the request."""
        assert self._transport is not None
        self.asked_at = perf_counter()
        self._transport.write(self._asks)

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, there, body = self.data.partition(b"\r\n\r\n")
        if not there:
            return
        head = head.lower()
        if b"\r\ntransfer-encoding: chunked" in head:
            self.whole = body.endswith(b"0\r\n\r\n")
        else:
            length = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            self.whole = len(body) == int(length)
        if self.whole:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def leave(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def _end(self) -> None:
        if not self.done.done():
            self.secs = perf_counter() - self.asked_at
            self.done.set_result(None)
            self.leave()


async def connected(port: int, requests: dict[str, bytes]) -> list[Client]:
    """A client for each of these requests, by id, that has not asked yet."""
    loop = asyncio.get_running_loop()
    clients = [Client(id, asks) for id, asks in requests.items()]
    for first in range(0, len(clients), MOST_CONNECTING):
        some = clients[first : first + MOST_CONNECTING]
        await asyncio.gather(*(loop.create_connection(partial(_itself, one), "127.0.0.1", port) for one in some))
    return clients


def _itself(client: Client) -> Client:
    return client


async def answered(clients: list[Client], secs: float) -> None:
    """Wait until each has its answer, or was hung up on. Raises TimeoutError."""
    async with asyncio.timeout(secs):
        await asyncio.gather(*(client.done for client in clients))
