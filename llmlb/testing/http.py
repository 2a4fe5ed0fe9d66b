"""The little HTTP/1.1 a scripted node needs. Its own, so that no library hides a fault of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

import attrs

Headers = Mapping[str, str] | Iterable[tuple[str, str]]


class Unreadable(Exception):
    """Bytes that are no request; the gateway should never send such."""


@attrs.frozen
class Request:
    """One request as it came: names and values of headers as sent, the body without its framing."""

    method: str
    path: str
    version: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever the case of its name."""
        return first(self.headers, name)


def first(headers: list[tuple[str, str]], name: str) -> str | None:
    """The first value of `name`, whatever its case."""
    return next((value for key, value in headers if key.lower() == name.lower()), None)


def take_request(buffer: bytearray) -> Request | None:
    """Take one complete request off the front of `buffer`; None while it is incomplete. Raises Unreadable."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    lines = buffer[:end].decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3:
        raise Unreadable(f"request line {lines[0]!r}")
    headers = []
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Unreadable(f"header line {line!r}")
        headers.append((name, value.strip()))
    length = first(headers, "content-length")
    if (first(headers, "transfer-encoding") or "").lower() == "chunked":
        if length is not None:
            raise Unreadable("both Content-Length and Transfer-Encoding")
        taken = _chunked(buffer, end + 4)
    else:
        if length is not None and not length.isdecimal():
            raise Unreadable(f"Content-Length {length!r}")
        taken = _counted(buffer, end + 4, int(length or 0))
    if taken is None:
        return None
    body, stop = taken
    del buffer[:stop]
    return Request(parts[0], parts[1], parts[2], headers, body)


def _counted(buffer: bytearray, start: int, length: int) -> tuple[bytes, int] | None:
    stop = start + length
    return (bytes(buffer[start:stop]), stop) if len(buffer) >= stop else None


def _chunked(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    body = bytearray()
    while (end := buffer.find(b"\r\n", at)) >= 0:
        try:
            size = int(buffer[at:end].split(b";")[0], 16)
        except ValueError:
            raise Unreadable(f"chunk size {bytes(buffer[at:end])!r}") from None
        start, stop = end + 2, end + 2 + size
        if len(buffer) < stop + 2:
            return None
        if buffer[stop : stop + 2] != b"\r\n":
            raise Unreadable("a chunk longer than it says, or a trailer")
        body += buffer[start:stop]
        at = stop + 2
        if size == 0:
            return bytes(body), at
    return None


def head(status: int, headers: Headers) -> bytes:
    """The head of a reply, with its blank line."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in pairs), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunk(data: bytes) -> bytes:
    """`data` as one chunk; empty data is the last chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)
