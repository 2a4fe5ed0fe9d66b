"""What it costs to refuse, while the queue is full, beside what it costs to serve."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence

from benchmarks.speed.children import child
from benchmarks.speed.cores import LOAD
from benchmarks.speed.crowd import Crowd
from benchmarks.speed.load import as_argument
from benchmarks.speed.measures.measure import Effort, Figure, Measure, only_llmlb
from benchmarks.speed.measures.requests import costs
from benchmarks.speed.measures.waiting import LONG_SECS, told
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found
from benchmarks.speed.stage import Stage, staged, within

NODES = 4
SIZES = (100, 1000)
CONNECTIONS = 16
SECS = 1.5
SERVED = "served"


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """16 connections that are served, and 16 that are refused while a queue of 100 and one of 1,000 is full."""
    found: list[Found] = []
    for size in SIZES[:1] if effort.quick else SIZES:
        async with staged(peer, count=NODES, queue=size) as on:
            if not found:
                got = await on.load(CONNECTIONS, effort.secs(SECS), warmup=effort.warmup(), keys=on.keys)
                found.append(Found(SERVED, costs(got), got.errors))
            found.append(await _refused(on, size, effort))
    return found


def refused_case(size: int) -> str:
    """What it is called."""
    return f"refused, {size:,} waiting"


async def _refused(on: Stage, size: int, effort: Effort) -> Found:
    await on.nodes.be(service=None)
    crowd = Crowd(port=on.port, connections=NODES + size, keys=on.keys)
    arguments = [sys.executable, "-m", "benchmarks.speed.crowd", as_argument(crowd)]
    async with child(arguments, LOAD, out=asyncio.subprocess.PIPE) as process:
        async with within(LONG_SECS, f"a queue of {size:,} does not fill"):
            await told(process)
            await on.quiet(LONG_SECS)
        got = await on.load(CONNECTIONS, effort.secs(SECS), warmup=effort.warmup(), keys=on.keys, expect=429)
    return Found(refused_case(size), costs(got), got.errors)


MEASURE = Measure(
    name="refusals",
    title="Refusals",
    explains=(
        "16 connections that are served by 4 nodes at once, and 16 that are refused because the queue is full: they "
        "are told when to come back, which is drawn from all that wait."
    ),
    figures=(
        Figure("cpu_us", "processor time each", "µs"),
        Figure("rps", "per second", "/s"),
    ),
    take=take,
    fits=only_llmlb,
)
