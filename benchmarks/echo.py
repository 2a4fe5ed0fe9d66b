"""What the machine itself takes for a message to another process and back, so that its noise can be told from ours."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import perf_counter

EVERY_SECS = 0.005
MESSAGE = b"x" * 64
_ECHO = """
import asyncio, sys
class Echo(asyncio.Protocol):
    def connection_made(self, transport): self.transport = transport
    def data_received(self, data): self.transport.write(data)
async def main():
    server = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


class _Pinger(asyncio.Protocol):
    """Sends a message every few milliseconds, unless the last one is still out."""

    def __init__(self, times: list[float]) -> None:
        self._times = times
        self._sent: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ping()

    def data_received(self, data: bytes) -> None:
        if self._sent is not None:
            self._times.append(perf_counter() - self._sent)
            self._sent = None

    def _ping(self) -> None:
        if self._transport.is_closing():
            return
        if self._sent is None:
            self._sent = perf_counter()
            self._transport.write(MESSAGE)
        asyncio.get_running_loop().call_later(EVERY_SECS, self._ping)


@asynccontextmanager
async def echoing() -> AsyncIterator[list[float]]:
    """Seconds of the round trips so far, of an asyncio process that does nothing but send back what it gets."""
    process = _start()
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        times: list[float] = []
        transport, _ = await asyncio.get_running_loop().create_connection(lambda: _Pinger(times), "127.0.0.1", port)
        yield times
        transport.abort()
    finally:
        process.kill()
        process.communicate()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _ECHO], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
