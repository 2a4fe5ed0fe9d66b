"""The page in place of the operator's part while no password is set: how to turn it on."""

from __future__ import annotations

from aiohttp import web

from llmlb.web.keys import STEERING
from llmlb.web.operator.pages import operator_page

_COMMAND = "llmlb operator set-password"
_DEFAULT_FILE = "config.toml"


def off_page(request: web.Request) -> web.Response:
    """How to turn the operator's part on."""
    status = 200 if request.method in ("GET", "HEAD") else 403
    context = {"command": set_password_command(request), "has_file": request.app[STEERING] is not None}
    return operator_page(request, "off.html", context, status=status)


def set_password_command(request: web.Request) -> str:
    """What sets the password. The name of the configuration file is not told: anybody may read this."""
    steering = request.app[STEERING]
    named = steering is not None and str(steering.path) != _DEFAULT_FILE
    return f"{_COMMAND} --config FILE" if named else _COMMAND
