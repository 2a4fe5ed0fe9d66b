"""Patience with a client that reads slowly: while it takes anything at all, there is no hurry."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Callable
from contextlib import suppress

from llmlb.clock import Clock, Timer

LOOKS = 4
"""How often progress is looked for within the limit."""


class Patience:
    """Watches one client while it has to take something before it can be sent more.

    One that takes nothing for `limit_secs` is hung up on; `gave_up` is called just before that.
    """

    __slots__ = ("_clock", "_gave_up", "_left", "_limit_secs", "_since", "_timer", "_transport")

    def __init__(
        self, transport: asyncio.Transport, clock: Clock, limit_secs: float, gave_up: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._limit_secs = limit_secs
        self._gave_up = gave_up
        self._timer: Timer | None = None
        self._left = 0
        self._since = 0.0

    def begin(self) -> None:
        """It has something to take."""
        self._left, self._since = unsent(self._transport), self._clock.now()
        self._watch()

    def end(self) -> None:
        """It has taken enough, or has gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self) -> None:
        self._timer = self._clock.call_at(self._clock.now() + self._limit_secs / LOOKS, self._look)

    def _look(self) -> None:
        left, now = unsent(self._transport), self._clock.now()
        if left != self._left:
            self._left, self._since = left, now
        elif now >= self._since + self._limit_secs:
            self._timer = None
            self._gave_up()
            self._transport.abort()
            return
        self._watch()


def reset(transport: asyncio.Transport) -> None:
    """Cut the connection to a client at once, in a way that it sees as an error and not as an end."""
    sock: socket.socket | None = transport.get_extra_info("socket")
    with suppress(OSError):  # one just closed
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def unsent(transport: asyncio.Transport) -> int:
    """Bytes that the other side has not taken yet: ours, and those the system holds and tells of.

    The system's count: it takes megabytes for a slow reader and then nothing for minutes, while the reader reads on.
    """
    held = transport.get_write_buffer_size()
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is None:
        return held
    try:
        (queued,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))
    except (OSError, ValueError):  # a system that does not tell this of a socket, or one just closed
        return held
    return held + int(queued)
