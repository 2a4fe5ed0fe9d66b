"""A node's slot, over a real socket: who has it, when it is free, and what its ends say of the node."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from unittest.mock import AsyncMock

import pytest

from llmlb.clock import LoopClock
from llmlb.config.model import NodeConfig, Upstream
from llmlb.nodes.dispatcher import Dispatcher, connect_problem
from llmlb.nodes.end import End, EndKind
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.line import Line
from llmlb.nodes.node import Health, Node
from llmlb.scheduler.ticket import Actual, Snapshot, Ticket
from llmlb.signs_of_life import QUESTIONS
from llmlb.testing import ScriptedNode, eventually
from llmlb.turns.port import Puller, Waiter
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.http1 import header_block, request_bytes
from llmlb.wire.usage import TokenMeter


class Turns:
    """Counts the pulls, and grants nothing by itself."""

    def __init__(self) -> None:
        self.pulls = 0
        self.open = False

    def pull(self, node: Puller) -> None:
        self.pulls += 1
        self.open = True

    def unpull(self, node: Puller) -> None:
        self.open = False

    def submit(self, ticket: Ticket, waiter: Waiter) -> None: ...
    def withdraw(self, ticket: Ticket) -> None: ...
    def topology(self, node: str, models: frozenset[str], free_at: float | None) -> None: ...
    def forget_node(self, node: str) -> None: ...
    def finished(self, ticket: Ticket, actual: Actual, *, again: bool = False) -> None: ...
    def retry_after(self) -> int:
        return 5

    def snapshot(self) -> Snapshot:
        return Snapshot(0, 0, {}, {})


class Request:
    id = "r"

    def pieces(self, node: NodeConfig, node_block: bytes) -> tuple[bytes, ...]:
        return request_bytes("/v1/embeddings", node_block, header_block([]), b'{"model":"m"}')


class Listener:
    def __init__(self) -> None:
        self.ends: list[End] = []

    def stirred(self) -> None: ...

    def crashed(self, bug: Exception) -> None:
        raise bug

    def ended(self, exchange: Exchange, end: End) -> None:
        self.ends.append(end)


class Bay:
    """A dispatcher at work in front of a scripted node."""

    def __init__(self, server: ScriptedNode) -> None:
        self.server = server
        self.turns = Turns()
        clock = LoopClock()
        config = NodeConfig(name="n", url=server.url, drain_after_cancel_secs=5)
        self.node = Node(config, clock, lambda _: self.dispatcher.wake())
        self.dispatcher = Dispatcher(self.node, self.turns, Upstream(), clock)

    @property
    def busy(self) -> bool:
        return self.dispatcher.exchange is not None

    def serve(self) -> tuple[Exchange, list[End]]:
        listener = Listener()
        exchange = Exchange(Request(), listener, 30.0, TokenMeter(ENDPOINTS[0], 40))
        self.dispatcher.serve(exchange)
        return exchange, listener.ends


@pytest.fixture
async def bay() -> AsyncIterator[Bay]:
    async with ScriptedNode() as server:
        one = Bay(server)
        task = asyncio.create_task(one.dispatcher.run())
        one.node.found("openai", ["m"])
        await eventually(lambda: one.turns.open, "it pulls")
        yield one
        task.cancel()
        one.dispatcher.release_line()


async def test_it_pulls_once_it_is_usable_and_again_when_the_reply_is_read(bay: Bay) -> None:
    assert bay.turns.pulls == 1
    exchange, ends = bay.serve()
    request = await bay.server.received()
    assert bay.dispatcher.exchange is exchange
    await request.reply(b"hi")
    await eventually(lambda: ends, "it is over")
    assert (ends[0].kind, exchange.take()) == (EndKind.COMPLETE, b"hi")
    assert not bay.busy
    assert bay.turns.pulls == 2
    assert bay.node.candidate("m").mean_secs is not None


async def test_its_machine_is_asked_for_signs_of_life(bay: Bay) -> None:
    exchange, _ = bay.serve()
    await bay.server.received()
    assert bay.dispatcher._line is not None
    assert bay.dispatcher._line._transport is not None
    line = bay.dispatcher._line._transport.get_extra_info("socket")
    assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == QUESTIONS
    exchange.abort("the client left")


async def test_it_takes_no_second_request_while_it_has_one(bay: Bay) -> None:
    bay.serve()
    with pytest.raises(AssertionError):
        bay.serve()
    bay.dispatcher.pull()
    assert bay.turns.pulls == 1


async def test_a_request_aborted_while_connecting_frees_the_slot_at_once(bay: Bay) -> None:
    first, ends = bay.serve()
    first.abort("the client left")
    assert [end.kind for end in ends] == [EndKind.ABORTED]
    assert not bay.busy
    assert bay.node.usable  # it has never heard of the request, so there is nothing to rest from
    second, _ = bay.serve()
    await (await bay.server.received()).reply(b"second")
    await eventually(lambda: second.end, "the second is over")
    assert (len(bay.server.seen), second.take()) == (1, b"second")


async def test_an_abort_frees_the_slot_when_the_connection_is_gone_and_lets_the_node_rest(bay: Bay) -> None:
    exchange, ends = bay.serve()
    request = await bay.server.received()
    exchange.abort("the client left")
    assert (ends, bay.dispatcher.exchange) == ([], exchange)
    await request.gone()
    await eventually(lambda: ends, "it is over")
    assert not bay.busy
    assert (bay.node.health, bay.turns.open) == (Health.RESTING, False)


async def test_refused_connections_make_the_node_offline_and_close_the_pull(bay: Bay) -> None:
    bay.server.refuse()
    _, ends = bay.serve()
    await eventually(lambda: ends, "it is over")
    assert ends == [End(EndKind.UNREACHABLE, "connection refused")]
    assert (bay.node.health, bay.turns.open) == (Health.OFFLINE, False)


async def test_a_connection_gone_before_it_could_be_used_is_none_and_the_dispatcher_lives(
    bay: Bay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With TLS, what a server does right behind the handshake can be heard before the connection is handed out."""

    async def slam(make: Callable[[], Line], *_: object, **__: object) -> tuple[None, Line]:
        line = make()
        line.connection_made(asyncio.Transport())
        line.connection_lost(None)
        return None, line

    with monkeypatch.context() as patch:
        patch.setattr(asyncio.get_running_loop(), "create_connection", slam)
        _, ends = bay.serve()
        await eventually(lambda: ends, "it is over")
    assert ends[0].kind is EndKind.UNREACHABLE
    assert (bay.busy, bay.node.health) == (False, Health.OFFLINE)
    bay.node.found("openai", ["m"])
    await eventually(lambda: bay.turns.open, "it pulls again")
    bay.serve()
    await bay.server.received()


