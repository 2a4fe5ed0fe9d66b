"""A thousand nodes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

from benchmarks.rows import Line, judged
from benchmarks.scale.clients import answered, connected, request
from benchmarks.scale.seen import MS, looks_of, some_fail
from benchmarks.scale.stage import Stage, stage
from llmlb.simulate.measure import quantile

REST_SECS = 5.0
"""How long it is left alone, for its share of a processor: probes alone are work."""


async def many_nodes(count: int, requests: int, rest_secs: float = REST_SECS) -> Sequence[Line]:
    """So many requests one after another on so many nodes, and then one for each node at once."""
    async with stage(count, max_size=10_000) as on:
        lines = [judged(f"{count:,} nodes online after", on.ready_secs, most=20.0, unit=" s")]
        await on.looking.phase("idle")
        begin, cpu = perf_counter(), on.gateway.cpu_secs
        await asyncio.sleep(rest_secs)
        share = (on.gateway.cpu_secs - cpu) / (perf_counter() - begin)
        await on.looking.phase("-")
        lines.append(judged("processor time while idle, probed and looked at", share, most=0.6, unit=" %", scale=100))
        lines += await _one_after_another(on, requests)
        lines += await _all_at_once(on, count)
        await on.looking.end()
        for phase in ("idle", "burst"):
            lines += looks_of(on.looking, phase, {"idle": "nobody asks", "burst": f"{count:,} at once"}[phase])
        states = await on.states()
        lines.append(judged("nodes idle at the end", states["idle"], least=count, digits=0))
        lines.append(some_fail(on))
        return lines


async def _one_after_another(on: Stage, requests: int) -> Sequence[Line]:
    """Each node must get as many, and only one at a time."""
    secs = []
    for number in range(requests):
        id = f"single-{number}"
        (client,) = await connected(on.gateway.port, {id: request(id, "k")})
        client.ask()
        await answered([client], 10.0)
        assert client.status == 200, client.data
        secs.append(client.secs)
    counts = await on.nodes.counts()
    each = Counter(counts.served)
    what = f"{requests:,} requests one after another"
    secs.sort()
    return [
        judged(f"{what}: p50", quantile(secs, 0.5) * MS, most=5.0, unit=" ms", digits=2),
        judged(f"{what}: p99", quantile(secs, 0.99) * MS, most=30.0, unit=" ms", digits=2),
        judged(f"{what}: fewest on a node", min(each), least=requests // len(counts.served), digits=0),
        judged(f"{what}: most on a node", max(each), most=-(-requests // len(counts.served)), digits=0),
    ]


async def _all_at_once(on: Stage, count: int) -> Sequence[Line]:
    ids = [f"burst-{number}" for number in range(count)]
    clients = await connected(on.gateway.port, {id: request(id, f"k{id[-2:]}", secs=1.0) for id in ids})
    await on.looking.phase("burst")
    for client in clients:
        client.ask()
    await answered(clients, 60.0)
    await on.looking.phase("-")
    statuses = Counter(client.status for client in clients)
    mine = sum(f'"id": "{client.id}"'.encode() in client.body for client in clients)
    most = max((await on.nodes.counts()).most)
    last = max(client.secs for client in clients)
    return [
        judged(f"{count:,} requests at once: answered 200", statuses[200], least=count, digits=0),
        judged(f"{count:,} requests at once: with their own answer", mine, least=count, digits=0),
        judged("most requests that a node had at once", most, most=1, digits=0),
        judged(f"{count:,} requests of 1 s at once: the last answer after", last, most=5.0, unit=" s", digits=2),
    ]
