"""Messages with nothing special about them, read at once; and heads that come again, not read a second time.

Nearly every request is such a message, and nearly every reply that is no stream: HTTP/1.1, a head in one piece, a body
of a known length. On a connection that is kept its head is mostly the same as the last one's, but for that length.

What is read here every parser reads in the same way. Whatever could be doubted is left to one that knows all of
HTTP: another version, framing, folded lines, bytes that are not ASCII, a field that speaks of the connection.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Generic, TypeVar

MAX_HEAD: Final = 8192
"""Bytes of a head that is read here."""
MOST_FIELDS: Final = 64

Fields = list[tuple[str, str]]
Head = TypeVar("Head")

# The blanks are taken once and for all: to try them again in every way would take as long as there are many, squared.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*+((?:[!-~](?:[\t -~]*[!-~])?)?)[\t ]*+\r\n")
_SPECIAL: Final = frozenset({
    "expect", "http2-settings", "proxy-connection", "sec-websocket-key1", "te", "trailer", "transfer-encoding",
    "upgrade",
})  # fmt: skip
_ONCE: Final = frozenset({
    "authorization", "content-encoding", "content-length", "content-location", "content-range", "content-type", "etag",
    "host", "max-forwards", "server", "user-agent", "x-api-key",
})  # fmt: skip
_LENGTH: Final = "content-length"
_DIGITS: Final = 12


class Recall(Generic[Head]):
    """Reads the plain heads of one connection, and remembers the last.

    `first_line`: what a head begins with, its line break included. `make` is given the match and the fields, names in
    lower case and without `Content-Length`, and makes the head of them; None if it is not plain after all. The same
    head is given out again for as long as the same bytes come.
    """

    __slots__ = ("_after", "_before", "_first_line", "_head", "_make")

    def __init__(self, first_line: re.Pattern[bytes], make: Callable[[re.Match[bytes], Fields], Head | None]) -> None:
        self._first_line = first_line
        self._make = make
        self._before = b""
        """The head's bytes before the digits of its length; empty where none has been read."""
        self._after = b""
        self._head: Head | None = None

    def read(self, data: bytes) -> tuple[Head, int, int] | None:
        """The head with which the data begins, where its body begins, and how long that is. None if it is not plain."""
        before = self._before
        if before and data.startswith(before):
            start = len(before)
            end = data.find(b"\r\n", start, start + _DIGITS + 2)
            digits = data[start:end]
            if end > 0 and digits.isdigit() and data.startswith(self._after, end):
                assert self._head is not None
                return self._head, end + len(self._after), int(digits)
        return self._read(data)

    def _read(self, data: bytes) -> tuple[Head, int, int] | None:
        first = self._first_line.match(data)
        end = data.find(b"\r\n\r\n", 0, MAX_HEAD) + 4
        if first is None or end < 4:
            return None
        fields: Fields = []
        seen: set[str] = set()
        length = None
        at = first.end()
        while at < end - 2:
            field = _FIELD.match(data, at, end)
            if field is None:
                return None
            at = field.end()
            name = field[1].decode("ascii").lower()
            if name in _SPECIAL or (name in _ONCE and name in seen):
                return None
            seen.add(name)
            if name == _LENGTH:
                length = field
            else:
                fields.append((name, field[2].decode("ascii")))
        if length is None or len(fields) > MOST_FIELDS or not length[2].isdigit() or len(length[2]) > _DIGITS:
            return None
        if any(name == "connection" and value.lower() != "keep-alive" for name, value in fields):
            return None
        head = self._make(first, fields)
        if head is None:
            return None
        self._before, self._after, self._head = data[: length.start(2)], data[length.end(2) : end], head
        return head, end, int(length[2])
