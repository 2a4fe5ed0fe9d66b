"""The page on a port of its own, showing whatever a test wants to be seen."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import attrs
from aiohttp import web

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.overview import NodeView, Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.telemetry.timeline import Step
from llmlb.web import dashboard
from llmlb.web.keys import GATEWAY
from tests.browser import hours


def node(name: str, state: str = "idle", reason: str = "", since: float = 12.0) -> NodeView:
    return NodeView(name=name, state=state, reason=reason, since=since, in_service=int(state == "busy"))


def overview(*nodes: NodeView, waiting: int = 0, max_size: int = 100, wait_ms: float = 71_234.0) -> Overview:
    return Overview(
        waiting=waiting,
        processing=sum(node.in_service for node in nodes),
        max_size=max_size,
        draining=False,
        nodes=nodes,
        hour=HourTotals(avg_wait_time_ms=wait_ms, avg_process_time_ms=8400.0, timeout_count=3, rejected_count=1848),
    )


BUSY = overview(node("gpu-1", "busy"), node("gpu-2"), waiting=37)


@attrs.define
class Site:
    """Shows `now` and the past `hour`; can be stopped and started again on the same port."""

    now: Overview = BUSY
    hour: hours.Hour = attrs.field(factory=hours.busy)
    port: int = 0
    _runner: web.AppRunner | None = None

    def overview(self) -> Overview:
        return self.now

    def steps(self) -> tuple[Step, ...]:
        return self.hour

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    async def start(self) -> None:
        app = web.Application()
        config: Any = SimpleNamespace(server=SimpleNamespace(locale="ja"))
        app[GATEWAY] = cast(Gateway, SimpleNamespace(overview=self.overview, config=config, timeline=self))
        dashboard.setup(app)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
