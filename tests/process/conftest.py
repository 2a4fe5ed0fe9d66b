"""Starts gateways and ends them: whatever a test does to one, it must end with code 0 and without a crash."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from llmlb.testing import ScriptedNode
from tests.process.program import Gateway


class Serve(Protocol):
    """Starts a gateway with `nodes` scripted nodes; other arguments are tables of its configuration."""

    async def __call__(
        self, nodes: int = 1, *, env: Mapping[str, str] | None = None, **tables: Mapping[str, object]
    ) -> Gateway:
        """The gateway, when it has found all of them."""


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Serve]:
    started: list[Gateway] = []
    scripted: list[ScriptedNode] = []

    async def start(nodes: int = 1, *, env: Mapping[str, str] | None = None, **tables: Mapping[str, object]) -> Gateway:
        mine = [await ScriptedNode.start() for _ in range(nodes)]
        scripted.extend(mine)
        gateway = Gateway(tmp_path / f"gateway-{len(started)}", mine, tables, env)
        started.append(gateway)
        await gateway.ready()
        return gateway

    yield start
    failures: list[BaseException] = []
    for end in [*(gateway.stop() for gateway in started), *(node.stop() for node in scripted)]:
        try:
            await end
        except AssertionError as failure:
            failures.append(failure)
    for gateway in started:
        gateway.kill()
    if failures:
        raise failures[0]
