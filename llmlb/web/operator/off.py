"""The page in place of the operator's part while no password is set: how to turn it on."""

from __future__ import annotations

from aiohttp import web

from llmlb.web.keys import STEERING
from llmlb.web.operator.pages import operator_page

_DEFAULT_FILE = "config.toml"


def off_page(request: web.Request) -> web.Response:
    """How to turn the operator's part on."""
    status = 200 if request.method in ("GET", "HEAD") else 403
    context = {"named": has_named_file(request), "has_file": request.app[STEERING] is not None}
    return operator_page(request, "off.html", context, status=status)


def has_named_file(request: web.Request) -> bool:
    """Whether the command that sets the password has to be told the file. Its name is not: anybody may read this."""
    steering = request.app[STEERING]
    return steering is not None and str(steering.path) != _DEFAULT_FILE
