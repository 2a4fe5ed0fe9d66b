"""The writing end of a page's event stream: one watcher's news, until the page is closed or takes no more of them."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from llmlb.clock import Clock
from llmlb.web.assets import SAFE_HEADERS
from llmlb.web.live import Watcher

STALLED_SECS = 30.0
"""A page that takes none of its events for this long is given up."""

_HEADERS = SAFE_HEADERS | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_RECONNECT = b"retry: 1000\n\n"


def no_room() -> web.Response:
    """The answer to a page for which the feed has no room. A browser gives up on it; the page asks again by itself."""
    return web.Response(status=503, headers=SAFE_HEADERS | {"Retry-After": "5", "Cache-Control": "no-store"})


async def stream(request: web.Request, watcher: Watcher, clock: Clock) -> web.StreamResponse:
    """Answer `request` with the events of `watcher`, until it ends or the page is gone."""
    response = web.StreamResponse(headers=_HEADERS)
    response.content_type = "text/event-stream"
    try:
        await response.prepare(request)
        await response.write(_RECONNECT)
        while (events := await watcher.next()) is not None:
            stalled = clock.call_at(clock.now() + STALLED_SECS, partial(_give_up, request))
            try:
                await response.write(events)
            finally:
                stalled.cancel()
    except ConnectionResetError:
        pass  # the page was closed, or stalled
    return response


def _give_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
