"""What people look at: the page and the operator's part, with the files that a browser needs for them."""

from __future__ import annotations

from aiohttp import web

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.steering import Steering
from llmlb.web import dashboard
from llmlb.web.keys import GATEWAY, STEERING
from llmlb.web.operator.routes import add_operator


def people(gateway: Gateway, steering: Steering | None) -> web.Application:
    """The application of all that. Without `steering` there is no configuration file to change."""
    app = web.Application()
    app[GATEWAY] = gateway
    app[STEERING] = steering
    dashboard.setup(app)
    add_operator(app)
    return app
