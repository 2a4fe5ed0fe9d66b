"""Fair turns between keys, end to end (F1, F2, F4, F5)."""

from __future__ import annotations

import asyncio

from llmlb.config.model import KeyConfig, Queue
from llmlb.testing import ManualClock, ScriptedNode
from tests.integration.bench import Bench, config
from tests.integration.conftest import NewNode, Start

KEYS = (KeyConfig(name="a", key="A"), KeyConfig(name="b", key="B"))


async def order_of_service(gateway: Bench, node: ScriptedNode, keys: str, **more: object) -> str:
    """Whose requests the node receives, one after another, when they arrive in this order."""
    tasks = [await gateway.arrive(key=key, json={"model": "m", "sender": key} | more) for key in keys]
    served = ""
    for _ in keys:
        request = await node.received()
        served += request.json["sender"]
        await request.reply()
    assert {(await task).status for task in tasks} == {200}
    return served


async def test_f1_with_the_node_idle_at_first(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS))
    assert await order_of_service(gateway, node, "AAAAABB") == "ABABAAA"


async def test_f1_with_the_node_busy_at_first(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(*KEYS, KeyConfig(name="c", key="C"))))
    assert await order_of_service(gateway, node, "CAAAAABB") == "CABABAAA"


async def test_f1_with_keys_that_are_not_configured(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert await order_of_service(gateway, node, "AAAAABB") == "ABABAAA"


async def test_f1_for_streams(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS))
    assert await order_of_service(gateway, node, "AAAAABB", stream=True) == "ABABAAA"


async def test_without_fairness_the_order_is_that_of_arrival(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=KEYS, queue=Queue(enable_fairness=False)))
    assert await order_of_service(gateway, node, "AAAAABB") == "AAAAABB"
    assert {key.due for key in gateway.gateway.desk().keys} == {0.0}, "nor is anybody due a share by weight"


async def test_weight_two_gets_two_turns_for_one(node: ScriptedNode, start: Start) -> None:
    """Once they have taken up their places: the first turns are within half a quantum of it."""
    keys = (KeyConfig(name="a", key="A", weight=2), KeyConfig(name="b", key="B"))
    gateway = await start(config(node, keys=keys))
    served = await order_of_service(gateway, node, "A" * 12 + "B" * 12)
    for begin in range(6, 10):
        assert [served[begin : begin + 9].count(key) for key in "AB"] == [6, 3]


async def test_weights_one_two_four_give_shares_one_two_four(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    keys = tuple(KeyConfig(name=name, key=name, weight=weight) for name, weight in (("A", 1), ("B", 2), ("C", 4)))
    gateway = await start(config(node, keys=keys), clock)  # the first is in service while all others arrive
    served = await order_of_service(gateway, node, "A" * 8 + "B" * 16 + "C" * 32)
    for begin in range(7, 21):  # once each has had its first turn
        assert [served[begin : begin + 28].count(key) for key in "ABC"] == [4, 8, 16]


async def test_requests_without_a_key_are_one_flow_and_every_other_key_its_own(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    keys = (None, None, None, "x", "y")
    tasks = [await gateway.arrive(key=key, json={"model": "m", "key": key}) for key in keys]
    served = []
    for _ in tasks:
        request = await node.received()
        served.append(request.json["key"])
        await request.reply()
    await asyncio.gather(*tasks)
    assert served == [None, "x", "y", None, None]


async def test_x_api_key_and_bearer_of_one_key_are_one_flow(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    headers = [{"x-api-key": "k"}, {"Authorization": "bearer k"}, {"x-api-key": "k"}, {"x-api-key": "other"}]
    tasks = [await gateway.arrive(headers=each, json={"model": "m", "n": n}) for n, each in enumerate(headers)]
    served = []
    for _ in tasks:
        request = await node.received()
        served.append(request.json["n"])
        await request.reply()
    await asyncio.gather(*tasks)
    assert served == [0, 3, 1, 2]


async def test_a_request_is_never_blocked_by_one_that_needs_another_model(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("a"), await new_node("b")
    second.auto()
    gateway = await start(config(first, second))
    await gateway.arrive(key="A", json={"model": "a"})
    stuck = await gateway.arrive(key="A", json={"model": "a"})
    for key in ("A", "B"):
        answer = await gateway.post(key=key, json={"model": "b"})
        assert answer.status == 200
        assert "X-Queue-Position" not in answer.headers
    assert not stuck.done()
    await (await first.received()).reply()
    await (await first.received()).reply()
    assert (await stuck).status == 200


async def test_within_a_key_it_is_first_come_first_served(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = [await gateway.arrive(key="A", json={"model": "m", "n": n}) for n in range(6)]
    for n in range(6):
        request = await node.received()
        assert request.json["n"] == n
        await request.reply()
    await asyncio.gather(*tasks)
