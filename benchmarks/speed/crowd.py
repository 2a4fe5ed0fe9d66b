"""Clients that wait, by the thousand: each sends one request and reads until it has its answer or the connection ends.

`python -m benchmarks.speed.crowd '{"port": 8080, ...}'` prints a line when all have asked, and one when all have their
answers, both as `Stand` in JSON.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from functools import partial

import attrs

from benchmarks.speed.framing import BadFraming, Messages
from benchmarks.speed.load import MOST_CONNECTING, request
from benchmarks.speed.loops import run
from benchmarks.speed.usage import raise_descriptor_limit


@attrs.frozen(kw_only=True)
class Crowd:
    """Who waits."""

    port: int
    connections: int
    body: int = 300
    """Bytes of a request's body."""
    keys: Sequence[str] = ("sk-0",)


@attrs.frozen(kw_only=True)
class Stand:
    """How it stands with them."""

    asked: int
    answered: int
    """With status 200, and wholly."""
    errors: dict[str, int]


class Clients:
    """All of them, and what became of them."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._answered = 0
        self._errors: Counter[str] = Counter()
        self._over = asyncio.Event()

    async def ask(self) -> Stand:
        """Let all of them connect and ask."""
        loop = asyncio.get_running_loop()
        port, keys = self._crowd.port, self._crowd.keys
        requests = [request(self._crowd.body, key) for key in keys]
        for first in range(0, self._crowd.connections, MOST_CONNECTING):
            some = range(first, min(first + MOST_CONNECTING, self._crowd.connections))
            clients = [partial(Client, self, requests[number % len(keys)]) for number in some]
            await asyncio.gather(*(loop.create_connection(client, "127.0.0.1", port) for client in clients))
        return self._stand()

    async def over(self) -> Stand:
        """Wait until each has its answer or none to come."""
        await self._over.wait()
        return self._stand()

    def ended(self, status: str) -> None:
        """One of them has its answer, or none to come."""
        if status == "200":
            self._answered += 1
        else:
            self._errors[status] += 1
        if self._answered + self._errors.total() == self._crowd.connections:
            self._over.set()

    def _stand(self) -> Stand:
        return Stand(asked=self._crowd.connections, answered=self._answered, errors=dict(self._errors))


class Client(Messages):
    """One that waits."""

    def __init__(self, clients: Clients, ask: bytes) -> None:
        super().__init__()
        self._clients = clients
        self._ask = ask
        self._status = "lost"
        self._told = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.write(self._ask)

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except (BadFraming, ValueError):
            self._end("unreadable")

    def head(self, head: bytes) -> None:
        self._status = head[9:12].decode()

    def over(self) -> None:
        self._end(self._status)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("lost")

    def _end(self, status: str) -> None:
        if not self._told:
            self._told = True
            self._clients.ended(status)
            self.transport.abort()


async def main(crowd: Crowd) -> None:
    """Ask, and wait."""
    clients = Clients(crowd)
    print(json.dumps(attrs.asdict(await clients.ask())), flush=True)
    print(json.dumps(attrs.asdict(await clients.over())), flush=True)


if __name__ == "__main__":
    raise_descriptor_limit()
    run(main(Crowd(**json.loads(sys.argv[1]))))
