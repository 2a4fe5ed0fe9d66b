"""The queue as clients meet it (Q1 to Q7)."""

from __future__ import annotations

import asyncio

import attrs
import pytest

from llmlb.config.model import Fairness, KeyConfig, Queue
from llmlb.testing import ManualClock, ScriptedNode, eventually
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start

JAPANESE = {"Accept-Language": "ja"}


async def test_a_request_that_meets_an_idle_node_is_served_at_once(node: ScriptedNode, start: Start) -> None:
    node.auto({"answer": 1})
    gateway = await start(config(node))
    answer = await gateway.post()
    assert (answer.status, answer.json) == (200, {"answer": 1})
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1}


async def test_max_size_counts_those_who_wait_and_not_those_in_service(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=2)))
    tasks = [await gateway.arrive() for _ in range(3)]
    full = await gateway.post()
    assert (full.status, full.error["code"]) == (429, "queue_full")
    node.auto()
    assert [answer.status for answer in await asyncio.gather(*tasks)] == [200, 200, 200]
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 3, "rejected": 1}


async def test_a_larger_max_size_lets_more_wait(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=3)))
    tasks = [await gateway.arrive() for _ in range(4)]
    assert (await gateway.post()).status == 429
    node.auto()
    assert [answer.status for answer in await asyncio.gather(*tasks)] == [200] * 4


async def test_one_queue_holds_the_requests_for_all_models_and_nodes(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("a"), await new_node("b")
    gateway = await start(config(first, second, queue=Queue(max_size=2)))
    for model in "abab":
        await gateway.arrive(json={"model": model})
    assert gateway.gateway.overview().waiting == 2
    assert {(await gateway.post(json={"model": model})).status for model in "ab"} == {429}


async def test_a_full_queue_is_told_to_the_letter_in_japanese(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)))
    await gateway.arrive()
    await gateway.arrive()
    full = await gateway.post(headers=JAPANESE)
    assert (full.status, full.headers["Retry-After"]) == (429, "5")  # nothing is known yet
    assert full.json == {
        "error": {
            "message": "キューが満杯です。5秒後に再試行してください。",
            "type": "queue_full",
            "code": "queue_full",
            "retry_after": 5,
        }
    }


async def test_retry_after_is_an_estimate_once_something_is_known(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)), clock)
    task = await gateway.arrive()
    clock.advance(20)
    await (await node.received()).reply()
    await task
    await gateway.arrive()
    await gateway.arrive()
    clock.advance(8)
    full = await gateway.post()
    assert (full.headers["Retry-After"], full.error["retry_after"]) == ("12", 12)


async def test_a_full_queue_still_serves_who_meets_an_idle_node(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("a"), await new_node("b")
    second.auto()
    gateway = await start(config(first, second, queue=Queue(max_size=1)))
    await gateway.arrive(json={"model": "a"})
    await gateway.arrive(json={"model": "a"})
    assert (await gateway.post(json={"model": "a"})).status == 429
    assert (await gateway.post(json={"model": "b"})).status == 200


async def test_a_key_may_have_no_more_waiting_than_max_per_key(node: ScriptedNode, start: Start) -> None:
    keys = (KeyConfig(name="a", key="ka"), KeyConfig(name="b", key="kb"))
    gateway = await start(config(node, keys=keys, queue=Queue(max_size=10, max_per_key=1)))
    await gateway.arrive(key="ka")
    await gateway.arrive(key="ka")
    over = await gateway.post(key="ka")
    assert (over.status, over.error["code"]) == (429, "queue_full")
    await gateway.arrive(key="kb")
    assert gateway.gateway.overview().waiting == 2


async def test_a_key_may_have_a_limit_of_its_own(node: ScriptedNode, start: Start) -> None:
    keys = (KeyConfig(name="a", key="ka", max_waiting=2), KeyConfig(name="b", key="kb", max_waiting=1))
    gateway = await start(config(node, keys=keys, queue=Queue(max_size=10, max_per_key=1)))
    for key in ("ka", "ka", "ka", "kb"):
        await gateway.arrive(key=key)
    for key in ("ka", "kb"):
        over = await gateway.post(key=key)
        assert (over.status, over.error["code"]) == (429, "queue_full")
    one, other = (attrs.evolve(key, max_waiting=number) for key, number in zip(keys, (3, 0), strict=True))
    gateway.gateway.apply(attrs.evolve(gateway.gateway.config, api_keys=(one, other)))
    await gateway.arrive(key="ka")
    assert (await gateway.post(key="kb")).status == 429, "what applies to all keys applies to it again"
    assert gateway.gateway.overview().waiting == 4


async def test_in_a_full_queue_the_key_that_has_most_waiting_makes_room_where_it_is_told_to(
    node: ScriptedNode, start: Start
) -> None:
    keys = (KeyConfig(name="a", key="ka"), KeyConfig(name="b", key="kb"))
    gateway = await start(config(node, keys=keys, queue=Queue(max_size=3, when_full="push_out")))
    tasks = [await gateway.arrive(key="ka") for _ in range(4)]
    late = await gateway.arrive(key="kb")
    pushed = await tasks.pop()
    assert (pushed.status, pushed.error["code"], pushed.headers["Retry-After"]) == (429, "queue_full", "5")
    assert (pushed.headers["X-Queue-Position"], pushed.headers["X-Estimated-Wait"]) == ("3", "30")
    assert gateway.gateway.overview().waiting == 3
    assert (await gateway.post(key="ka")).status == 429
    assert (await gateway.post(key="kb")).status == 429, "it would have as many as a then"
    node.auto()
    assert [answer.status for answer in await asyncio.gather(*tasks, late)] == [200] * 4
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 4, "rejected": 3}


