"""The queued routes, for requests that take the way of all others: through aiohttp, with a task that waits.

Most do not come here: their `Connection` answers them. These are of HTTP/1.0, expect to be told to go on, were sent
ahead behind something else, or will be refused before their body has come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter

from llmlb.errors import Refusal
from llmlb.web.answering import Answering
from llmlb.web.asked import Asked
from llmlb.web.body import leave_expectation, read_body
from llmlb.web.keys import GATEWAY, REQUEST_ID
from llmlb.wire.endpoints import ENDPOINTS, Endpoint


def routes() -> list[web.RouteDef]:
    """A route for each endpoint; no other path ever reaches a node."""
    return [web.post(endpoint.path, inference(endpoint), expect_handler=leave_expectation) for endpoint in ENDPOINTS]


def inference(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of one endpoint."""

    async def handler(request: web.Request) -> web.StreamResponse:
        connection = request.protocol
        assert isinstance(connection, Answering), "served by llmlb.web.server"
        await connection.drained()
        http11 = request.version >= HttpVersion11
        headers = request.headers
        asked = Asked(endpoint, headers, headers.items(), http11=http11, keep=request.keep_alive)
        over: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        gateway = request.app[GATEWAY]
        hold = gateway.bodies.hold()

        def done(keep: bool) -> None:
            connection.has_answered()
            over.set_result(keep)

        delivery = connection.deliver(asked, request[REQUEST_ID], done, hold)
        try:
            try:
                asked.sender(gateway)
                body = await read_body(request, hold, gateway.config.server.body_limit)
            except Refusal as refusal:
                delivery.refuse(refusal)
            else:
                delivery.ask(body)
                del body
            return _Delivered(keep=await over)
        finally:
            delivery.left()

    return handler


class _Delivered(web.StreamResponse):
    """A response that has been written already."""

    def __init__(self, *, keep: bool) -> None:
        super().__init__()
        self._keep_alive = keep

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes | bytearray | memoryview = b"") -> None:
        pass
