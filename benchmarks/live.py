"""The real gateway over real sockets: how long a free node waits, and how long arrivals hold up a stream."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from statistics import median
from time import perf_counter

from benchmarks.echo import echoing
from benchmarks.program import Program, comes, serving, stats
from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.wire import Client, Listener, Node, request
from llmlb.simulate.measure import quantile

WAITING = 100
KEYS = 10
SERVICE_SECS = 0.005
CHUNK_SECS = 0.002
SETTLE_SECS = 0.1
MS = 1000.0


async def node_gaps(count: int) -> tuple[list[float], list[float]]:
    """So many times in which a node was free while 100 requests waited, in seconds, as the node saw them.

    Beside them the round trips, meanwhile, of a process that only sends back what it gets.
    """
    gaps: list[float] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Node(SERVICE_SECS, CHUNK_SECS, gaps), "127.0.0.1", 0)
    async with server, serving([server.sockets[0].getsockname()[1]], WAITING + 1) as program:
        clients = [await _client(program, number) for number in range(WAITING + 1)]
        for client in clients:
            client.ask()
        await _waiting(program, WAITING)
        gaps.clear()

        async def enough() -> bool:
            return len(gaps) >= count

        async with echoing() as echoes:
            await comes(enough, "the gateway is too slow", 120.0)
        for client in clients:
            client.transport.abort()
    return gaps, echoes


async def stream_delays(rounds: int) -> list[float]:
    """The longest that a chunk of a stream was held up by 100 requests of one moment, in seconds, for each round.

    The gateway is stopped while they are sent, so that it finds them all at once when it goes on.
    """
    delays: list[float] = []
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Node(SERVICE_SECS, CHUNK_SECS, []), "127.0.0.1", 0)
    async with server, serving([server.sockets[0].getsockname()[1]], WAITING) as program:
        chunks: list[tuple[float, float]] = []
        asks = request("streaming", stream=True)
        stream, _ = await loop.create_connection(
            lambda: Listener(asks, lambda sent, came: chunks.append((sent, came))), "127.0.0.1", program.port
        )

        async def streams() -> bool:
            return bool(chunks)

        await comes(streams, "no chunk comes")
        for _ in range(rounds):
            clients = [await _client(program, number) for number in range(WAITING)]
            await asyncio.sleep(SETTLE_SECS)
            os.kill(program.process.pid, signal.SIGSTOP)
            try:
                for client in clients:
                    client.ask()
            finally:
                os.kill(program.process.pid, signal.SIGCONT)
            goes_on = perf_counter()
            chunks.clear()
            await _waiting(program, WAITING)
            await asyncio.sleep(SETTLE_SECS)
            delays.append(max(came - max(sent, goes_on) for sent, came in chunks))
            for client in clients:
                client.transport.abort()
            await _waiting(program, 0)
        stream.abort()
    return delays


async def _client(program: Program, number: int) -> Client:
    asks = request(f"key-{number % KEYS}")
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(asks), "127.0.0.1", program.port)
    return client


async def _waiting(program: Program, count: int) -> None:
    async def so_many() -> bool:
        return (await stats(program.port))["waiting_count"] == count

    await comes(so_many, f"{count} requests never wait")


def gaps(scale: Scale) -> Sequence[Line]:
    """How long a free node waits for the first byte of its next request."""
    times, echoes = map(sorted, asyncio.run(node_gaps(200 if scale.quick else 2000)))
    note = f"{len(times)} times; both ways over the socket included"
    what = "free node to next request, 100 waiting"
    lines = []
    for name, part, most in (("p50", 0.5, 1.0), ("p99", 0.99, 5.0)):
        beside = f"an echo {quantile(echoes, part) * MS:.2f} ms"
        value = quantile(times, part) * MS
        lines.append(judged(f"{what}: {name}", value, most=most, unit=" ms", digits=2, note=note, beside=beside))
    return lines


def arrivals(scale: Scale) -> Sequence[Line]:
    """How long a stream's chunk is held up by many arrivals."""
    delays = asyncio.run(stream_delays(3 if scale.quick else 20))
    note = f"median of {len(delays)} times, at most {max(delays) * MS:.0f} ms"
    what = "a stream's chunk held up by 100 arrivals at once"
    return [judged(what, median(delays) * MS, most=60.0, unit=" ms", note=note)]


ROWS = (Row("gateway", "The real gateway: a free node", gaps), Row("stream", "The real gateway: a stream", arrivals))
