"""The application in front of a gateway: every route there is, and what is around all of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from llmlb.gateway.gateway import Gateway
from llmlb.web import health, inference, models, stats
from llmlb.web.faults import faults
from llmlb.web.keys import GATEWAY
from llmlb.web.late import Make, add_late
from llmlb.web.requests import identified, keyed, sign

if TYPE_CHECKING:
    from llmlb.gateway.steering import Steering


def application(gateway: Gateway, steering: Callable[[], Steering] | None = None) -> web.Application:
    """The aiohttp application in front of `gateway`. Without `steering` it has no configuration file to change."""
    app = web.Application(middlewares=[identified, faults])
    app[GATEWAY] = gateway
    app.on_response_prepare.append(sign)
    app.add_routes([*inference.routes(), *models.routes(), *health.routes()])
    app.router.add_get("/api/queue/stats", keyed(stats.queue_stats))

    def for_everybody() -> Make:
        from llmlb.web.dashboard import everybodys_page
        from llmlb.web.pages import compile_templates

        compile_templates("")
        return partial(everybodys_page, gateway)

    def for_the_operator() -> Make:
        from llmlb.web.operator.routes import operators_part
        from llmlb.web.pages import compile_templates

        compile_templates("", "operator")
        return lambda: operators_part(gateway, None if steering is None else steering())

    def for_prometheus() -> Make:
        from llmlb.web.metrics import metrics_only

        return partial(metrics_only, gateway)

    add_late(app, for_everybody, paths=("/", "/api/queue/events"), below=("/static",))
    add_late(app, for_the_operator, below=("/operator",))
    add_late(app, for_prometheus, paths=("/metrics",))
    return app
