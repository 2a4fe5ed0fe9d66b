"""What every request goes through: an id, and a key where one is needed."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import formatdate
from functools import lru_cache
from secrets import token_hex

from aiohttp import web
from aiohttp.typedefs import Handler

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.identity import Identity
from llmlb.web.cors import open_to_origins
from llmlb.web.keys import GATEWAY, REQUEST_ID
from llmlb.wire.headers import request_id

_ID_BYTES, _IDS_AT_ONCE = 16, 64


def new_id() -> str:
    """An id for a request whose client gave it none."""
    return next(_ids)


def _made() -> Iterator[str]:
    """Ids, for ever. To ask the system for chance takes longer than to refuse a request: so some at once."""
    size = 2 * _ID_BYTES
    while True:
        drawn = token_hex(_ID_BYTES * _IDS_AT_ONCE)
        yield from (drawn[place : place + size] for place in range(0, len(drawn), size))


_ids = _made()


@web.middleware
async def identified(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id: its client's own where that is harmless."""
    request[REQUEST_ID] = request_id(request.headers.get("X-Request-Id"), new_id)
    return await handler(request)


def signature(gateway: Gateway, request_id: str) -> bytes:
    """The header lines that every response carries. The id must be harmless, see `llmlb.wire.headers.request_id`."""
    return b"X-Request-Id: %b\r\n%b" % (request_id.encode(), _server(int(gateway.clock.wall())))


@lru_cache(maxsize=1)
def _server(at: int) -> bytes:
    return f"Server: llmlb\r\nDate: {formatdate(at, usegmt=True)}\r\n".encode()


async def sign(request: web.Request, response: web.StreamResponse) -> None:
    """Put on every response what all of them carry."""
    response.headers["Server"] = "llmlb"
    response.headers["X-Request-Id"] = request.get(REQUEST_ID) or new_id()
    gateway = request.app[GATEWAY]
    if gateway.draining:
        response.force_close()  # too late to be said by aiohttp, which has made the headers
        response.headers["Connection"] = "close"
    origins = gateway.config.server.cors_origins
    for name, value in open_to_origins(request.path, request.headers.get("Origin"), origins).items():
        response.headers.add(name, value)


def sender(request: web.Request) -> Identity:
    """Whose request it is. Raises WrongKey."""
    headers = request.headers
    return request.app[GATEWAY].identities.identify(headers.get("Authorization"), headers.get("x-api-key"))


def keyed(handler: Handler) -> Handler:
    """The handler, for those only who may use the gateway."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        sender(request)
        return await handler(request)

    return guarded