async def test_without_max_per_key_one_key_may_fill_the_queue(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=3)))
    for _ in range(4):
        await gateway.arrive(key="ka")
    assert gateway.gateway.overview().waiting == 3


async def test_a_node_gets_one_request_at_a_time(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    node.auto(delay=0.001)
    answers = await asyncio.gather(*[gateway.post(json={"model": "m", "stream": n % 2 == 0}) for n in range(30)])
    assert {answer.status for answer in answers} == {200}
    assert node.most_at_once == 1


async def test_the_slot_is_free_with_the_last_byte_of_the_body_and_not_with_its_head(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    opening = gateway.open()
    request = await node.received()
    second = await gateway.arrive()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.event({"n": 1})
    first = await opening
    assert await first.content.readline() == b'data: {"n":1}\n'
    await request.send(b"data: [DONE]\n\n")
    await gateway.waiting(1)
    assert len(node.seen) == 1
    await request.end()
    await (await node.received()).reply({"second": True})
    assert (await second).json == {"second": True}
    assert node.most_at_once == 1


async def test_waiting_too_long_is_a_504_at_the_deadline(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, queue=Queue(timeout_secs=60)), clock)
    await gateway.arrive()
    task = await gateway.arrive(headers=JAPANESE, json={"model": "m", "stream": True})
    clock.advance(59.9)
    await gateway.waiting(1)
    clock.advance(0.1)
    answer = await task
    assert answer.status == 504
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json == {
        "error": {
            "message": "キュー待機タイムアウト（60秒）。再試行してください。",
            "type": "queue_timeout",
            "code": "queue_timeout",
            "waited_secs": 60,
        }
    }
    assert gateway.outcomes() == {"timed_out": 1}
    assert len(node.seen) == 1


@pytest.mark.parametrize(("before", "after"), [(0.0, 60.0), (45.0, 15.0), (60.0, 0.0)])
async def test_what_a_request_waits_for_its_place_in_a_crowd_counts(
    before: float, after: float, node: ScriptedNode, start: Start, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await start(config(node, queue=Queue(timeout_secs=60)), clock)
    await gateway.arrive()
    await node.received()
    monkeypatch.setattr(gateway.gateway.admissions, "come", lambda comer: comer.let_in(before))
    late = await gateway.arrive()
    if after:
        await gateway.waiting(1)
        await clock.run_for(after - 0.1)
        assert not late.done()
        clock.advance(0.1)
    assert (await late).error["code"] == "queue_timeout"
    assert gateway.outcomes() == {"timed_out": 1}


async def test_timeout_secs_is_what_is_waited_and_told(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, queue=Queue(timeout_secs=7)), clock)
    await gateway.arrive()
    task = await gateway.arrive()
    clock.advance(7)
    answer = await task
    assert (answer.status, answer.error["waited_secs"]) == (504, 7)
    assert answer.error["message"] == "Timed out after waiting in the queue for 7 seconds. Please try again."


async def test_the_deadline_is_a_timer_of_its_own_on_the_real_clock(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(timeout_secs=1)))
    loop = asyncio.get_running_loop()
    await gateway.arrive()
    sent = loop.time()
    assert (await gateway.post()).status == 504
    assert 0.99 <= loop.time() - sent < 1.3


