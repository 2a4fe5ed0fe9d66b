"""Which pages elsewhere may use `/v1` from a browser: those of `[server] cors_origins`, and no others."""

from __future__ import annotations

import re

from aiohttp import web

from llmlb.web.keys import GATEWAY

_BELOW = "/v1/"
_EXPOSED = "X-Request-Id, X-Queue-Position, X-Estimated-Wait, Retry-After, x-should-retry"
_ASKED = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4096}\Z")
_REMEMBERED_SECS = 600


def open_to_origins(path: str, origin: str | None, origins: tuple[str, ...]) -> dict[str, str]:
    """Headers that let the page at `origin` read a response, if it is one of `origins`. Cookies are never asked for."""
    if not origins or not path.startswith(_BELOW):
        return {}
    headers = {"Vary": "Origin"}
    if origin in origins:
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = _EXPOSED
    return headers


def preflight(request: web.Request) -> web.Response | None:
    """The answer to a browser that asks whether a page may send a request; None if it asks nothing of the kind."""
    wanted = request.headers.get("Access-Control-Request-Method")
    origins = request.app[GATEWAY].config.server.cors_origins
    if request.method != "OPTIONS" or wanted is None or not request.path.startswith(_BELOW):
        return None
    if request.headers.get("Origin") not in origins:
        return None
    asked = request.headers.get("Access-Control-Request-Headers", "")
    headers = {
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Max-Age": str(_REMEMBERED_SECS),
        "Vary": "Access-Control-Request-Headers",
    }
    if _ASKED.match(asked):
        headers["Access-Control-Allow-Headers"] = asked
    return web.Response(status=204, headers=headers)
