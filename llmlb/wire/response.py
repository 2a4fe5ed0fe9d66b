"""Responses as they are written to clients: heads, and bodies whose length is not known beforehand."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus
from typing import Final

CHUNK: Final = b"%b%x\r\n%b\r\n"
"""A piece of a body that is sent in chunks: what goes before it, its length, and its bytes. There must be some of
these: an empty chunk is the last one."""
LAST_CHUNK: Final = b"0\r\n\r\n"


def has_body(status: int) -> bool:
    """Whether a response with this status has a body at all."""
    return status >= 200 and status not in (204, 304)


def response_head(status: int, block: bytes, *, length: int | None, http11: bool, keep: bool) -> bytes:
    """The head of a response to a request that was HTTP/1.1, or else 1.0. `block`: its headers but those of framing.

    `length`: of the body; None if it is not known. It is then sent in chunks, to a client of HTTP/1.0 until the
    connection is closed. `keep`: whether the connection is to be kept.
    """
    lines = [_status_line(status), block]
    if has_body(status):
        if length is not None:
            lines.append(b"Content-Length: %d\r\n" % length)
        elif http11:
            lines.append(b"Transfer-Encoding: chunked\r\n")
    if not keep and http11:
        lines.append(b"Connection: close\r\n")
    elif keep and not http11:
        lines.append(b"Connection: keep-alive\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)


@lru_cache(maxsize=64)
def _status_line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()
