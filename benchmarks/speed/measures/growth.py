"""Whether a request costs more where there are many nodes or many keys."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.measures.measure import US, Effort, Figure, Measure, only_llmlb
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found
from benchmarks.speed.stage import staged

NODES = (1, 10, 100, 1000)
KEYS = (1, 10, 100, 1000, 10_000)
CONNECTIONS = 16
SECS = 1.5
IDLE_SECS = 1.5


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """16 connections, with ever more nodes and 2 keys, and with ever more keys, all in use, and 4 nodes."""
    most = 2 if effort.quick else len(KEYS)
    cases = [(node_case(nodes), nodes, 2) for nodes in NODES[:most]]
    cases += [(key_case(keys), 4, keys) for keys in KEYS[:most]]
    return [await _taken(peer, case, nodes, keys, effort) for case, nodes, keys in cases]


def node_case(count: int) -> str:
    """What it is called."""
    return f"{count:,} node{'s' if count > 1 else ''}"


def key_case(count: int) -> str:
    """What it is called."""
    return f"{count:,} key{'s' if count > 1 else ''}"


async def _taken(peer: Peer, case: str, nodes: int, keys: int, effort: Effort) -> Found:
    async with staged(peer, count=nodes, keys=keys) as on:
        await on.load(CONNECTIONS, effort.warmup(), keys=on.keys)
        await on.settled()
        idle = await on.cpu_share(effort.secs(IDLE_SECS))
        got = await on.load(CONNECTIONS, effort.secs(SECS), keys=on.keys)
    values = {"idle": idle * 100, "ready": on.ready_secs}
    if got.requests:
        values["cpu_us"] = (got.cpu - idle * got.secs) / got.requests * US
    return Found(case, values, got.errors)


MEASURE = Measure(
    name="growth",
    title="Growth",
    explains=(
        "16 connections, 300 B in, 500 B out, with more and more nodes (2 keys) and more and more keys (4 nodes). The "
        "processor time per request is without what the process does anyway, such as looking after its nodes."
    ),
    figures=(
        Figure("cpu_us", "processor time per request", "µs"),
        Figure("idle", "processor while nothing happens", "%", 2),
        Figure("ready", "start to the first answer", "s", 2),
    ),
    take=take,
    fits=only_llmlb,
    rounds=3,
)
