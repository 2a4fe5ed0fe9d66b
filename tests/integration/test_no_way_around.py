"""The queue's rules hold whichever way a request comes, and whatever became of those before it."""

from __future__ import annotations

import asyncio

import pytest

from llmlb.config.model import Queue
from llmlb.testing import ManualClock, ScriptedNode
from llmlb.testing.waiting import settle
from llmlb.wire.endpoints import ENDPOINTS, Endpoint, Family
from tests.integration.bench import CHAT, Bench, config
from tests.integration.conftest import NewNode, Start

FORM = b'--xx\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n--xx--\r\n'
CROWD = 100


async def full(gateway: Bench) -> None:
    """One request in service and one waiting, where one may wait."""
    await gateway.arrive()
    await gateway.arrive()


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.path)
async def test_a_full_queue_is_full_on_every_route(endpoint: Endpoint, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)))
    await full(gateway)
    if endpoint.multipart:
        form = {"Content-Type": "multipart/form-data; boundary=xx"}
        answer = await gateway.post(endpoint.path, data=FORM, headers=form)
    else:
        answer = await gateway.post(endpoint.path, json={"model": "m", "stream": True})
    assert (answer.status, answer.error["code"], answer.error["retry_after"]) == (429, "queue_full", 5)
    assert ("type" in answer.json) == (endpoint.family is Family.ANTHROPIC)
    assert answer.headers["Retry-After"] == "5"
    assert len(node.seen) == 1


async def test_a_full_queue_is_full_for_every_model(new_node: NewNode, start: Start) -> None:
    node = await new_node("m", "cold", "qwen:latest")
    node.kind, node.loaded = "ollama", ["m"]
    gateway = await start(config(node, queue=Queue(max_size=1)))
    await full(gateway)
    for model in ("m", "cold", "qwen", "qwen:latest"):
        assert (await gateway.post(json={"model": model})).status == 429, model
    assert (await gateway.post("/v1/images/generations", json={"prompt": "a cat"})).status == 429
    assert len(node.seen) == 1


async def test_a_node_that_comes_free_takes_one_of_a_crowd_and_the_others_keep_their_places(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node, queue=Queue(max_size=CROWD)))
    tasks = [await gateway.arrive(json={"model": "m", "n": n}) for n in range(CROWD + 1)]
    for n in range(3):
        request = await node.received()
        assert request.json["n"] == n
        await gateway.waiting(CROWD - n)
        await settle()
        assert (node.unread, [task.done() for task in tasks[n:]]) == (0, [False] * (CROWD + 1 - n))
        await request.reply()
        assert (await tasks[n]).status == 200
    node.auto()
    answers = await asyncio.gather(*tasks)
    assert {answer.status for answer in answers} == {200}
    assert [request.json["n"] for request in node.seen] == list(range(CROWD + 1))
    assert [int(answer.headers["X-Queue-Position"]) for answer in answers[1:]] == list(range(1, CROWD + 1))


async def test_the_deadline_of_one_who_left_does_nothing(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, queue=Queue(max_size=2, timeout_secs=60)), clock)
    first = await gateway.arrive()
    leaving = await gateway.arrive()
    clock.advance(30)
    staying = await gateway.arrive()
    leaving.cancel()
    await gateway.waiting(1)
    clock.advance(59)  # beyond the deadline of the one who left
    await settle()
    await (await node.received()).reply()
    await (await node.received()).reply()
    assert [(await task).status for task in (first, staying)] == [200, 200]
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 2, "cancelled": 1}


async def test_who_waits_for_a_stream_is_sent_nothing_until_a_node_says_something(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    node = await new_node()
    gateway = await start(config(node, queue=Queue(timeout_secs=60)), clock)
    await gateway.arrive()
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    body = b'{"model":"m","stream":true}'
    writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (CHAT.encode(), len(body), body))
    await gateway.waiting(1)
    reading = asyncio.create_task(reader.read(1))
    for _ in range(59):
        clock.advance(1)
        await settle()
    assert not reading.done(), "its status has been sent, so that it can no longer be 504"
    clock.advance(1)
    assert await reading + await reader.readuntil(b"\r\n") == b"HTTP/1.1 504 Gateway Timeout\r\n"
    writer.close()


@pytest.mark.parametrize("begun", [False, True], ids=["before its first byte", "in mid-stream"])
async def test_a_client_that_leaves_is_no_failure_of_its_node(begun: bool, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    for _ in range(5):
        opening = gateway.open()
        request = await node.received()
        if begun:
            await request.start(headers={"Content-Type": "text/event-stream"})
            await request.event({"n": 1})
            (await opening).close()
        else:
            opening.cancel()
        await request.gone()
        await gateway.quiet()
    (member,) = gateway.gateway.fleet
    assert member.node.candidate("m").failures == 0
    assert gateway.states == {"n1": "idle"}
    assert gateway.outcomes() == {"cancelled": 5}
