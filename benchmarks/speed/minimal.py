"""The least proxy that aiohttp makes, as a floor: one request at a time to each node, first come first served.

`python -m benchmarks.speed.minimal PORT NODE_PORT...` has no keys, no fairness, no probes, no metrics, no log, no
limits, and does nothing about clients that leave.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web

from benchmarks.speed.loops import factory
from benchmarks.speed.usage import raise_descriptor_limit

PASSED = ("Content-Type", "Authorization", "Accept")
MOST_BODY = 2**30


class Proxy:
    """Its one handler, and what that shares."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._free: asyncio.Queue[str] = asyncio.Queue()
        self._session: ClientSession

    async def start(self, app: web.Application) -> None:
        """Nodes are free."""
        for url in self._urls:
            self._free.put_nowait(url)
        unlimited = TCPConnector(limit=0, keepalive_timeout=3600)
        never = ClientTimeout(total=None)
        self._session = ClientSession(
            connector=unlimited, timeout=never, cookie_jar=DummyCookieJar(), auto_decompress=False
        )

    async def stop(self, app: web.Application) -> None:
        """Let go of the nodes."""
        await self._session.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Wait for a node, and pass on what it says."""
        body = await request.read()
        headers = {name: request.headers[name] for name in PASSED if name in request.headers}
        node = await self._free.get()
        try:
            url = f"{node}{request.path_qs}"
            async with self._session.request(request.method, url, data=body, headers=headers) as got:
                answer = web.StreamResponse(status=got.status, headers={"Content-Type": got.headers["Content-Type"]})
                answer.content_length = got.content_length
                await answer.prepare(request)
                async for part in got.content.iter_any():
                    await answer.write(part)
        finally:
            self._free.put_nowait(node)
        await answer.write_eof()
        return answer


def main(port: int, ports: Sequence[int]) -> None:
    """Serve until told to stop."""
    raise_descriptor_limit()
    proxy = Proxy(ports)
    app = web.Application(client_max_size=MOST_BODY)
    app.on_startup.append(proxy.start)
    app.on_cleanup.append(proxy.stop)
    app.router.add_route("*", "/{path:.*}", proxy.handle)
    loop = (factory() or asyncio.new_event_loop)()
    web.run_app(app, host="127.0.0.1", port=port, access_log=None, backlog=4096, print=None, loop=loop)


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(port) for port in sys.argv[2:]])
