"""What the tests of the whole gateway share: nodes under command, a gateway in front of them, its log."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Protocol

import msgspec
import pytest
import structlog

from llmlb.clock import Clock
from llmlb.config.model import Config, Log
from llmlb.telemetry import logs
from llmlb.testing import ManualClock, ScriptedNode
from tests.integration.bench import Bench, bench


class Start(Protocol):
    """Starts a gateway that lives as long as the test."""

    async def __call__(self, config: Config, clock: Clock | None = None, *, ready: int | None = None) -> Bench: ...


class NewNode(Protocol):
    """Starts a node that lives as long as the test."""

    async def __call__(self, *models: str) -> ScriptedNode: ...


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What is closed when the test is over."""
    async with AsyncExitStack() as one:
        yield one


@pytest.fixture
async def new_node(stack: AsyncExitStack) -> NewNode:
    """Nodes that serve the model m unless told otherwise."""

    async def new(*models: str) -> ScriptedNode:
        return await stack.enter_async_context(ScriptedNode(models or ("m",)))

    return new


@pytest.fixture
async def node(new_node: NewNode) -> ScriptedNode:
    """A node that serves the model m."""
    return await new_node()


@pytest.fixture
def clock() -> ManualClock:
    """The gateway's time, where a test moves it by hand."""
    return ManualClock()


@pytest.fixture
async def start(stack: AsyncExitStack) -> Start:
    """Gateways. Ask for it after the nodes, so that it goes first."""

    async def begin(config: Config, clock: Clock | None = None, *, ready: int | None = None) -> Bench:
        return await stack.enter_async_context(bench(config, clock, ready=ready))

    return begin


@pytest.fixture(autouse=True)
def punctual_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that moves the clock by hand knows when a probe is due. Jitter has tests of its own."""
    monkeypatch.setattr("llmlb.nodes.probe.JITTER", 0.0)
    monkeypatch.setattr("llmlb.nodes.probe.FIRST_JITTER", 0.0)


@pytest.fixture(autouse=True)
def log() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The log so far, as it is written in JSON: its lines, each read."""
    stream = io.StringIO()
    logs.configure(Log(format="json", level="debug"), stream=stream)

    def read() -> list[dict[str, Any]]:
        logs.flush()
        return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]

    yield read
    structlog.reset_defaults()