async def test_releasing_the_line_closes_it_while_it_is_idle_only(bay: Bay) -> None:
    exchange, _ = bay.serve()
    request = await bay.server.received()
    bay.dispatcher.release_line()
    assert not request.is_gone
    await request.reply()
    await eventually(lambda: exchange.end, "it is over")
    bay.dispatcher.release_line()
    await request.gone()


async def test_closing_hangs_up_and_pulls_no_more(bay: Bay) -> None:
    _, ends = bay.serve()
    request = await bay.server.received()
    bay.dispatcher.close()
    await request.gone()
    await eventually(lambda: ends, "it is over")
    assert ends[0].kind is EndKind.ABORTED


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "connecting timed out"),
        (ConnectionRefusedError(111, "127.0.0.1:1"), "connection refused"),
        (OSError(113, "No route to host 10.0.0.1"), "cannot connect: No route to host"),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known: gpu.internal"), "host name not resolved"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "host name not resolved"),
        (OSError("Multiple exceptions: [Errno 113] 10.0.0.1, [Errno 101] 10.0.0.2"), "cannot connect: OSError"),
    ],
)
def test_why_no_connection_was_made_is_said_without_an_address(error: OSError, words: str) -> None:
    assert connect_problem(error) == words


async def test_a_name_of_which_every_address_refuses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ScriptedNode() as server:
        server.refuse()
        loop = asyncio.get_running_loop()
        both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port)) for host in ("127.0.0.1", "127.0.0.2")]
        monkeypatch.setattr(loop, "getaddrinfo", AsyncMock(return_value=both))
        with pytest.raises(OSError, match="Multiple") as refused:
            await loop.create_connection(asyncio.Protocol, "localhost", server.port)
    assert connect_problem(refused.value) == "connection refused"


@pytest.mark.parametrize(("status", "kind", "failures"), [
    (200, "application/json", 1),
    (200, "text/event-stream", 1),
    (200, "text/plain", 0),  # a recording in which nobody speaks
    (204, "application/json", 0),
    (400, "application/json", 0),
])  # fmt: skip
async def test_a_reply_with_nothing_in_it_is_passed_on_but_counts_as_a_failure(
    bay: Bay, status: int, kind: str, failures: int
) -> None:
    exchange, ends = bay.serve()
    await (await bay.server.received()).reply(b"", status, {"Content-Type": kind})
    await eventually(lambda: ends, "it is over")
    assert ends[0].kind is EndKind.COMPLETE
    assert exchange.head is not None
    assert exchange.head.status == status
    assert bay.node.candidate("m").failures == failures


async def test_a_node_that_gives_empty_replies_rests(bay: Bay) -> None:
    for _ in range(2):
        assert bay.node.usable
        _, ends = bay.serve()
        await (await bay.server.received()).reply(b"")
        await eventually(lambda ends=ends: ends, "it is over")  # type: ignore[misc]
    assert (bay.node.health, bay.node.reason) == (Health.RESTING, "failed 2 times in a row: empty reply")
