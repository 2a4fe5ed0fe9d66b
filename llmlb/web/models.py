"""`GET /v1/models`: what the nodes have, answered by llmlb itself."""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from llmlb.errors import UnknownModel
from llmlb.web.keys import GATEWAY
from llmlb.web.requests import sender


def _model(name: str, first_seen: float) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": int(first_seen), "owned_by": "llmlb"}


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


async def list_models(request: web.Request) -> web.Response:
    """Every model a node ever served, from its first answer until the node is removed."""
    sender(request)
    models = request.app[GATEWAY].fleet.models()
    return _json({"object": "list", "data": [_model(name, models[name]) for name in sorted(models)]})


async def show_model(request: web.Request) -> web.Response:
    """One of them. Raises UnknownModel."""
    sender(request)
    name = request.match_info["name"]
    models = request.app[GATEWAY].fleet.models()
    if name not in models:
        raise UnknownModel(name)
    return _json(_model(name, models[name]))


def routes() -> list[web.RouteDef]:
    """Model names may hold slashes."""
    return [web.get("/v1/models", list_models), web.get("/v1/models/{name:.+}", show_model)]
