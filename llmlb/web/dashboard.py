"""The page at `/`: rendered here with the present state, then kept live by its event stream.

Open to anyone: totals, and nodes by name and state; nothing by key.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
from aiohttp import web

from llmlb.clock import Clock, LoopClock
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.overview import Overview
from llmlb.messages import Locale
from llmlb.telemetry.timeline import STEPS
from llmlb.web.assets import add_assets
from llmlb.web.charts import HEIGHT
from llmlb.web.event_stream import no_room, stream
from llmlb.web.keys import GATEWAY
from llmlb.web.latest_drawing import LatestDrawing
from llmlb.web.live import MESSAGE, Events, Feed
from llmlb.web.notices import Notice
from llmlb.web.pages import add_pages, page_locale, render
from llmlb.web.panel import NodeTile, StateCount, panel

EVENTS_PATH = "/api/queue/events"

_CLOCK = web.AppKey("dashboard_clock", Clock)
_FEED = web.AppKey("dashboard_feed", Feed)
_FILES = web.AppKey("dashboard_files", str)
"""The tag of the files that a page is made with."""
_HOUR = web.AppKey("dashboard_hour", LatestDrawing)
_BLANK = {
    "tile": NodeTile(name="", state="", label="", since="", reason="", in_service=0, in_service_label=""),
    "notice": Notice(level="good", title="", advice=""),
    "count": StateCount(state="", label="", count=""),
}
"""What the browser makes new elements from."""


def everybodys_page(gateway: Gateway) -> web.Application:
    """The application of it."""
    app = web.Application()
    app[GATEWAY] = gateway
    setup(app)
    return app


def setup(app: web.Application) -> None:
    """Add the page, its event stream and its files to `app`, which must have its `GATEWAY`. The loop must run."""
    add_pages(app)
    app[_FILES] = add_assets(app)
    app.router.add_get("/", _page)
    app.router.add_get(EVENTS_PATH, _events, allow_head=False)
    app.on_shutdown.append(_stop)
    app[_CLOCK] = LoopClock()
    app[_HOUR] = LatestDrawing(app[GATEWAY].timeline, app[_CLOCK])
    app[_FEED] = Feed(partial(_look, app), app[_CLOCK])


async def _stop(app: web.Application) -> None:
    app[_FEED].close()


async def _page(request: web.Request) -> web.Response:
    locale = page_locale(request)
    context = {
        "blank": _BLANK,
        "panel": panel(request.app[GATEWAY].overview(), locale),
        "hour": request.app[_HOUR].drawn(locale),
        "size": (STEPS, HEIGHT),
        "events": f"{EVENTS_PATH}?lang={locale}&files={request.app[_FILES]}",
    }
    return render(request, "page.html", context)


async def _events(request: web.Request) -> web.StreamResponse:
    feed = request.app[_FEED]
    if feed.full:
        return no_room()
    with feed.watch(page_locale(request)) as watcher:
        if request.query.get("files", request.app[_FILES]) != request.app[_FILES]:
            watcher.end("outdated")  # a page from before an upgrade, which loads itself anew
        return await stream(request, watcher, request.app[_CLOCK])


def _look(app: web.Application) -> Callable[[Locale], Events]:
    return partial(_events_of, app[GATEWAY].overview(), app[_HOUR])


def _events_of(overview: Overview, hour: LatestDrawing, locale: Locale) -> Events:
    return {MESSAGE: msgspec.json.encode(panel(overview, locale)), "hour": hour.encoded(locale)}
