"""Keys that come and go: nothing of them may stay."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from benchmarks.rows import Line, judged
from benchmarks.scale.clients import answered, connected, request
from benchmarks.scale.seen import some_fail
from benchmarks.scale.stage import Stage, stage

NODES = 4
WARM_UP = 3
"""Rounds in which memory may still grow: what is remembered of keys has a limit, and is filled by then."""


async def many_keys(keys: int, rounds: int) -> Sequence[Line]:
    """In each round so many keys that were never seen before send a request each, and leave."""
    async with stage(NODES, max_size=keys) as on:
        held: list[float] = []
        descriptors: list[int] = []
        series: list[int] = []
        for number in range(WARM_UP + rounds):
            await _round(on, number, keys)
            held.append(on.gateway.resident / 1e6)
            descriptors.append(on.gateway.descriptors)
            series.append(len(await on.gateway.metrics()))
        await on.looking.end()
        grown = held[-1] - held[WARM_UP - 1]
        shown = " ".join(f"{one:.0f}" for one in held)
        a_key = grown * 1e6 / (keys * rounds)
        what = f"{rounds} times {keys:,} new keys"
        spread = len(set(series[1:]))
        return [
            judged(f"{what}: memory grows by", grown, most=3.0, unit=" MB", note=f"{a_key:.0f} bytes a key; {shown}"),
            judged(f"{what}: descriptors more", descriptors[-1] - descriptors[WARM_UP - 1], most=4, digits=0),
            judged(f"{what}: series of /metrics, at the end", series[-1], most=series[0], digits=0, note=f"{spread}"),
            some_fail(on),
        ]


async def _round(on: Stage, number: int, keys: int) -> None:
    named = {f"r{number}-{key}": f"key-{number}-{key}" for key in range(keys)}
    clients = await connected(on.gateway.port, {id: request(id, key) for id, key in named.items()})
    for client in clients:
        client.ask()
    await answered(clients, 60.0)
    statuses = Counter(client.status for client in clients)
    assert statuses == {200: keys}, statuses
    await on.counts(waiting=0, processing=0, secs=10.0)
    await asyncio.sleep(0.2)  # connections are closed a little later
