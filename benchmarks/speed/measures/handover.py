"""How long a node stands still between two requests while clients wait, and how busy that leaves it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from statistics import quantiles
from typing import Any

from benchmarks.speed.children import Broken
from benchmarks.speed.measures.measure import US, Effort, Figure, Measure, queueing
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found
from benchmarks.speed.stage import LOOK_SECS, READY_SECS, Stage, staged, within

CLIENTS = 64
STAGES = ((4, "4 nodes"), (1, "1 node"))
SERVICE_SECS, SPREAD = 0.02, 0.1
FIRST = 12
"""When so many were served, all clients are there."""
KEYS, MANY_NODES = 100, 1000
SECS = 2.0
MARGIN_SECS, QUICK_MARGIN_SECS = 1.5, 0.8
"""The load goes on so long after the nodes are asked."""


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """64 clients before 4 nodes and before one; for llmlb also of 100 keys, and before 4 of 1,000 nodes."""
    found = []
    for count, name in STAGES[:1] if effort.quick else STAGES:
        keys = KEYS if peer.kind == "llmlb" else 1
        async with staged(peer, count=count, keys=keys) as on:
            found.append(await _taken(on, name, 1, effort))
            if keys > 1:
                found.append(await _taken(on, f"{name}, {keys} keys", keys, effort))
    if peer.kind == "llmlb":
        nodes = 20 if effort.quick else MANY_NODES
        async with staged(peer, count=nodes, serving=4, keys=KEYS) as on:
            found.append(await _taken(on, f"4 of {nodes:,} nodes, {KEYS} keys", KEYS, effort))
    return found


async def _taken(on: Stage, case: str, keys: int, effort: Effort) -> Found:
    await on.nodes.be(service=SERVICE_SECS, spread=SPREAD)
    secs = effort.secs(SECS)
    length = secs + (QUICK_MARGIN_SECS if effort.quick else MARGIN_SECS)
    load = asyncio.create_task(on.load(CLIENTS, length, warmup=0.0, keys=on.keys[:keys]))
    before = (await on.nodes.tell("look"))["served"]
    async with within(READY_SECS, "nothing is served"):
        while (await on.nodes.tell("look"))["served"] < before + FIRST:
            if load.done():
                raise Broken(f"the load is over: {load.result()}")
            await asyncio.sleep(LOOK_SECS)
    await on.nodes.tell("begin")
    await asyncio.sleep(secs)
    seen = await on.nodes.tell("look")
    got = await load
    return Found(case, values(seen), got.errors)


def values(seen: dict[str, Any]) -> dict[str, float]:
    """What the nodes tell, as figures. Raises Broken where they had nothing to do."""
    if len(seen["gaps"]) < 2:
        raise Broken("the nodes were given nothing")
    cuts = quantiles(seen["gaps"], n=100, method="inclusive")
    return {"gap_us": cuts[49] * US, "gap99_us": cuts[98] * US, "busy": seen["busy"] * 100, "most": seen["most"]}


MEASURE = Measure(
    name="handover",
    title="Hand-over",
    explains=(
        f"{CLIENTS} clients that always ask again, {SERVICE_SECS * 1000:g} ms of service, one request at a time: how "
        "long a node waits from the last byte of a reply to the first byte of its next request."
    ),
    figures=(
        Figure("gap_us", "gap, median", "µs"),
        Figure("gap99_us", "gap, 99 % within", "µs"),
        Figure("busy", "time that a node is busy", "%", 1),
        Figure("most", "most requests at a time on a node", ""),
    ),
    take=take,
    fits=queueing,
)
