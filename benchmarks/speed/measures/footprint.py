"""What it takes to be there: time to start, memory, packages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

from benchmarks.program import ROOT
from benchmarks.speed.measures.measure import Effort, Figure, Measure, between
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found
from benchmarks.speed.stage import staged

IDLE_SECS = 2.0
LOCK = ROOT / "requirements" / "runtime.txt"
CASE = "4 nodes"


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """From its start to the first answer, and what it holds two seconds after that."""
    async with staged(peer) as on:
        await asyncio.sleep(effort.secs(IDLE_SECS))
        values = {"ready": on.ready_secs, "mib": on.resident_kib / 1024}
    if peer.name == "llmlb":
        values["packages"] = float(packages(LOCK.read_text(encoding="utf-8")))
    return [Found(CASE, values)]


def packages(lock: str) -> int:
    """How many packages a lock has that are installed on CPython."""
    lines = re.findall(r"^[a-z][\w.-]*==.*$", lock, re.MULTILINE)
    return sum("sys_platform == 'win32'" not in line for line in lines)


MEASURE = Measure(
    name="footprint",
    title="Footprint",
    explains=(
        "From the start of the process to the first answer of a node through it, and its memory two seconds later. "
        "Packages: what an installation without extras brings, by requirements/runtime.txt."
    ),
    figures=(
        Figure("ready", "start to the first answer", "s", 2),
        Figure("mib", "memory when idle", "MiB", 1),
        Figure("packages", "packages", ""),
    ),
    take=take,
    fits=between,
)
