"""The operator's desk at `/operator`: rendered here with the present state, then kept live by its event stream."""

from __future__ import annotations

from typing import Any

import attrs
from aiohttp import web

from llmlb.web.assets import SAFE_HEADERS
from llmlb.web.event_stream import no_room, stream
from llmlb.web.keys import GATEWAY
from llmlb.web.notices import Notice
from llmlb.web.operator.desk_history import STACK
from llmlb.web.operator.desk_keys import KeyRow
from llmlb.web.operator.desk_nodes import NodeRow
from llmlb.web.operator.desk_past import Band
from llmlb.web.operator.desk_requests import AbleLine, RunningRow, WaitingRow
from llmlb.web.operator.desk_streams import DeskStreams
from llmlb.web.operator.desk_texts import desk_text
from llmlb.web.operator.guard import SESSIONS, session_of, signed_in
from llmlb.web.operator.pages import DESK, SIGN_IN, operator_page
from llmlb.web.operator.sessions import Session
from llmlb.web.pages import page_locale

EVENTS_PATH = f"{DESK}/events"
MOST_FIND = 200
"""Characters of what is looked for; what is beyond is not read."""

_STREAMS = web.AppKey("operator_desk_streams", DeskStreams)


def _empty(row: type[Any]) -> Any:
    """A row without anything in it."""
    return row(**{field.name: () if "tuple" in str(field.type) else "" for field in attrs.fields(row)})


_BLANK = {
    "notice": Notice(level="good", title="", advice=""),
    "running": _empty(RunningRow),
    "waiting": _empty(WaitingRow),
    "able": _empty(AbleLine),
    "key": _empty(KeyRow),
    "node": _empty(NodeRow),
    "band": Band(id="", paths=("",) * len(STACK), text=""),
}
"""What the browser makes new elements from."""


def add_desk(app: web.Application) -> None:
    """Add the desk and its event stream to `app`, which must have its `GATEWAY` and `SESSIONS`."""
    app[_STREAMS] = DeskStreams(app[GATEWAY], app[SESSIONS])
    app.router.add_get(DESK, signed_in(_desk))
    app.router.add_get(EVENTS_PATH, _events, allow_head=False)
    app.on_shutdown.append(_stop)


async def _stop(app: web.Application) -> None:
    app[_STREAMS].close()


async def _desk(request: web.Request, session: Session) -> web.StreamResponse:
    locale, find = page_locale(request), _wanted(request)
    context = {
        "blank": _BLANK,
        "events": f"{EVENTS_PATH}?lang={locale}",
        "find": find,
        "panel": request.app[_STREAMS].panel(locale, find),
        "sign_in": SIGN_IN,
        "states": STACK,
    }
    return operator_page(request, "desk.html", context, session=session, words=desk_text, here="desk")


async def _events(request: web.Request) -> web.StreamResponse:
    session = session_of(request)
    if session is None:
        return web.Response(status=401, headers=SAFE_HEADERS | {"Cache-Control": "no-store"})
    streams = request.app[_STREAMS]
    if streams.full:
        return no_room()
    with streams.watch(session, page_locale(request), _wanted(request)) as watcher:
        return await stream(request, watcher, request.app[GATEWAY].clock)


def _wanted(request: web.Request) -> str:
    return request.query.get("find", "").strip()[:MOST_FIND]