async def test_time_in_service_never_counts_towards_the_wait(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    node, other = await new_node(), await new_node()
    gateway = await start(config(node, other, queue=Queue(timeout_secs=60)), clock)
    tasks = [await gateway.arrive() for _ in range(3)]
    request, busy = await node.received(), await other.received()
    clock.advance(50)
    await gateway.waiting(1)
    await busy.reply()
    third = await other.received()
    clock.advance(1000)  # in service for longer than anyone may wait
    third.reset()  # back in the queue, for the node that is still busy, with ten seconds left
    await gateway.waiting(1)
    clock.advance(9.9)
    await gateway.waiting(1)
    clock.advance(0.2)
    assert (await tasks[2]).status == 504
    await request.reply()
    assert (await tasks[0]).status == 200


async def test_a_client_that_leaves_while_waiting_leaves_the_queue_at_once(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)))
    first = await gateway.arrive()
    second = await gateway.arrive()
    second.cancel()
    await gateway.waiting(0)
    third = await gateway.arrive()
    assert gateway.gateway.overview().waiting == 1  # its place was free again
    node.auto()
    assert [(await task).status for task in (first, third)] == [200, 200]
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 2, "cancelled": 1}
    assert len(node.seen) == 2


async def test_a_client_that_leaves_in_service_has_its_exchange_closed_and_the_node_goes_on(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    first = await gateway.arrive()
    request = await node.received()
    second = await gateway.arrive()
    first.cancel()
    await request.gone()
    await (await node.received()).reply({"second": True})
    assert (await second).json == {"second": True}
    assert node.most_at_once == 1
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 1, "cancelled": 1}
    assert gateway.states == {"n1": "idle"}  # it is nobody's failure


async def test_a_client_that_leaves_in_mid_stream_has_its_exchange_closed(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    opening = gateway.open()
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.event({"n": 1})
    response = await opening
    await response.content.readline()
    response.close()
    await request.gone()
    await gateway.quiet()
    assert gateway.outcomes() == {"cancelled": 1}


async def test_every_request_ends_in_exactly_one_outcome(new_node: NewNode, start: Start, clock: ManualClock) -> None:
    node = await new_node("m")
    gateway = await start(config(node, queue=Queue(max_size=2, timeout_secs=5)), clock)
    failing = await gateway.arrive()
    leaving = await gateway.arrive()
    late = await gateway.arrive()
    full = await gateway.post()
    leaving.cancel()
    await gateway.waiting(1)
    clock.advance(5)
    assert (await late).status == 504
    (await node.received()).reset()
    assert (await failing).status == 502
    assert (await gateway.post(json={"model": "unheard of"})).status == 404
    await gateway.quiet()
    assert full.status == 429
    assert gateway.outcomes() == {"failed": 2, "cancelled": 1, "timed_out": 1, "rejected": 1}
    assert gateway.gateway.arrivals == 5


async def test_the_statistics_count_the_queue_at_the_moment_of_asking(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1, timeout_secs=60)), clock)
    task = await gateway.arrive()
    late = await gateway.arrive()
    await gateway.post()
    stats = (await gateway.get("/api/queue/stats")).json
    assert (stats["waiting_count"], stats["processing_count"], stats["rejected_count"]) == (1, 1, 1)
    clock.advance(60)
    await late
    await (await node.received()).reply()
    await task
    await gateway.quiet()
    assert (await gateway.get("/api/queue/stats")).json == {
        "waiting_count": 0,
        "processing_count": 0,
        "avg_wait_time_ms": 30_000.0,
        "avg_process_time_ms": 60_000.0,
        "timeout_count": 1,
        "rejected_count": 1,
    }


async def test_default_service_secs_is_assumed_until_a_request_has_finished(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, fairness=Fairness(default_service_secs=42)), clock)
    await gateway.arrive()
    task = await gateway.arrive()
    await (await node.received()).reply()
    await (await node.received()).reply()
    assert (await task).headers["X-Estimated-Wait"] == "42"


async def test_two_requests_under_one_id_are_two_requests(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = [await gateway.arrive(headers={"X-Request-Id": "same"}, json={"model": "m", "n": n}) for n in range(4)]
    for n in range(4):
        request = await node.received()
        assert (request.json["n"], request.header("x-request-id")) == (n, "same")
        await request.reply({"n": n})
    assert [(await task).json["n"] for task in tasks] == [0, 1, 2, 3]


async def test_a_hundred_and_one_at_once_are_exactly_one_too_many(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=100)))
    busy = await gateway.arrive()
    tasks = [asyncio.create_task(gateway.post()) for _ in range(101)]
    await eventually(lambda: gateway.gateway.arrivals == 102, "all have come")
    node.auto()
    statuses = [answer.status for answer in await asyncio.gather(busy, *tasks)]
    assert (statuses.count(200), statuses.count(429)) == (101, 1)
