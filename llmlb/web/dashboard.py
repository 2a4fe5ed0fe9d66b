"""The page at `/`: rendered here with the present state, then kept live by its event stream.

Open to anyone: totals, and nodes by name and state; nothing by key.
"""

from __future__ import annotations

from functools import partial

from aiohttp import web

from llmlb.clock import Clock, LoopClock
from llmlb.web.assets import SAFE_HEADERS
from llmlb.web.keys import GATEWAY
from llmlb.web.live import Feed
from llmlb.web.notices import Notice
from llmlb.web.pages import add_pages, page_locale, render
from llmlb.web.panel import NodeTile, StateCount, panel

EVENTS_PATH = "/api/queue/events"
STALLED_SECS = 30.0
"""A page that takes none of its events for this long is given up."""

_CLOCK = web.AppKey("dashboard_clock", Clock)
_FEED = web.AppKey("dashboard_feed", Feed)
_BLANK = {
    "tile": NodeTile(name="", state="", label="", since="", reason="", in_service=0, in_service_label=""),
    "notice": Notice(level="good", title="", advice=""),
    "count": StateCount(state="", label="", count=""),
}
"""What the browser makes new elements from."""
_RECONNECT = b"retry: 1000\n\n"


def setup(app: web.Application) -> None:
    """Add the page, its event stream and its files to `app`, which must have its `GATEWAY` by the time it starts."""
    add_pages(app)
    app.router.add_get("/", _page)
    app.router.add_get(EVENTS_PATH, _events, allow_head=False)
    app.on_startup.append(_start)
    app.on_shutdown.append(_stop)


async def _start(app: web.Application) -> None:
    app[_CLOCK] = LoopClock()
    app[_FEED] = Feed(app[GATEWAY].overview, app[_CLOCK])


async def _stop(app: web.Application) -> None:
    app[_FEED].close()


async def _page(request: web.Request) -> web.Response:
    locale = page_locale(request)
    context = {
        "blank": _BLANK,
        "panel": panel(request.app[GATEWAY].overview(), locale),
        "events": f"{EVENTS_PATH}?lang={locale}",
    }
    return render(request, "page.html", context)


async def _events(request: web.Request) -> web.StreamResponse:
    feed, clock = request.app[_FEED], request.app[_CLOCK]
    if feed.full:
        return web.Response(status=503, headers=SAFE_HEADERS | {"Retry-After": "5", "Cache-Control": "no-store"})
    response = web.StreamResponse(headers=SAFE_HEADERS | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    try:
        with feed.watch(page_locale(request)) as watcher:
            await response.prepare(request)
            await response.write(_RECONNECT)
            while (event := await watcher.next()) is not None:
                stalled = clock.call_at(clock.now() + STALLED_SECS, partial(_give_up, request))
                try:
                    await response.write(event)
                finally:
                    stalled.cancel()
    except ConnectionResetError:
        pass  # the page was closed, or stalled
    return response


def _give_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()
