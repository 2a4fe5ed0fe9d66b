"""What the handlers find on the application and on a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from llmlb.gateway.gateway import Gateway

if TYPE_CHECKING:
    from llmlb.gateway.steering import Steering

GATEWAY = web.AppKey("gateway", Gateway)
STEERING: web.AppKey[Steering | None] = web.AppKey("steering")
REQUEST_ID = web.RequestKey("request_id", str)
