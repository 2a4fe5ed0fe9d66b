"""Under which names the page may be asked for: a page elsewhere must not read it through a name of its own.

A browser lets a page read what comes from the host it was loaded from, and whoever owns a name can let it lead to
our address a moment later. The name is then in `Host`. What is meant for programs answers to any.
"""

from __future__ import annotations

import ipaddress
import re

from aiohttp import web

from llmlb.config.address import is_loopback
from llmlb.errors import StrangeHost, WrongKey
from llmlb.web.keys import GATEWAY
from llmlb.web.requests import sender

_FOR_PROGRAMS = frozenset({"/health", "/healthz", "/readyz", "/metrics"})
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::[0-9]{0,5})?\Z")


def named_host(request: web.BaseRequest) -> str:
    """The host that `Host` names, without port, brackets and final dot, in lower case; "" if it names none.

    `request.host` would look up our own name where there is no header, and wait for that.
    """
    found = _HOST.match(request.headers.get("Host", ""))
    return (found[1] or found[2]).removesuffix(".").lower() if found else ""


def check_host(request: web.Request) -> None:
    """Let the page and `/api` be asked for under known names only. Raises StrangeHost.

    A valid key is as good: no page elsewhere has one. Where no keys are configured there is no such thing.
    """
    resource = request.match_info.route.resource
    if resource is None or resource.canonical.startswith("/v1/") or resource.canonical in _FOR_PROGRAMS:
        return
    host = named_host(request)
    gateway = request.app[GATEWAY]
    if _is_address(host) or is_loopback(host):
        return
    if host in {name.removesuffix(".").lower() for name in gateway.config.server.allowed_hosts}:
        return
    if gateway.identities.open or not _has_key(request):
        raise StrangeHost


def _has_key(request: web.Request) -> bool:
    try:
        sender(request)
    except WrongKey:
        return False
    return True


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
