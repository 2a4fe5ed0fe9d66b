"""A reply as a client reads it, from bytes. Its own, so that no library hides a fault of the gateway."""

from __future__ import annotations

INTERIM = 200
NO_BODY = (204, 304)


class Unreadable(Exception):
    """What came is no HTTP."""


class Reading:
    """One reply, fed with the bytes of its connection.

    complete   it ended as its framing says
    body       what has come of it, without the framing
    rest       bytes after its end
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.complete = False
        self.got = 0
        self.rest = b""
        self._buffer = bytearray()
        self._left: int | None = None
        """Bytes to come of the body, or of the present chunk."""
        self._chunked = False
        self._in_chunk = False

    @property
    def begun(self) -> bool:
        """Whether the head has come."""
        return self.status > 0

    @property
    def ends_with_connection(self) -> bool:
        """Whether only the end of the connection is the end of the reply."""
        return self.begun and not self._chunked and self._left is None

    def feed(self, data: bytes) -> None:
        """These bytes come next. Raises Unreadable."""
        self.got += len(data)
        self._buffer += data
        while not self.status and self._head():
            pass
        if self.status and not self.complete:
            if self._chunked:
                self._chunks()
            else:
                self._plain()
        if self.complete:
            self.rest += bytes(self._buffer)
            self._buffer.clear()

    def _head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        lines = self._buffer[:end].decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        words = lines[0].split(" ", 2)
        if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
            raise Unreadable(lines[0][:80])
        if int(words[1]) < INTERIM:
            return True
        self.status = int(words[1])
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or not name.strip() or name.lower() in self.headers:
                raise Unreadable(line[:80])
            self.headers[name.lower()] = value.strip()
        self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        length = self.headers.get("content-length")
        if self._chunked and length is not None:
            raise Unreadable("both lengths")
        self._left = 0 if self.status in NO_BODY else int(length) if length is not None else None
        return True

    def _plain(self) -> None:
        taken = len(self._buffer) if self._left is None else min(self._left, len(self._buffer))
        self.body += self._buffer[:taken]
        del self._buffer[:taken]
        if self._left is not None:
            self._left -= taken
            self.complete = self._left == 0

    def _chunks(self) -> None:
        while not self.complete:
            if not self._in_chunk:
                end = self._buffer.find(b"\r\n")
                if end < 0:
                    return
                try:
                    self._left = int(self._buffer[:end], 16)
                except ValueError:
                    raise Unreadable(f"chunk {bytes(self._buffer[:40])!r}") from None
                del self._buffer[: end + 2]
                self._in_chunk = True
            assert self._left is not None
            if self._left == 0 or len(self._buffer) >= self._left + 2:
                if len(self._buffer) < self._left + 2:
                    return
                if self._buffer[self._left : self._left + 2] != b"\r\n":
                    raise Unreadable("a chunk longer than it says")
                self.complete = self._left == 0
                self.body += self._buffer[: self._left]
                del self._buffer[: self._left + 2]
                self._in_chunk = False
            else:
                return
