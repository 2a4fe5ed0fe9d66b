"""What a waiting client learns (W1 to W3), on the wire."""

from __future__ import annotations

import asyncio

from llmlb.config.model import NodeConfig, Queue
from llmlb.testing import ManualClock, ScriptedNode
from tests.integration.bench import Answer, config
from tests.integration.conftest import NewNode, Start

POSITION, ESTIMATE = "X-Queue-Position", "X-Estimated-Wait"


def told(answer: Answer) -> tuple[str | None, str | None]:
    return answer.headers.get(POSITION), answer.headers.get(ESTIMATE)


async def test_a_request_that_did_not_wait_is_told_nothing(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    assert told(await gateway.post()) == (None, None)
    assert told(await gateway.post(json={"model": "m", "stream": True})) == (None, None)
    assert told(await gateway.post(json={"model": "no such"})) == (None, None)


async def test_position_three_behind_a_request_just_started_waits_thirty_seconds(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    tasks = [await gateway.arrive() for _ in range(4)]
    node.auto()
    answers = await asyncio.gather(*tasks)
    assert [told(answer) for answer in answers] == [(None, None), ("1", "10"), ("2", "20"), ("3", "30")]


async def test_the_same_on_the_real_clock_where_time_has_passed(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = [await gateway.arrive(json={"model": "m", "stream": True}) for _ in range(4)]
    node.auto()
    assert told((await asyncio.gather(*tasks))[3]) == ("3", "30")


async def test_the_estimate_goes_by_what_services_took_and_how_long_the_present_one_has_run(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    for seconds in (8, 4, 6):
        task = await gateway.arrive()
        request = await node.received()
        clock.advance(seconds)
        await request.reply()
        await task
    await gateway.arrive()
    clock.advance(2.5)
    tasks = [await gateway.arrive() for _ in range(2)]
    node.auto()
    assert [told(answer) for answer in await asyncio.gather(*tasks)] == [("1", "4"), ("2", "10")]


async def test_the_estimate_shares_the_wait_between_the_nodes_that_can_serve_it(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    nodes = [await new_node(), await new_node(), await new_node("other")]
    gateway = await start(config(*nodes), clock)
    tasks = [await gateway.arrive() for _ in range(6)]
    for node in nodes:
        node.auto()
    answers = await asyncio.gather(*tasks)
    assert [told(answer) for answer in answers[2:]] == [("1", "10"), ("2", "10"), ("3", "20"), ("4", "20")]


async def test_positions_are_the_places_in_the_fair_order(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = [await gateway.arrive(key=key) for key in "AAAAB"]
    node.auto()
    assert [told(answer)[0] for answer in await asyncio.gather(*tasks)] == [None, "1", "2", "3", "1"]


async def test_the_position_counts_no_request_for_a_model_of_other_nodes(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node("a"), await new_node("b")]
    gateway = await start(config(*nodes))
    tasks = [await gateway.arrive(json={"model": model}) for model in "aaaabb"]
    for node in nodes:
        node.auto()
    assert told((await asyncio.gather(*tasks))[5])[0] == "1"


async def test_a_timed_out_request_is_told_what_it_was_promised(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, queue=Queue(timeout_secs=3)), clock)
    await gateway.arrive()
    tasks = [await gateway.arrive(json={"model": "m", "stream": stream}) for stream in (False, True)]
    clock.advance(3)
    assert [(answer.status, *told(answer)) for answer in await asyncio.gather(*tasks)] == [
        (504, "1", "10"),
        (504, "2", "10"),  # by its turn the first would have left
    ]


async def test_a_refused_request_did_not_wait(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=1)))
    await gateway.arrive()
    await gateway.arrive()
    full = await gateway.post()
    assert (full.status, *told(full)) == (429, None, None)


async def test_a_request_that_waited_only_after_its_node_failed_is_told_its_place(
    new_node: NewNode, start: Start
) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second))
    tasks = [await gateway.arrive() for _ in range(2)]
    (await first.received()).reset()
    await gateway.waiting(1)
    await (await second.received()).reply()
    await (await second.received()).reply()
    assert [told(await task)[0] for task in tasks] == ["1", None]


async def test_the_estimate_of_a_resting_node_starts_when_it_has_rested(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(NodeConfig(name="n1", url=node.url, models=("m",))), clock)
    task = await gateway.arrive()
    await (await node.received()).reply(status=429, headers={"Retry-After": "7"})
    await gateway.waiting(1)
    clock.advance(7)
    await (await node.received()).reply()
    assert told(await task) == ("1", "7")
