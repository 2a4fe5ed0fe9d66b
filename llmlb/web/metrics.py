"""`GET /metrics`: what is read at the moment of asking, and who may see which of it."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter

from aiohttp import web

from llmlb.config.address import is_loopback
from llmlb.errors import WrongToken
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.identity import bearer
from llmlb.nodes.states import STATES
from llmlb.telemetry.exposition import CONTENT_TYPE, Gauges, KeyGauges, exposition
from llmlb.telemetry.metrics import UNCONFIGURED
from llmlb.web.hosts import named_host
from llmlb.web.keys import GATEWAY

_OF_A_PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def metrics_only(gateway: Gateway) -> web.Application:
    """The application of `/metrics`. No API key is needed."""
    app = web.Application()
    app[GATEWAY] = gateway
    app.router.add_get("/metrics", metrics)
    return app


async def metrics(request: web.Request) -> web.Response:
    """All totals; the series by key as well for those who may see them. Raises WrongToken."""
    gateway = request.app[GATEWAY]
    body = exposition(gateway.metrics, gauges(gateway, by_key=_may_see_keys(request)))
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})


def gauges(gateway: Gateway, *, by_key: bool) -> Gauges:
    """The gateway at this moment."""
    now = gateway.overview(addresses=by_key)
    forecasts = gateway.turns.forecasts
    return Gauges(
        waiting=now.waiting,
        running=now.processing,
        max_size=now.max_size,
        nodes={node.name: node.state for node in now.nodes},
        failures=_failures(gateway, addresses=by_key),
        states=STATES,
        shorter=forecasts.shorter,
        longer=forecasts.longer,
        factor=forecasts.factor,
        config_refused=gateway.config_refused,
        audit_failures=gateway.audit.failures,
        keys=_keys(gateway) if by_key else None,
    )


def _failures(gateway: Gateway, *, addresses: bool) -> dict[str, int]:
    """By name, together where one that was removed has still something to finish beside another of its name."""
    counts: Counter[str] = Counter()
    for member in gateway.fleet:
        counts[member.node.name if addresses else member.public_name] += member.node.failures_ever
    return counts


def _keys(gateway: Gateway) -> dict[str, KeyGauges]:
    name_of, weight_of = gateway.identities.names, gateway.identities.weights
    weights = {name: weight_of[flow] for flow, name in name_of.items()}
    waiting: Counter[str] = Counter()
    for flow, count in gateway.turns.snapshot().waiting_by_key.items():
        waiting[name_of.get(flow, UNCONFIGURED)] += count
    debts: dict[str, float] = {}
    for flow, debt in gateway.turns.debts().items():
        name = name_of.get(flow, UNCONFIGURED)
        debts[name] = max(debt, debts.get(name, 0.0))
    shares: dict[str, float] = {}
    for key_name, share in gateway.node_time.shares(gateway.in_service()).items():
        name = gateway.metrics.name_of(key_name)
        shares[name] = shares.get(name, 0.0) + share
    return {
        name: KeyGauges(
            weight=weights.get(name, 1.0),
            waiting=waiting[name],
            debt=debts.get(name, 0.0),
            share=shares.get(name, 0.0),
        )
        for name in gateway.metrics.keys
    }


def _may_see_keys(request: web.Request) -> bool:
    """Whether the caller is the operator, by the token if one is configured and given, else by where it calls from.

    Raises WrongToken rather than leave series out without a word.
    """
    token = request.app[GATEWAY].config.server.metrics_token
    given = bearer(request.headers.get("Authorization"))
    if token and given is not None:
        if not hmac.compare_digest(_digest(token), _digest(given)):
            raise WrongToken
        return True
    return _on_this_machine(request)


def _on_this_machine(request: web.Request) -> bool:
    """Whether the caller is a program of this machine that speaks for itself.

    A proxy beside us does not: it says so in a header. Nor does a page in a browser here, from a name that
    its owner makes lead to us: such a name is in `Host`.
    """
    if not is_loopback(request.remote or "") or any(name in request.headers for name in _OF_A_PROXY):
        return False
    return is_loopback(named_host(request))


def _digest(text: str) -> bytes:
    """As long for every text, so that comparing tells nothing of the length."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
