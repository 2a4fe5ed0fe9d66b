"""`GET /api/queue/stats`: the six numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from aiohttp.pytest_plugin import AiohttpClient

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.overview import Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.web.keys import GATEWAY
from llmlb.web.stats import queue_stats


async def answer(aiohttp_client: AiohttpClient, overview: Overview) -> Any:
    app = web.Application()
    app[GATEWAY] = cast(Gateway, SimpleNamespace(overview=lambda: overview))
    app.router.add_get("/api/queue/stats", queue_stats)
    response = await (await aiohttp_client(app)).get("/api/queue/stats")
    assert response.content_type == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    return await response.json()


def overview(hour: HourTotals) -> Overview:
    return Overview(waiting=7, processing=2, max_size=100, draining=False, nodes=(), hour=hour)


async def test_it_says_the_present_and_the_past_hour(aiohttp_client: AiohttpClient) -> None:
    hour = HourTotals(avg_wait_time_ms=1234.56789, avg_process_time_ms=2000.0, timeout_count=3, rejected_count=4)
    assert await answer(aiohttp_client, overview(hour)) == {
        "waiting_count": 7,
        "processing_count": 2,
        "avg_wait_time_ms": 1234.568,
        "avg_process_time_ms": 2000.0,
        "timeout_count": 3,
        "rejected_count": 4,
    }


async def test_means_are_zero_while_there_is_nothing_to_average(aiohttp_client: AiohttpClient) -> None:
    hour = HourTotals(avg_wait_time_ms=0.0, avg_process_time_ms=0.0, timeout_count=0, rejected_count=0)
    stats = await answer(aiohttp_client, overview(hour))
    assert (stats["avg_wait_time_ms"], stats["avg_process_time_ms"]) == (0, 0)
