"""What the handlers find on the application and on a request."""

from __future__ import annotations

from aiohttp import web

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.steering import Steering
from llmlb.gateway.visit import Visit

GATEWAY = web.AppKey("gateway", Gateway)
STEERING: web.AppKey[Steering | None] = web.AppKey("steering")
REQUEST_ID = web.RequestKey("request_id", str)
VISIT = web.RequestKey("visit", Visit)
