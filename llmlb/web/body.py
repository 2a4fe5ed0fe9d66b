"""A request's body on its way in, within the limits and the budget."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from aiohttp import HttpVersion11, web
from aiohttp.http_exceptions import HttpProcessingError

from llmlb.errors import CompressedBody, Malformed, StalledBody, TooLarge
from llmlb.gateway.bodies import Hold
from llmlb.web.pieces import Pieces

STALL_SECS = 60.0
"""How long a client may send nothing of a body it has announced."""


def check_announced(headers: Mapping[str, str], hold: Hold, limit: int) -> None:
    """Whether the body that a head announces can be taken. Raises CompressedBody, TooLarge, QueueFull (no room)."""
    if headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise CompressedBody
    if headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise CompressedBody
    announced = int(headers.get("Content-Length", 0))  # aiohttp lets only digits pass
    if announced > limit:
        raise TooLarge(limit)
    hold.check(announced)


async def read_body(request: web.Request, hold: Hold, limit: int) -> bytes:
    """The whole body, waited for. Raises what `check_announced` does, StalledBody and Malformed (framing)."""
    check_announced(request.headers, hold, limit)
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer has not begun
    pieces = Pieces()
    while part := await _part(request):
        size = pieces.size + len(part)
        if size > limit:
            raise TooLarge(limit)
        hold.reserve(size)
        pieces.add(part)
    return hold.whole(pieces.whole)


async def leave_expectation(_: web.Request) -> None:
    """Leave `Expect` to `read_body`: who is refused need not send the body. What else might be expected is ignored."""


async def _part(request: web.Request) -> bytes:
    content = request.content
    try:
        if (part := content.read_nowait()) or content.at_eof():
            return part
        async with asyncio.timeout(STALL_SECS):
            return await content.readany()
    except TimeoutError:
        raise StalledBody from None
    except (HttpProcessingError, web.RequestPayloadError):
        raise Malformed from None
