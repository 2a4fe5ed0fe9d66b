"""A whole gateway with everything switched on, between clients and nodes that are not there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.speed.load import request
from benchmarks.speed.node import reply
from benchmarks.speed.peers.llmlb import Llmlb
from benchmarks.speed.peers.peer import Setup
from llmlb.background import Background
from llmlb.config.load import load
from llmlb.gateway.gateway import Gateway
from llmlb.telemetry import logs
from llmlb.web.application import application
from llmlb.web.server import Runner
from tests.performance.ends import CountedClock, Loop, Pipe

KEYS = ("sk-0", "sk-1", "sk-2", "sk-3")
REQUEST_BYTES, REPLY_BYTES = 300, 500
STEP_SECS = 0.001
"""What a node takes for anything. All that is measured of one gateway takes less than a second of its clock."""
REPLY = reply(REPLY_BYTES)


class Stage:
    """The gateway, and what clients and nodes do. Nothing happens on it by itself."""

    def __init__(self, loop: Loop, clock: CountedClock, gateway: Gateway, runner: Runner) -> None:
        self.loop = loop
        self.clock = clock
        self.gateway = gateway
        self._runner = runner
        self._requests = [request(REQUEST_BYTES, key) for key in KEYS]
        self._streams = [request(REQUEST_BYTES, key, stream=True) for key in KEYS]

    def tidy(self) -> None:
        """Let go of what is kept for a moment only: lines of the log until they are written, timers that are off."""
        logs.flush()
        self.clock.tidy()

    # Clients

    def client(self) -> Pipe:
        """A client connects."""
        made: list[Pipe] = []
        assert self._runner.server is not None
        server = self._runner.server
        self.loop.do(lambda: made.append(self.loop.connect("client writes", server)))
        return made[0]

    def ask(self, client: Pipe, *, stream: bool = False) -> None:
        """It sends a request, always with the same key."""
        requests = self._streams if stream else self._requests
        self.loop.do(client.protocol.data_received, requests[client.number % len(KEYS)])

    def leave(self, client: Pipe) -> None:
        """It closes its connection."""
        self.loop.do(client.close)

    # Nodes

    def node(self) -> Pipe:
        """The one that has had a request for longest, which is no longer to be answered then."""
        assert self.loop.asked, "no node was sent the request"
        return self.loop.asked.popleft()

    def say(self, node: Pipe, data: bytes) -> None:
        """It sends this, after a moment."""
        self.loop.do(self.clock.advance, STEP_SECS)
        node.said.clear()
        self.loop.do(node.protocol.data_received, data)

    def whole(self, client: Pipe) -> None:
        """A request is asked and answered."""
        self.ask(client)
        self.say(self.node(), REPLY)
        answered(client)


def answered(client: Pipe, status: int = 200) -> None:
    """Its answer is there, and is a whole one: what is measured is what is meant."""
    said = client.take()
    assert said.startswith(b"HTTP/1.1 %d " % status), said
    _, _, body = said.partition(b"\r\n\r\n")
    assert b"\r\nContent-Length: %d\r\n" % len(body) in said, said


@contextmanager
def stage(folder: Path, *, queue: int = 10_000, nodes: int = 4) -> Iterator[Stage]:
    """One that is at rest: all nodes are online, and none has been asked anything yet."""
    Llmlb().prepare(folder, 8080, Setup(ports=range(9000, 9000 + nodes), keys=KEYS, queue=queue))
    config = load(folder / "config.toml", {}).config
    logs.configure(config.log)
    loop = Loop()
    asyncio.set_event_loop(loop)
    clock = CountedClock(loop)
    background = Background()

    async def begin() -> tuple[Gateway, Runner]:
        gateway = Gateway(config, clock, background, [logs.RequestLog(clock).add])
        runner = Runner(application(gateway))
        await runner.setup()
        return gateway, runner

    async def end() -> None:
        gateway.close()
        await background.stop()
        await runner.cleanup()
        logs.flush()

    gateway, runner = loop.run_until_complete(begin())
    try:
        while not all(member.node.usable for member in gateway.fleet):
            loop.do(clock.advance, STEP_SECS)
        gateway.audit.stop()
        gateway.pulse.stop()  # what is done once a second is no part of a request
        yield Stage(loop, clock, gateway, runner)
    finally:
        loop.run_until_complete(end())
        asyncio.set_event_loop(None)
        loop.close()
