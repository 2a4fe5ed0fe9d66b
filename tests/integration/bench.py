"""A whole gateway on a real socket, and a client that says what it was answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import attrs
import msgspec

from llmlb.app import Running, running
from llmlb.clock import Clock
from llmlb.config.model import Config, KeyConfig, NodeConfig, Server
from llmlb.gateway.gateway import Gateway
from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import within

CHAT = "/v1/chat/completions"
PATIENCE = 5.0
START_SECS = 20.0
"""For a hundred nodes on a machine that is busy with other tests."""


@attrs.frozen
class Answer:
    """A response, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """OpenAI's error object."""
        error = self.json["error"]
        assert isinstance(error, dict)
        return error


@attrs.frozen
class Bench:
    """A running gateway and a client of it, who sends nothing but what it is told to."""

    running: Running
    client: aiohttp.ClientSession
    sent: list[asyncio.Task[Answer]] = attrs.field(factory=list)
    """What `arrive` sent; dropped at the end if it has no answer by then."""

    @property
    def gateway(self) -> Gateway:
        return self.running.gateway

    @property
    def url(self) -> str:
        """With the address, so that no resolver is asked."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        port = urlsplit(self.running.url).port
        assert port is not None
        return port

    async def get(self, path: str, **options: Any) -> Answer:
        return await self._read("GET", path, options)

    async def post(self, path: str = CHAT, *, key: str | None = None, **options: Any) -> Answer:
        """Send a request (`{"model": "m"}` unless told otherwise) and read the whole answer."""
        if not {"data", "json"} & set(options):
            options["json"] = {"model": "m"}
        if key is not None:
            options["headers"] = {"Authorization": f"Bearer {key}", **options.get("headers", {})}
        return await self._read("POST", path, options)

    async def arrive(self, path: str = CHAT, **options: Any) -> asyncio.Task[Answer]:
        """Send a request and return when the gateway has let it in: it waits or is in service by then."""
        before = self.gateway.arrivals
        task = asyncio.create_task(self.post(path, **options))
        self.sent.append(task)
        await eventually(lambda: self.gateway.arrivals > before or task.done(), "a request is let in")
        return task

    def open(self, path: str = CHAT, **options: Any) -> asyncio.Task[aiohttp.ClientResponse]:
        """Send a request, for a stream unless told otherwise; await what is returned for the response's beginning."""
        if not {"data", "json"} & set(options):
            options["json"] = {"model": "m", "stream": True}

        async def begin() -> aiohttp.ClientResponse:
            return await within(PATIENCE, self.client.post(self.url + path, **options), lambda: "a response begins")

        return asyncio.create_task(begin())

    async def waiting(self, count: int) -> None:
        """Return once exactly so many wait."""
        await eventually(lambda: self.gateway.overview().waiting == count, f"{count} wait")

    async def quiet(self) -> None:
        """Return once nobody waits and nothing is in service; what came must then have had an outcome."""
        await eventually(
            lambda: (
                (self.gateway.overview().waiting, self.gateway.overview().processing) == (0, 0)
                and self.gateway.arrivals == self.gateway.outcomes.total()
            ),
            "all have gone",
        )

    async def state(self, node: str, state: str) -> None:
        """Return once the node is in that state."""
        await eventually(lambda: self.states[node] == state, f"{node} is {state}, not {self.states}")

    @property
    def states(self) -> dict[str, str]:
        """Each node's state as the page shows it."""
        return {node.name: node.state for node in self.gateway.overview().nodes}

    def outcomes(self) -> dict[str, int]:
        """How many requests ended in each way so far."""
        return {outcome.value: count for outcome, count in self.gateway.outcomes.items()}

    async def raw(self, data: bytes, timeout: float = PATIENCE) -> bytes:  # noqa: ASYNC109 - told in the message
        """Send bytes as they are, and return all that comes until the gateway closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(data)
            return await within(timeout, reader.read(), lambda: f"an answer to {data[:60]!r}")
        finally:
            writer.close()

    async def _read(self, method: str, path: str, options: dict[str, Any]) -> Answer:
        url = path if path.startswith("http") else self.url + path
        async with self.client.request(method, url, **options) as response:
            return Answer(response.status, response.headers, await response.read())


@asynccontextmanager
async def bench(config: Config, clock: Clock | None = None, *, ready: int | None = None) -> AsyncIterator[Bench]:
    """Run a gateway until the end of the block, on any free port, and wait until its nodes can be used.

    `ready`: how many of them can be expected to; all by default. Leaving drops what is still going on.
    """
    server = attrs.evolve(config.server, port=0, drain_secs=min(config.server.drain_secs, 0.05))
    expected = len(config.nodes) if ready is None else ready
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), auto_decompress=False, timeout=aiohttp.ClientTimeout(total=15)
        ) as client,
        running(attrs.evolve(config, server=server), clock) as started,
    ):
        one = Bench(started, client)
        await eventually(
            lambda: sum(member.node.usable for member in one.gateway.fleet) >= expected,
            "the nodes have answered",
            START_SECS,
        )
        try:
            yield one
        finally:
            for task in one.sent:
                task.cancel()
            await asyncio.gather(*one.sent, return_exceptions=True)


def config(*nodes: ScriptedNode | NodeConfig, keys: tuple[KeyConfig, ...] = (), **tables: Any) -> Config:
    """A configuration with these nodes, named n1, n2, ... in their order; texts are English by default."""
    tables.setdefault("server", Server(locale="en"))
    named = (node_config(node, f"n{number}") for number, node in enumerate(nodes, 1))
    return Config(nodes=tuple(named), api_keys=keys, **tables)


def node_config(node: ScriptedNode | NodeConfig, name: str) -> NodeConfig:
    """How a scripted node is configured, if it is not configured already."""
    return NodeConfig(name=name, url=node.url) if isinstance(node, ScriptedNode) else node
