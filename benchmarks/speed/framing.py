"""Just enough HTTP/1.1 framing for both ends of the wire: heads, and bodies by length or in chunks."""

from __future__ import annotations

import asyncio
from typing import cast

END = b"\r\n\r\n"


class BadFraming(Exception):
    """What came is no message that this understands."""


class Chunks:
    """Takes a chunked body apart, however it was cut on its way. Trailers are not understood."""

    def __init__(self) -> None:
        self.over = False
        self.rest = b""
        """What came behind its end."""
        self._buffer = b""
        self._left = 0
        """Bytes to come of the chunk that is under way, the two that end it included."""

    def feed(self, data: bytes) -> bytes:
        """The content in what has come. Raises ValueError where a size is none."""
        data = self._buffer + data if self._buffer else data
        at, parts = 0, []
        while at < len(data) and not self.over:
            if self._left > 2:
                part = data[at : at + self._left - 2]
                parts.append(part)
            elif self._left:
                part = data[at : at + self._left]
            else:
                end = data.find(b"\r\n", at)
                if end < 0 or (data[at:end] == b"0" and len(data) < end + 4):
                    break
                size = int(data[at:end].partition(b";")[0], 16)
                at = end + 2
                if size:
                    self._left = size + 2
                else:
                    self.over, at = True, at + 2
                continue
            at += len(part)
            self._left -= len(part)
        if self.over:
            self.rest = data[at:]
        else:
            self._buffer = data[at:]
        return parts[0] if len(parts) == 1 else b"".join(parts)


class Messages(asyncio.Protocol):
    """One end of a connection on which messages come one after another, with a length or in chunks."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self._buffer = b""
        self._left = 0
        self._chunks: Chunks | None = None
        self._inside = False
        self._known = b""
        """The last head, of which the length is known: most are alike."""
        self._known_left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are none by their type

    @property
    def inside(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._inside or bool(self._buffer)

    def head(self, head: bytes) -> None:
        """A message begins; `head` is all before its body."""

    def body(self, data: bytes) -> None:
        """Some of its body."""

    def over(self) -> None:
        """It is whole."""

    def data_received(self, data: bytes) -> None:
        while data:
            if not self._inside:
                if self._buffer:
                    data, self._buffer = self._buffer + data, b""
                end = data.find(END)
                if end < 0:
                    self._buffer = data
                    return
                head, data = data[:end], data[end + 4 :]
                self._begin(head)
                self.head(head)
            data = self._content(data)

    def _begin(self, head: bytes) -> None:
        self._inside = True
        if head != self._known:
            lower = head.lower() + b"\r\n"
            _, there, length = lower.partition(b"\r\ncontent-length:")
            if there:
                self._known_left = int(length.partition(b"\r\n")[0])
            elif b"\r\ntransfer-encoding: chunked\r\n" in lower:
                self._known_left = -1
            elif lower.startswith(b"http/"):
                raise BadFraming(head)  # it would end with the connection
            else:
                self._known_left = 0
            self._known = head
        self._left = self._known_left
        self._chunks = Chunks() if self._left < 0 else None

    def _content(self, data: bytes) -> bytes:
        """Take the body from `data`, and give back what is behind it."""
        if self._chunks is None:
            part = data if len(data) <= self._left else data[: self._left]
            self._left -= len(part)
            done, data = not self._left, data[len(part) :]
        else:
            part = self._chunks.feed(data)
            done, data = self._chunks.over, self._chunks.rest
        if part:
            self.body(part)
        if done:
            self._inside = False
            self.over()
        return data
