"""The HTTP server under the application: how connections are kept, and what broken HTTP is answered."""

from __future__ import annotations

from typing import Any

import structlog
from aiohttp import web

from llmlb.messages import Locale, text
from llmlb.web.requests import new_id
from llmlb.wire.endpoints import Family
from llmlb.wire.envelope import envelope

_log = structlog.get_logger("llmlb.web")

KEEPALIVE_SECS = 75.0
SHUTDOWN_SECS = 2.0
"""For what is still open after the drain: pages that watch, and clients that do not read."""


class _Connection(web.RequestHandler):
    """One client connection. Requests that are no HTTP get our form of error, and no say in our log."""

    __slots__ = ("_locale",)

    def __init__(self, *args: Any, locale: Locale, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._locale: Locale = locale

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError):
            raise exc  # the client has left; there is nobody to tell, and nothing to report
        request_id = new_id()
        broken = status < 500
        if broken:
            _log.info("malformed_request", id=request_id, status=status, kind=type(exc).__name__)
        else:
            _log.error("internal error", id=request_id, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun, there is no room for an error")
        body = envelope(
            Family.OPENAI,
            message=text(self._locale, "malformed" if broken else "internal", request_id=request_id),
            type="invalid_request_error" if broken else "server_error",
            code=None if broken else "internal_error",
        )
        headers = {"Server": "llmlb", "X-Request-Id": request_id}
        response = web.Response(status=status, body=body, content_type="application/json", headers=headers)
        response.force_close()
        return response


class _Server(web.Server):
    """Makes connections of our kind."""

    def __init__(self, *args: Any, locale: Locale, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._locale: Locale = locale

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, loop=self._loop, locale=self._locale, **self._kwargs)


class Runner(web.AppRunner):
    """Runs the application: handlers end when their client leaves, and nothing is logged a second time."""

    def __init__(self, app: web.Application, locale: Locale) -> None:
        super().__init__(
            app,
            access_log=None,
            auto_decompress=False,  # a compressed body is refused, by us and unread
            handler_cancellation=True,
            keepalive_timeout=KEEPALIVE_SECS,
            shutdown_timeout=SHUTDOWN_SECS,
        )
        self._locale: Locale = locale

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        return _Server(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            locale=self._locale,
            **plain._kwargs,
        )
