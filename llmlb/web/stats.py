"""`GET /api/queue/stats`: the queue in six numbers."""

from __future__ import annotations

import msgspec
from aiohttp import web

from llmlb.web.keys import GATEWAY


async def queue_stats(request: web.Request) -> web.Response:
    """The queue at this moment and over the past hour; means in milliseconds, 0 while there is nothing to average."""
    overview = request.app[GATEWAY].overview()
    hour = overview.hour
    body = msgspec.json.encode(
        {
            "waiting_count": overview.waiting,
            "processing_count": overview.processing,
            "avg_wait_time_ms": round(hour.avg_wait_time_ms, 3),
            "avg_process_time_ms": round(hour.avg_process_time_ms, 3),
            "timeout_count": hour.timeout_count,
            "rejected_count": hour.rejected_count,
        }
    )
    return web.Response(body=body, content_type="application/json", headers={"Cache-Control": "no-store"})
