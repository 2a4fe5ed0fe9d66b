"""Whether the gateway is alive, and whether it is of use."""

from __future__ import annotations

from aiohttp import web

from llmlb.web.keys import GATEWAY


async def alive(_: web.Request) -> web.Response:
    """The process answers."""
    return web.Response(text="ok\n")


async def ready(request: web.Request) -> web.Response:
    """A node could take a request now or in its turn; 503 while there is none, or while draining."""
    if request.app[GATEWAY].ready:
        return web.Response(text="ready\n")
    return web.Response(status=503, text="not ready\n")


def routes() -> list[web.RouteDef]:
    """No key is needed."""
    return [web.get("/healthz", alive), web.get("/health", alive), web.get("/readyz", ready)]
