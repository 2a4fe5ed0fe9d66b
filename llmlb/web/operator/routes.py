"""Every route of the operator's part."""

from __future__ import annotations

from aiohttp import web

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.steering import Steering
from llmlb.web.keys import GATEWAY, STEERING
from llmlb.web.operator.desk import add_desk
from llmlb.web.operator.flashes import FLASHES, Flashes
from llmlb.web.operator.guard import SESSIONS
from llmlb.web.operator.nodes import add_nodes
from llmlb.web.operator.sessions import Sessions
from llmlb.web.operator.settings import add_settings
from llmlb.web.operator.sign_in import add_sign_in
from llmlb.web.pages import add_pages


def operators_part(gateway: Gateway, steering: Steering | None) -> web.Application:
    """The application of it. Without `steering` there is no configuration file to change."""
    app = web.Application()
    app[GATEWAY] = gateway
    app[STEERING] = steering
    add_pages(app)
    add_operator(app)
    return app


def add_operator(app: web.Application) -> None:
    """Add the operator's part to `app`, which must have its `GATEWAY` and render pages."""
    gateway = app[GATEWAY]
    app[SESSIONS] = Sessions(gateway.clock, lambda: gateway.config.operator)
    app[FLASHES] = Flashes()
    add_sign_in(app)
    add_desk(app)
    add_settings(app)
    add_nodes(app)
