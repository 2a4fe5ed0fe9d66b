"""One connection of the gateway to a scripted node."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Protocol

from llmlb.testing import http
from llmlb.testing.waiting import within


class Gone(ConnectionError):
    """The connection is over, so nothing can be written to it."""


class Owner(Protocol):
    """What a connection tells its node."""

    def connected(self, connection: Connection) -> None:
        """The gateway opened a connection."""

    def arrived(self, connection: Connection, request: http.Request) -> None:
        """A whole request was read; the next is read only after `Connection.next_request`."""

    def broken(self, reason: str) -> None:
        """The gateway sent something that is no HTTP."""

    def lost(self, connection: Connection) -> None:
        """The connection is over, whoever ended it."""


class Connection(asyncio.Protocol):
    """Reads one request at a time and writes whatever it is told to."""

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._buffer = bytearray()
        self._busy = False
        self._told = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._over = asyncio.Event()
        self.transport: asyncio.Transport

    @property
    def is_over(self) -> bool:
        """Closed, by whichever side."""
        return self._over.is_set()

    @property
    def busy(self) -> bool:
        """A request was read and is not answered to its end."""
        return self._busy

    @property
    def full(self) -> bool:
        """What was written waits because the gateway does not read."""
        return not self._writable.is_set()

    async def over(self) -> None:
        """Wait until the connection is over."""
        await self._over.wait()

    async def write(self, data: bytes, seconds: float) -> None:
        """Write, and wait until nearly all has left. Raises Gone; AssertionError if nobody reads."""
        if self.is_over or self.transport.is_closing():
            raise Gone("the gateway closed this connection")
        self.transport.write(data)
        await within(seconds, self._writable.wait(), lambda: "the gateway reads what the node sends")
        if self.is_over:
            raise Gone("the gateway closed this connection")

    def next_request(self) -> None:
        """The reply is complete: read the next request."""
        self._busy = False
        self._read()

    def close(self) -> None:
        """Send what is written, then FIN."""
        self.transport.close()

    def reset(self) -> None:
        """Send RST at once; what is still unsent is lost."""
        sock: socket.socket = self.transport.get_extra_info("socket")
        if sock.fileno() >= 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._owner.connected(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._read()

    def eof_received(self) -> None:
        self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def _read(self) -> None:
        if self._busy or self.is_over or self.transport.is_closing():
            return
        try:
            request = http.take_request(self._buffer)
        except http.Unreadable as why:
            self._owner.broken(str(why))
            self.reset()
            return
        if request is not None:
            self._busy = True
            self._owner.arrived(self, request)

    def _end(self) -> None:
        self._over.set()
        self._writable.set()
        if not self._told:
            self._told = True
            self._owner.lost(self)
