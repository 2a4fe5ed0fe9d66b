"""What a visit needs of a gateway: the real queue, and nodes on which an exchange ends when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from llmlb.config.model import Config
from llmlb.errors import Refusal
from llmlb.gateway.bodies import Bodies
from llmlb.gateway.identity import Identity
from llmlb.gateway.outgoing import Outgoing
from llmlb.gateway.visit import Visit
from llmlb.nodes.end import COMPLETE, End, EndKind
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.fleet import Fleet
from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.placement import Candidate
from llmlb.telemetry.record import Outcome, Record
from llmlb.testing import ManualClock, settle
from llmlb.turns.local import LocalTurns
from llmlb.turns.port import Turns
from llmlb.wire.call import read_call
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.http1 import ReplyHead

SERVES = frozenset({"m"})
BODY = b'{"model":"m","messages":[]}'
HEADERS = (("content-type", "text/event-stream"),)
FAULT = End(EndKind.BROKEN, "reset")


class PlayedNode:
    """A node whose exchanges end when the test says so; it pulls as long as it is up."""

    def __init__(self, stand: Stand, id: str) -> None:
        self.id = id
        self.serves = SERVES
        self.loaded = frozenset[str]()
        self.up = True
        self.exchange: Exchange | None = None
        self.aborted: list[str] = []
        self._stand = stand

    def candidate(self, model: str) -> Candidate:
        return Candidate(self.id, loaded=False, models=1, failures=0, mean_secs=None, idle_since=0.0)

    def serve(self, exchange: Exchange) -> None:
        assert self.exchange is None, "one at a time"
        self.exchange = exchange
        exchange.carrier = self

    def abort(self, exchange: Exchange, reason: str) -> None:
        assert exchange is self.exchange
        self.aborted.append(reason)

    def resume(self, exchange: Exchange) -> None: ...

    def speak(self, data: bytes) -> None:
        """Some of the reply comes."""
        assert self.exchange is not None
        if self.exchange.head is None:
            self.exchange.start(ReplyHead(200, HEADERS))
        self.exchange.feed(data)
        self.exchange.listener.stirred()

    def end(self, end: End = COMPLETE) -> None:
        """The exchange is over on the wire."""
        exchange, self.exchange = self.exchange, None
        assert exchange is not None
        if end is COMPLETE and exchange.head is None:
            exchange.start(ReplyHead(200, HEADERS))
        end = End(EndKind.ABORTED, self.aborted[0]) if self.aborted else end
        self.aborted.clear()
        exchange.over(end)
        if self.up and self.exchange is None:
            self._stand.turns.pull(self)
        exchange.listener.stirred()


class Ear:
    """An audience that remembers, until it is asked, that there was something."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def stirred(self) -> None:
        self._news.set()

    turned_away = stirred

    async def news(self) -> None:
        await self._news.wait()
        self._news.clear()


class Stand:
    """What a visit needs of the gateway and its fleet."""

    def __init__(self, *nodes: str, **tables: Any) -> None:
        self.config = Config(**tables)
        self.clock = ManualClock()
        scheduler = FairScheduler({}, default_service_secs=10)
        queue = self.config.queue
        self.turns: Turns = LocalTurns(scheduler, self.clock, max_size=queue.max_size, when_full=queue.when_full)
        self.nodes = {id: PlayedNode(self, id) for id in nodes}
        self.fleet = cast(Fleet, self)
        self.records: list[Record] = []
        self.forgiven: list[str] = []
        self.bodies = Bodies(10_000, self.turns.retry_after)
        self._count = 0
        self._ears: dict[Visit, Ear] = {}
        for node in self.nodes.values():
            self.turns.topology(node.id, node.serves, self.clock.now())
            self.turns.pull(node)

    # As a gateway

    def admit(self, visit: Visit) -> None:
        visit.set_deadline()
        self.turns.submit(visit.ticket, visit)

    def departed(self, visit: Visit) -> None:
        self.records.append(visit.record())

    # As a fleet

    def serve(self, node: str, exchange: Exchange) -> str:
        self.nodes[node].serve(exchange)
        return node

    def hopeful(self, model: str, tried: Iterable[str] = ()) -> bool:
        return any(node.up and node.id not in tried for node in self.nodes.values())

    def forgive(self, nodes: Iterable[str], request: str) -> None:
        self.forgiven = sorted(nodes)

    # For the tests

    def visit(self, key: str = "k") -> Visit:
        self._count += 1
        call = read_call(ENDPOINTS[0], "application/json", BODY)
        outgoing = Outgoing(str(self._count), call, b"")
        visit = Visit(self, f"r{self._count}", call, Identity(key, key), outgoing, self.bodies.hold(), ear := Ear())
        self._ears[visit] = ear
        return visit

    def client(self, visit: Visit) -> asyncio.Task[bytes | Refusal]:
        """What is done with a visit on behalf of its client."""

        async def handle() -> bytes | Refusal:
            visit.begin()
            try:
                return await self._passed_on(visit)
            except Refusal as refusal:
                return refusal
            finally:
                visit.close()

        return asyncio.create_task(handle())

    async def _passed_on(self, visit: Visit) -> bytes:
        ear = self._ears[visit]
        while visit.reply() is None:
            await ear.news()
        visit.commit()
        body = b""
        while True:
            while data := visit.read():
                body += data
            if visit.whole:
                visit.delivered()
                return body
            await ear.news()

    async def enter(self, key: str = "k") -> tuple[Visit, asyncio.Task[bytes | Refusal]]:
        visit = self.visit(key)
        task = self.client(visit)
        await settle()
        return visit, task

    def outcome(self, visit: Visit) -> Outcome:
        (record,) = [record for record in self.records if record.id == visit.id]
        return record.outcome

    @property
    def counts(self) -> tuple[int, int]:
        now = self.turns.snapshot()
        return now.waiting, now.running
