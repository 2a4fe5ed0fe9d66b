"""What the command line asks of a running gateway, through a socket that only its own user can open.

It sees what nobody may see from elsewhere: addresses of nodes and problems of the file. It changes nothing but by
having the file read again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from aiohttp import web

from llmlb import __version__
from llmlb.config.shown import MASK
from llmlb.config.values import all_settings, present
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.reload import Reload
from llmlb.nodes.fleet import Member
from llmlb.telemetry.lines import printable
from llmlb.telemetry.usage import NO_USAGE
from llmlb.web.desk_json import desk_json
from llmlb.wire.call import ANY_MODEL

_COMMAND = "command"
_LONGEST_NAME = 64


def control(
    gateway: Gateway,
    reload: Callable[[str], Awaitable[Reload]],
    environ: Mapping[str, str],
    *,
    url: str,
    since: float,
) -> web.Application:
    """The application behind the socket. `reload` has the file read again, for the one it is told.

    `environ`: the environment in which the file is read; the settings in it win. `url`: where the gateway listens,
    and `since` when, on its clock.
    """

    async def nodes(_: web.Request) -> web.Response:
        now = gateway.clock.now()
        return _json(
            {
                "configured": bool(gateway.config.nodes),
                "draining": gateway.draining,
                "config_refused": gateway.config_refused,
                "nodes": [node_view(member, now) for member in gateway.fleet],
            }
        )

    async def keys(_: web.Request) -> web.Response:
        return _json({"config_refused": gateway.config_refused, "keys": key_views(gateway)})

    async def desk(request: web.Request) -> web.Response:
        history = request.query.get("history") == "1"
        up = round(gateway.clock.now() - since, 3)
        seen = desk_json(gateway.desk(), history=history)
        return _json({"version": __version__, "url": url, "up": up, "desk": seen})

    async def settings(_: web.Request) -> web.Response:
        return _json({"held": held(gateway, environ)})

    async def read_again(request: web.Request) -> web.Response:
        came = await reload(_whose(request.query.get("by", "")))
        return _json(
            {
                "stopping": came.stopping,
                "problems": [{"ja": problem.text("ja"), "en": problem.text("en")} for problem in came.problems],
                "changed": came.changed,
                "restart": came.restart,
            }
        )

    app = web.Application()
    app.add_routes([
        web.get("/nodes", nodes),
        web.get("/keys", keys),
        web.get("/desk", desk),
        web.get("/settings", settings),
        web.post("/reload", read_again),
    ])  # fmt: skip
    return app


def node_view(member: Member, now: float) -> dict[str, Any]:
    """Everything there is to know about a node. `now` is on the gateway's clock; times are in seconds."""
    node = member.node
    return {
        "name": node.name,
        "url": node.config.url,
        "state": member.state,
        "reason": member.reason,
        "since": round(max(0.0, now - member.since), 3),
        "kind": node.kind,
        "models": list(node.listed),
        "aliases": dict(node.config.aliases),
        "loaded": sorted(node.loaded),
        "in_service": int(member.busy),
        "failures": node.candidate(ANY_MODEL).failures,
    }


def key_views(gateway: Gateway) -> list[dict[str, Any]]:
    """Each configured key, what it has now, and how many of its requests ended in the past hour; never the key."""
    waiting = gateway.turns.snapshot().waiting_by_key
    in_service = Counter(name for name, _ in gateway.in_service())
    usage = gateway.by_key.usage()
    flows = {name: flow for flow, name in gateway.identities.names.items()}
    return [
        {
            "name": key.name,
            "weight": key.weight,
            "max_waiting": key.max_waiting,
            "disabled": key.disabled,
            "waiting": waiting.get(flows[key.name], 0),
            "in_service": in_service[key.name],
            "requests": sum(usage.get(key.name, NO_USAGE).outcomes.values()),
        }
        for key in gateway.config.api_keys
    ]


def held(gateway: Gateway, environ: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The settings that a variable holds: its name, and the value that applies (`***` for a secret)."""
    return {
        name: {
            "variable": named.variable,
            "value": MASK if named.setting.secret else present(gateway.config, name),
        }
        for name, named in all_settings().items()
        if named.variable in environ
    }


def _whose(name: str) -> str:
    """Who asks, for the log: what the command says of its user."""
    known = printable(name[:_LONGEST_NAME])[:_LONGEST_NAME].strip()
    return f"{_COMMAND} by {known}" if known else _COMMAND


def _json(content: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(content), content_type="application/json")
