"""What clients cost that wait: memory, and processor time while nothing happens."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence

from benchmarks.speed.children import Broken, child
from benchmarks.speed.cores import LOAD
from benchmarks.speed.crowd import Crowd, Stand
from benchmarks.speed.load import as_argument
from benchmarks.speed.measures.measure import US, Effort, Figure, Measure, queueing
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found
from benchmarks.speed.stage import Stage, staged, within
from benchmarks.speed.usage import cpu_secs

COUNTS = (1000, 5000, 10_000)
BODY = 300
IDLE_SECS = 3.0
WARM_SECS = 1.0
LONG_SECS = 300.0


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """So many wait while 4 nodes are held; then they are served. A fresh peer each: memory is not always given back."""
    found = []
    for count in (50,) if effort.quick else COUNTS:
        async with staged(peer, keys=100 if peer.kind == "llmlb" else 1) as on:
            await on.load(16, effort.secs(WARM_SECS), keys=on.keys)
            found.append(await _taken(on, count, effort))
    return found


async def _taken(on: Stage, count: int, effort: Effort) -> Found:
    await on.nodes.be(service=None)
    await on.quiet()
    memory, cpu = on.resident_kib, cpu_secs(on.pids)
    crowd = Crowd(port=on.port, connections=count, body=BODY, keys=on.keys)
    arguments = [sys.executable, "-m", "benchmarks.speed.crowd", as_argument(crowd)]
    async with child(arguments, LOAD, out=asyncio.subprocess.PIPE) as process:
        async with within(LONG_SECS, f"{count:,} cannot ask"):
            await told(process)
            await on.quiet(LONG_SECS)
        values = {
            "kib": (on.resident_kib - memory) / count,
            "arrival_us": (cpu_secs(on.pids) - cpu) / count * US,
            "idle": await on.cpu_share(effort.secs(IDLE_SECS)) * 100,
        }
        await on.nodes.be(service=0.0)
        async with within(LONG_SECS, f"{count:,} are not served"):
            stand = await told(process)
            await process.wait()
    return Found(f"{count:,} waiting", values | {"failed": float(count - stand.answered)}, stand.errors)


async def told(process: asyncio.subprocess.Process) -> Stand:
    """What the crowd says next. Raises Broken."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise Broken("the crowd ended")
    return Stand(**json.loads(line))


MEASURE = Measure(
    name="waiting",
    title="Waiting clients",
    explains=(
        f"All 4 nodes are held while so many clients connect and ask, with bodies of {BODY} B; afterwards all are "
        "served. Memory is what the process has more than before them, bodies included."
    ),
    figures=(
        Figure("kib", "memory for one that waits", "KiB", 1),
        Figure("idle", "processor while nothing happens", "%", 2),
        Figure("arrival_us", "processor time to take one in, connecting included", "µs"),
        Figure("failed", "not served in the end", ""),
    ),
    take=take,
    fits=queueing,
    rounds=2,  # memory hardly differs from one to another, and they take long
)
