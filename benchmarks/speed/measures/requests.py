"""What a request costs: processor time, and how many go through a second."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.load import Got
from benchmarks.speed.measures.measure import US, Effort, Figure, Measure
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found
from benchmarks.speed.stage import staged

CONNECTIONS = (1, 16, 64)
NODES = 4
SECS = 1.5


def costs(got: Got) -> dict[str, float]:
    """Processor time by request, and rates. Without a peer there is no processor time."""
    values = {"rps": got.requests / got.secs}
    if got.cpu and got.requests:
        values |= {"cpu_us": got.cpu / got.requests * US, "per_core": got.requests / got.cpu}
    return values


def case(connections: int) -> str:
    """What it is called."""
    return f"{connections} connection{'s' if connections > 1 else ''}"


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """Requests of 300 bytes, answers of 500, as fast as they go."""
    found = []
    async with staged(peer, count=NODES) as on:
        for connections in CONNECTIONS:
            secs, warmup = effort.secs(SECS), effort.warmup()
            got = await on.load(connections, secs, warmup=warmup, keys=on.keys)
            found.append(Found(case(connections), costs(got), got.errors))
    return found


MEASURE = Measure(
    name="requests",
    title="Cost of a request",
    explains=(
        "300 B in, 500 B out, answered at once by 4 nodes, one request at a time to each; the processor time is the "
        "peer's own. `direct` is what load and node could do by themselves, on one core together."
    ),
    figures=(
        Figure("cpu_us", "processor time per request", "µs"),
        Figure("per_core", "requests per second of a core", "/s"),
        Figure("rps", "requests per second", "/s"),
    ),
    take=take,
)
