"""Clients that leave, each at the worst moment: the node is freed, nobody else loses a place, the counts add up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from llmlb.testing import Received, eventually
from tests.process.caller import Caller
from tests.process.conftest import Serve
from tests.process.program import Gateway

SOON = 1.0
"""Seconds within which the slot of a client that left must be free."""
WAYS = ("leave", "reset")
EVENTS = {"Content-Type": "text/event-stream"}
PIECE = b'data: {"choices": [{"index": 0, "delta": {"content": "a"}}]}\n\n'


async def one_in_service(gateway: Gateway, id: str = "first", *, stream: bool = False) -> tuple[Caller, Received]:
    """A client whose request a node has."""
    caller = await gateway.call(id, key="first", stream=stream)
    return caller, await gateway.node.received()


async def next_is(gateway: Gateway, id: str) -> Received:
    """The node gets this request within the second."""
    received = await gateway.node.received(SOON)
    assert received.header("x-request-id") == id
    return received


async def all_is_quiet(gateway: Gateway, **outcomes: int) -> None:
    """Nothing waits, nothing runs, no two were ever together on a node, and each request ended in one way."""
    await gateway.counts(waiting=0, processing=0, timeout=SOON)
    await eventually(lambda: gateway.outcomes().total() >= sum(outcomes.values()), "every request has its line")
    assert gateway.outcomes() == outcomes
    assert [node.most_at_once for node in gateway.nodes] == [1] * len(gateway.nodes)
    assert [node.serving for node in gateway.nodes] == [0] * len(gateway.nodes)


async def test_who_leaves_while_waiting_was_never_there_for_the_others(serve: Serve) -> None:
    gateway = await serve()
    first, on_node = await one_in_service(gateway)
    waiting = {id: await gateway.queued(id, key=id[0], waiting=n + 1) for n, id in enumerate(["a1", "x1", "x2", "b1"])}
    waiting["x1"].leave()
    waiting["x2"].reset()
    await gateway.counts(waiting=2, processing=1, timeout=SOON)
    late = await gateway.queued("a2", key="a", waiting=3)
    await on_node.reply({})
    for id in ["a1", "b1", "a2"]:
        await (await next_is(gateway, id)).reply({})
    replies = [await one.reply() for one in (first, waiting["a1"], waiting["b1"], late)]
    assert [reply.headers.get("x-queue-position") for reply in replies] == [None, "1", "3", "3"]
    visits = await gateway.logged("x1", "x2")
    left = [(visits[id]["status"], visits[id]["node"], visits[id]["attempts"]) for id in ("x1", "x2")]
    assert left == [(499, None, 0)] * 2
    await all_is_quiet(gateway, served=4, cancelled=2)


async def test_before_the_first_byte_the_node_is_hung_up_on_and_goes_on(serve: Serve) -> None:
    gateway = await serve()
    for way, stream in [("leave", False), ("leave", True), ("reset", False), ("reset", True)]:
        leaver, on_node = await one_in_service(gateway, f"{way} {stream}".replace(" ", "-"), stream=stream)
        staying = await gateway.queued(f"stays-{way}-{stream}")
        getattr(leaver, way)()
        await on_node.gone(SOON)
        await (await next_is(gateway, staying.id)).reply({"ok": 1})
        assert (await staying.reply()).json == {"ok": 1}
        await gateway.logged(leaver.id, staying.id)
    await all_is_quiet(gateway, served=4, cancelled=4)


async def test_in_mid_stream_the_node_is_hung_up_on_and_goes_on(serve: Serve) -> None:
    gateway = await serve()
    for way in WAYS:
        leaver, on_node = await one_in_service(gateway, way, stream=True)
        staying = await gateway.queued(f"stays-{way}")
        await on_node.start(headers=EVENTS)
        await on_node.send(PIECE)
        await leaver.reads(PIECE)
        getattr(leaver, way)()
        await on_node.gone(SOON)
        await (await next_is(gateway, staying.id)).reply({})
        assert (await staying.reply()).status == 200
        assert (await gateway.logged(way, staying.id))[way]["outcome"] == "cancelled"
    await all_is_quiet(gateway, served=2, cancelled=2)


async def test_who_leaves_in_the_middle_of_a_plain_body_frees_the_node(serve: Serve) -> None:
    gateway = await serve()
    leaver, on_node = await one_in_service(gateway)
    await on_node.start(length=100)
    await on_node.send(b"{")
    await leaver.reads(b"\r\n\r\n{")
    leaver.leave()
    await on_node.gone(SOON)
    await gateway.logged("first")
    await all_is_quiet(gateway, cancelled=1)


async def test_at_the_moment_of_the_grant_the_slot_is_not_lost(serve: Serve) -> None:
    gateway = await serve()
    caller, on_node = await one_in_service(gateway, "r0")
    rounds = 12
    for n in range(1, rounds + 1):
        leaver = await gateway.queued(f"x{n}", key="x", waiting=1)
        staying = await gateway.queued(f"r{n}", key="r", waiting=2)
        leave = getattr(leaver, WAYS[n % 2])
        await gateway.freeze()
        if n % 4 < 2:
            leave()
            await on_node.reply({})
        else:
            await on_node.reply({})
            leave()
        gateway.thaw()
        assert (await caller.reply()).status == 200
        on_node = await gateway.node.received(SOON)
        if on_node.header("x-request-id") == f"x{n}":  # granted, then hung up on
            await on_node.gone(SOON)
            on_node = await gateway.node.received(SOON)
        assert on_node.header("x-request-id") == f"r{n}"
        caller = staying
    await on_node.reply({})
    await caller.reply()
    await gateway.logged(f"r{rounds}", *(f"x{n}" for n in range(1, rounds + 1)))
    await all_is_quiet(gateway, served=rounds + 1, cancelled=rounds)


async def test_the_reply_and_the_leaving_of_the_same_client_meet(serve: Serve) -> None:
    gateway = await serve()
    for n in range(8):
        leaver, on_node = await one_in_service(gateway, f"r{n}", stream=bool(n % 2))
        await gateway.freeze()
        await on_node.reply({})
        leaver.leave()
        gateway.thaw()
        await gateway.counts(waiting=0, processing=0, timeout=SOON)
    await gateway.logged(*(f"r{n}" for n in range(8)))
    assert set(gateway.outcomes()) <= {"served", "cancelled"}
    await all_is_quiet(gateway, **gateway.outcomes())


async def test_during_a_retry_in_service_elsewhere(serve: Serve) -> None:
    gateway = await serve(2)
    leaver = await gateway.call("x")
    await eventually(lambda: any(node.seen for node in gateway.nodes), "a node has the request")
    one, other = gateway.nodes if gateway.nodes[0].seen else gateway.nodes[::-1]
    (await one.received()).reset()
    again = await other.received(SOON)
    assert again.header("x-request-id") == "x"
    leaver.leave()
    await again.gone(SOON)
    assert (await gateway.logged("x"))["x"]["attempts"] == 2
    newcomer = await gateway.call("new")
    await (await other.received(SOON)).reply({})
    assert (await newcomer.reply()).status == 200
    await all_is_quiet(gateway, served=1, cancelled=1)


async def test_between_two_tries_while_waiting_first_in_line(serve: Serve) -> None:
    gateway = await serve(2)
    callers = [await gateway.call("r0"), await gateway.call("r1")]
    on = {request.header("x-request-id"): request for request in [await node.received() for node in gateway.nodes]}
    staying = await gateway.queued("stays", waiting=1)
    on["r0"].reset()
    await gateway.counts(waiting=2, processing=1)
    callers[0].leave()
    await gateway.counts(waiting=1, processing=1, timeout=SOON)
    await on["r1"].reply({})
    free = next(node for node in gateway.nodes if on["r1"] in node.seen)
    received = await free.received(SOON)
    assert received.header("x-request-id") == "stays"
    await received.reply({})
    assert [(await one.reply()).status for one in (callers[1], staying)] == [200, 200]
    assert (await gateway.logged("r0"))["r0"]["outcome"] == "cancelled"
    await all_is_quiet(gateway, served=2, cancelled=1)


async def test_while_the_node_rests_after_429(serve: Serve) -> None:
    gateway = await serve()
    leaver, on_node = await one_in_service(gateway)
    staying = await gateway.queued("stays")
    await on_node.reply({"error": {}}, status=429, headers={"Retry-After": "1"})
    await gateway.counts(waiting=2, processing=0)
    leaver.leave()
    await gateway.counts(waiting=1, processing=0, timeout=SOON)
    received = await gateway.node.received()
    assert received.header("x-request-id") == "stays"
    await received.reply({})
    assert (await staying.reply()).status == 200
    await gateway.logged("first")
    await all_is_quiet(gateway, served=1, cancelled=1)


async def test_who_leaves_before_the_body_is_complete_never_arrived(serve: Serve) -> None:
    gateway = await serve()
    leaver = await gateway.connect()
    await leaver.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    await gateway.stats()
    leaver.leave()
    caller, on_node = await one_in_service(gateway)
    await on_node.reply({})
    assert (await caller.reply()).status == 200
    await all_is_quiet(gateway, served=1)


@contextmanager
def nobody_accepts(port: int) -> Iterator[None]:
    """A listener whose queue is full: connecting to it neither succeeds nor fails."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(4):
            filler = sockets.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield


async def test_while_the_node_is_still_being_connected_to(serve: Serve) -> None:
    gateway = await serve()
    gateway.node.refuse()
    with nobody_accepts(gateway.node.port):
        leaver = await gateway.call("leaver")
        await gateway.counts(waiting=0, processing=1)
        staying = await gateway.queued("stays", key="other", waiting=1)
        leaver.leave()
        await gateway.counts(waiting=0, processing=1, timeout=SOON)
        assert (await gateway.logged("leaver"))["leaver"]["outcome"] == "cancelled"
    await gateway.node.listen_again()
    received = await gateway.node.received(10)
    assert received.header("x-request-id") == "stays"
    await received.reply({})
    assert (await staying.reply()).status == 200
    await all_is_quiet(gateway, served=1, cancelled=1)
