"""A gateway that runs beside a test that waits: on an event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, NoReturn, Self, TypeVar

import structlog

from llmlb.app import Running, running
from llmlb.clock import Clock
from llmlb.config.document import Document
from llmlb.config.load import load_document
from llmlb.config.model import Config, NodeConfig, Queue, Server
from llmlb.demo.node import SimulatedNode
from llmlb.demo.setting import MODEL, demo_settings
from llmlb.testing import ManualClock, Received, ScriptedNode, eventually

T = TypeVar("T")
PATIENCE = 20.0


class Stage:
    """Runs coroutines for the test's own thread, and keeps what they enter open until the end."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stage")
        self.stack = AsyncExitStack()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it on the stage's loop and wait for its value."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def __enter__(self) -> Self:
        # Its log would go to whatever pytest captures at the moment, which may be closed when a line comes.
        self._logging = structlog.get_config()
        structlog.configure(processors=[unsaid])
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.do(self.stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(PATIENCE)
            self._loop.close()
            structlog.configure(**self._logging)


def unsaid(*_: Any) -> NoReturn:
    """Drops a line of the log."""
    raise structlog.DropEvent


class FastDemo(Stage):
    """The demo's nodes, keys and models, but quick, without sample traffic, and on a free port."""

    running: Running

    def __enter__(self) -> Self:
        super().__enter__()
        self.do(self._open())
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.running.url.rpartition(":")[2])

    async def _open(self) -> None:
        nodes = [
            SimulatedNode(name, [MODEL, "qwen3-8b"], 5000.0, first_token_secs=0.3) for name in ("demo-1", "demo-2")
        ]
        for node in nodes:
            await node.start()
            self.stack.push_async_callback(node.stop)
        settings = demo_settings([node.url for node in nodes], {"server": {"port": 0, "drain_secs": 0.0}})
        config = load_document(Document(data=settings), None, {}).config
        self.running = await self.stack.enter_async_context(running(config))
        await eventually(lambda: all(m.node.usable for m in self.running.gateway.fleet), "the nodes are online")


class Crowd(Stage):
    """A gateway whose only node is kept busy by one request, with all settings of the queue as they are by default.

    Time moves by `wait` only, so that a minute is over at once.
    """

    node: ScriptedNode
    running: Running
    clock: ManualClock

    def __init__(self, places: int = 100) -> None:
        super().__init__()
        self._places = places
        self._held: Received | None = None
        self._asking: set[asyncio.Task[bytes]] = set()

    def __enter__(self) -> Self:
        super().__enter__()
        self.do(self._open())
        return self

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.running.url.rpartition(":")[2])

    def fill(self) -> None:
        """Let as many wait as may."""
        self.do(self._fill(self._places))

    def when_waiting(self, then: Callable[[], None]) -> None:
        """Wait until exactly one request waits, then do something on the stage's loop."""

        async def work() -> None:
            await eventually(lambda: self.running.gateway.overview().waiting == 1, "a request waits")
            then()

        self.do(work())

    def wait(self, seconds: float) -> None:
        """Let time pass on the gateway's clock."""

        async def work() -> None:
            self.clock.advance(seconds)

        self.do(work())

    def relax(self) -> None:
        """The node finishes what it has, and answers all that follows at once."""

        async def work() -> None:
            self.node.auto(text="ok")
            if self._held is not None:
                await self._held.reply({"choices": []})
                self._held = None
            await eventually(lambda: self.running.gateway.overview().waiting == 0, "the queue is empty")

        self.do(work())

    async def _open(self) -> None:
        self.clock = ManualClock()
        clock: Clock = self.clock
        self.node = await self.stack.enter_async_context(ScriptedNode(models=[MODEL]))
        config = Config(
            server=Server(port=0, drain_secs=0.0),
            queue=Queue(max_size=self._places),
            nodes=(NodeConfig(name="only", url=self.node.url),),
        )
        self.running = await self.stack.enter_async_context(running(config, clock))
        self.stack.callback(self._leave)
        await eventually(lambda: self.running.gateway.ready, "the node is online")
        self._ask()
        self._held = await self.node.received()

    async def _fill(self, places: int) -> None:
        for _ in range(places):
            self._ask()
        await eventually(lambda: self.running.gateway.overview().waiting == places, "the queue is full")

    def _ask(self) -> None:
        self._asking.add(asyncio.get_running_loop().create_task(self._send()))

    def _leave(self) -> None:
        for task in self._asking:
            task.cancel()

    async def _send(self) -> bytes:
        """One request of the crowd, whose answer nobody is interested in."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        body = b'{"model": "%b", "messages": []}' % MODEL.encode()
        head = (
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        )
        try:
            writer.write(head % len(body) + body)
            return await reader.read()
        finally:
            writer.close()
