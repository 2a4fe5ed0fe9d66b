"""A gateway of its own for each measurement, with nodes behind it and somebody who looks at it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import attrs

from benchmarks.chaos.gateway import Gateway
from benchmarks.program import NotReady, stats
from benchmarks.scale.looks import PATHS, Looking, looking
from benchmarks.scale.nodes import Nodes, nodes, raise_descriptor_limit

LOOK_SECS = 0.1


@attrs.frozen
class Stage:
    """What is measured, and with what."""

    gateway: Gateway
    nodes: Nodes
    looking: Looking
    ready_secs: float
    """From its start until all nodes could be given requests."""

    async def counts(self, *, waiting: int, secs: float, processing: int | None = None) -> None:
        """Wait until so many wait and are in service. Raises NotReady."""
        end = perf_counter() + secs
        while True:
            seen = await stats(self.gateway.port)
            if seen["waiting_count"] == waiting and processing in (None, seen["processing_count"]):
                return
            if perf_counter() > end:
                raise NotReady(f"{waiting} waiting, {processing} in service: it is {seen}")
            await asyncio.sleep(LOOK_SECS)

    async def outcomes(self) -> dict[str, int]:
        """How requests have ended so far, by its own count."""
        found = await self.gateway.metrics()
        counts = {at[1]: int(value) for at, value in found.items() if at[0] == "llmlb_requests_total"}
        return {outcome: count for outcome, count in counts.items() if count}

    async def states(self) -> Counter[str]:
        """How many nodes are in which state."""
        found = await self.gateway.metrics()
        return Counter(at[2] for at, value in found.items() if at[0] == "llmlb_node_state" and value)

    def log(self) -> list[dict[str, Any] | str]:
        """What it has logged, but for requests that are over and news of its nodes."""
        usual = ("request", "node", "listening")
        lines = self.gateway.new_lines()
        return [line for line in lines if isinstance(line, str) or line["event"] not in usual]


@asynccontextmanager
async def stage(count: int, *, max_size: int = 100, timeout_secs: int = 3600) -> AsyncIterator[Stage]:
    """A gateway with so many nodes, when all of them are online. Raises NotReady."""
    raise_descriptor_limit()
    async with nodes(count) as behind:
        with TemporaryDirectory() as name:
            folder = Path(name)
            lines = ["[server]", "port = 0", "drain_secs = 0"]
            lines += ["[queue]", f"max_size = {max_size}", f"timeout_secs = {timeout_secs}"]
            for port in behind.ports:
                lines += ["[[nodes]]", f'url = "http://127.0.0.1:{port}"']
            (folder / "config.toml").write_text("\n".join(lines), encoding="utf-8")
            gateway = Gateway(folder)
            begin = perf_counter()
            try:
                await gateway.start()
                await _all_online(gateway, count)
                ready_secs = perf_counter() - begin
                for path in PATHS:
                    await gateway.get(path)  # what is loaded when somebody first looks is there from now on
                async with looking(gateway.port) as eyes:
                    yield Stage(gateway, behind, eyes, ready_secs)
            finally:
                gateway.kill()


async def _all_online(gateway: Gateway, count: int) -> None:
    """Wait for them by the log: asking would slow it down."""
    online: set[str] = set()
    end = perf_counter() + 60.0
    while len(online) < count:
        for line in gateway.new_lines():
            if isinstance(line, dict) and line.get("state") == "online":
                online.add(line["node"])
        if perf_counter() > end:
            raise NotReady(f"{len(online)} of {count} nodes online")
        await asyncio.sleep(LOOK_SECS)
