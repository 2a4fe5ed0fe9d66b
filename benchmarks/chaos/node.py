"""A node of the chaos: listens, counts what it is given, and leaves how it answers to its moods."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from benchmarks.chaos.bodies import ALIASES, request_body
from benchmarks.chaos.ledger import Attempt, Entry, Ledger

ONE = "one request at a node"
ESTABLISHED = 1
"""Of a connection that neither side has closed, as Linux counts the states."""
UNCHANGED = "a request reaches its node unchanged"


class Gone(ConnectionError):
    """The connection is over."""


class Connection(asyncio.Protocol):
    """One connection of the gateway. `attempt` is the request it is in the middle of."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.transport: asyncio.Transport
        self.attempt: Attempt | None = None
        self.entry: Entry | None = None
        self.task: asyncio.Task[None] | None = None
        self.whole_request = asyncio.Event()
        self.lost = False
        self.rival = ""
        """The request that came while only a part of this one had: right if no more follows than the end."""
        self._buffer = bytearray()
        self._length = 0
        self._writable = asyncio.Event()
        self._writable.set()

    @property
    def hung_up_on(self) -> bool:
        """Whether the gateway has closed it, although what it sent before is not all read yet."""
        sock: socket.socket = self.transport.get_extra_info("socket")
        return sock.fileno() < 0 or sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != ESTABLISHED

    # What moods do

    def head(self, status: int, *headers: str, body: int | None = None, chunked: bool = False) -> bytes:
        """A reply's head, and the attempt's status with it."""
        assert self.attempt is not None
        self.attempt.status = status
        lines = [f"HTTP/1.1 {status} Whatever", *headers]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif body is not None:
            lines.append(f"Content-Length: {body}")
        return "\r\n".join([*lines, "", ""]).encode()

    async def write(self, data: bytes, body: bytes = b"") -> None:
        """Send `data`, in which `body` is what counts as the reply's. Raises Gone."""
        if self.lost or self.transport.is_closing():
            raise Gone
        if self.attempt is not None:
            self.attempt.sent += body
        self.transport.write(data)
        await self._writable.wait()
        if self.lost:
            raise Gone

    async def chunk(self, body: bytes) -> None:
        """Send a chunk."""
        await self.write(b"%x\r\n%b\r\n" % (len(body), body), body)

    def last(self, data: bytes, body: bytes = b"", *, close: bool = False) -> None:
        """Send what ends the reply. From here on another request may come, unless the connection closes too."""
        if self.lost or self.transport.is_closing() or self.attempt is None:
            raise Gone
        self.attempt.sent += body
        self.attempt.whole = True
        self.transport.write(data)
        self._over()
        if close:
            self.transport.close()
        else:
            self._read()

    def close(self) -> None:
        """FIN after what is written."""
        self._over()
        self.transport.close()

    def reset(self) -> None:
        """RST at once."""
        self._over()
        sock: socket.socket = self.transport.get_extra_info("socket")
        if sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _over(self) -> None:
        if self.attempt is not None:
            self.attempt.over = True
            self.node.ended(self)
            self.attempt = self.entry = None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.node.connections.add(self)
        self.node.opened += 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self.attempt is not None and self.whole_request.is_set():
            self.node.ledger.breaks(ONE, f"{self.node.name}: bytes on a connection that is not answered yet")
        self._read()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._writable.set()
        self.node.connections.discard(self)
        if self.attempt is not None:
            self.attempt.hung_up = True
        self._over()
        if self.task is not None:
            self.task.cancel()
        self.node.released(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _read(self) -> None:
        if self.lost or self.transport.is_closing():
            return
        if self.attempt is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            del self._buffer[: end + 4]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            self._length = int(headers.get("content-length", "0"))
            method, path, _ = lines[0].split(" ")
            self.whole_request.clear()
            if method == "GET":
                self.node.asked(self, path.partition("?")[0])
                return
            self.node.began(self, path, headers)
        if not self.whole_request.is_set() and len(self._buffer) >= self._length:
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            self.whole_request.set()
            self.node.received(self, body)


class Node:
    """One node. `weather` is how it behaves now; `models` is what it lists.

    `answer` is started for every request; it must end in `finish`, `close` or `reset`, or never.
    """

    def __init__(
        self, name: str, models: tuple[str, ...], ledger: Ledger, answer: Callable[[Connection], Awaitable[None]]
    ) -> None:
        self.name = name
        self.models = models
        self.ledger = ledger
        self.weather = ""
        self.port = 0
        self.connections: set[Connection] = set()
        self.busy: Connection | None = None
        self.opened = 0
        self.requests = 0
        self.last_began = 0.0
        """When it last was given a request, Unix time."""
        self._answer = answer
        self._server: asyncio.Server | None = None
        self._parked: list[tuple[Connection, str]] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def listen(self) -> None:
        """Listen, on the same port as before."""
        loop = asyncio.get_running_loop()
        for _ in range(50):
            try:
                self._server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, backlog=256)
                break
            except OSError:  # a client's port for the moment
                await asyncio.sleep(0.1)
        assert self._server is not None
        self.port = self._server.sockets[0].getsockname()[1]

    def vanish(self) -> None:
        """Stop listening, and reset every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self.connections):
            connection.reset()

    # What its connections tell it

    def began(self, connection: Connection, path: str, headers: dict[str, str]) -> None:
        """The head of a request has come."""
        id = headers.get("x-request-id", "")
        entry = self.ledger.open.get(id)
        if self.busy is not None and not self.busy.hung_up_on:
            self.busy.rival = id
            if self.busy.whole_request.is_set():
                self.two(self.busy)
        if entry is None:
            self.ledger.breaks(UNCHANGED, f"{self.name} gets {path} with an id nobody uses: {id!r}", id)
        self.last_began = time.time()
        attempt = Attempt(self.name, self.last_began)
        self.busy, self.requests = connection, self.requests + 1
        connection.attempt, connection.entry = attempt, entry
        if entry is None:
            return
        entry.attempts.append(attempt)
        if path != entry.ask.path:
            self.ledger.breaks(UNCHANGED, f"path {path}", id)
        if any("key-" in value for value in headers.values()):
            self.ledger.breaks(UNCHANGED, "the client's key reached a node", id)
        connection.task = asyncio.ensure_future(self._respond(connection))

    def two(self, connection: Connection) -> None:
        """It has a request and was given another."""
        had = connection.entry.ask.id if connection.entry is not None else "?"
        self.ledger.breaks(ONE, f"{self.name} has {had} and gets another", connection.rival)

    def received(self, connection: Connection, body: bytes) -> None:
        """All of the request has come."""
        if connection.rival:
            self.two(connection)
        entry = connection.entry
        if entry is None:
            connection.reset()
            return
        if body != request_body(entry.ask, ALIASES.get(entry.ask.model)):
            self.ledger.breaks(UNCHANGED, f"a body of {len(body)} bytes that was not sent so", entry.ask.id)
        if (grant := self.ledger.on_grant.pop(entry.ask.id, None)) is not None:
            grant()

    def ended(self, connection: Connection) -> None:
        """The reply has ended, or the connection."""
        if self.busy is connection:
            self.busy = None

    def released(self, _: Connection) -> None:
        """A connection is over: with a single thread, it is the next one's turn."""
        parked, self._parked = self._parked, []
        for connection, path in parked:
            if not connection.lost:
                self.asked(connection, path)

    def asked(self, connection: Connection, path: str) -> None:
        """A GET has come: a probe."""
        others = [other for other in self.connections if other is not connection and other.task is not None]
        if self.weather == "narrow" and others:
            self._parked.append((connection, path))  # its only thread is with another connection
            return
        if self.weather == "deaf":
            return
        status, content = self._page(path)
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        head = f"HTTP/1.1 {status} Whatever\r\nContent-Length: {len(body)}\r\n\r\n"
        if not connection.transport.is_closing():
            connection.transport.write(head.encode() + body)
        connection.whole_request.set()

    def _page(self, path: str) -> tuple[int, object]:
        if self.weather == "loading":
            return 503, {"error": "loading"}
        if self.weather == "listless":
            return (500, b"oops") if self.requests % 2 else (200, b"[[[[")
        if path == "/v1/models":
            return 200, {"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]}
        return 404, {"error": {"message": "not found"}}

    async def _respond(self, connection: Connection) -> None:
        with suppress(Gone):
            await self._answer(connection)
