"""The operator's desk on a port of its own, showing whatever a test wants to be seen, to whom it has signed in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import attrs
from aiohttp import web
from playwright.async_api import BrowserContext

from llmlb.clock import LoopClock
from llmlb.config.model import Operator, Server
from llmlb.gateway.desk import Desk
from llmlb.gateway.desk_requests import meaning
from llmlb.gateway.gateway import Gateway
from llmlb.web.assets import add_assets
from llmlb.web.keys import GATEWAY, STEERING
from llmlb.web.operator.guard import COOKIE, SESSIONS
from llmlb.web.operator.routes import add_operator
from llmlb.web.pages import add_pages
from tests.browser import desk_scene


@attrs.define
class DeskSite:
    """Shows `now`; can be stopped and started again on the same port, which ends all sessions."""

    now: Desk = attrs.field(factory=desk_scene.busy)
    port: int = 0
    looks: list[str] = attrs.field(factory=list)
    """What was looked for, once for each look."""
    _app: web.Application | None = None
    _runner: web.AppRunner | None = None

    def desk(self, find: str = "") -> Desk:
        self.looks.append(find)
        meant: Any = meaning(find)
        views = [*self.now.running, *(view for view, _ in self.now.waiting)]
        kept = {v.id for v in views if meant(SimpleNamespace(id=v.id, key_name=v.key, ticket=v))}
        running = tuple(view for view in self.now.running if view.id in kept)
        waiting = tuple((view, why) for view, why in self.now.waiting if view.id in kept)
        return attrs.evolve(self.now, running=running, waiting=waiting)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/operator"

    async def start(self) -> None:
        app = self._app = web.Application()
        config = SimpleNamespace(
            operator=Operator(password_hash="$argon2id$of-no-password"), server=Server(locale="ja")
        )
        gateway: Any = SimpleNamespace(desk=self.desk, config=config, clock=LoopClock())
        app[GATEWAY] = cast(Gateway, gateway)
        app[STEERING] = None
        add_pages(app)
        add_assets(app)
        add_operator(app)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def sign_in(self, context: BrowserContext) -> None:
        """Let this browser be the operator's."""
        assert self._app is not None
        secret, _ = self._app[SESSIONS].begin()
        await context.add_cookies([{"name": COOKIE, "value": secret, "url": self.url, "httpOnly": True}])

    def cut(self) -> None:
        """Cut every connection, and sign nobody out."""
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
