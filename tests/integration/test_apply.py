"""Another configuration while the gateway runs (O4): nobody who waits or is served has to go, and nobody is passed."""

from __future__ import annotations

import asyncio
from typing import Any

import attrs
import pytest

from llmlb.config.model import Config, Fairness, Health, KeyConfig, NodeConfig, Queue, Server, Upstream
from llmlb.errors import Refusal
from llmlb.nodes.exchange import Exchange
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Place, Ticket
from llmlb.testing import ManualClock, ScriptedNode, eventually
from tests.integration.bench import Answer, Bench, config
from tests.integration.conftest import NewNode, Start

ALICE, BOB = KeyConfig(name="alice", key="sk-a"), KeyConfig(name="bob", key="sk-b")


def apply(gateway: Bench, **changes: Any) -> tuple[str, ...]:
    """As if the file had been changed so."""
    return gateway.gateway.apply(attrs.evolve(gateway.gateway.config, **changes))


def nodes_of(gateway: Bench) -> tuple[NodeConfig, ...]:
    return gateway.gateway.config.nodes


async def order_of(gateway: Bench, node: ScriptedNode, count: int) -> list[str]:
    """Let the node serve so many, one by one, and say which."""
    served = []
    for _ in range(count):
        request = await node.received()
        served.append(request.json["n"])
        await request.reply()
    await gateway.quiet()
    return served


async def send(gateway: Bench, names: str) -> list[asyncio.Task[Answer]]:
    """Requests named by key and number, one after another."""
    return [await gateway.arrive(key=f"sk-{name[0]}", json={"model": "m", "n": name}) for name in names.split()]


class Late:
    """Somebody who asks for a turn in the very call after a change."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.place: Place | None = None

    def placed(self, place: Place) -> None:
        self.place = place

    def granted(self, node: str) -> None:
        raise AssertionError(f"passed those who wait, to {node}")

    def refused(self, error: Refusal) -> None:
        raise AssertionError(f"refused: {error}")


# Nodes


async def test_an_added_node_takes_those_who_wait(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first))
    tasks = await send(gateway, "a1 a2")
    apply(gateway, nodes=(*nodes_of(gateway), NodeConfig(name="n2", url=second.url)))
    assert (await second.received()).json["n"] == "a2"
    assert (await first.received()).json["n"] == "a1"
    assert not any(task.done() for task in tasks)


async def test_a_removed_node_finishes_what_it_has_and_gets_nothing_more(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second))
    tasks = await send(gateway, "a1 a2 a3")
    going_on, other = await first.received(), await second.received()
    apply(gateway, nodes=nodes_of(gateway)[1:])
    assert gateway.states == {"n1": "draining", "n2": "busy"}
    await going_on.reply({"by": "first"})
    await eventually(lambda: gateway.states == {"n2": "busy"}, "it has left")
    await eventually(lambda: first.connections == 0, "it is hung up on")
    await other.reply()
    assert (await second.received()).json["n"] == "a3"
    assert (await tasks[0]).json == {"by": "first"}
    assert len(first.seen) == 1


async def test_an_idle_node_that_is_removed_is_gone_at_once_with_its_models(new_node: NewNode, start: Start) -> None:
    first, second = await new_node("a"), await new_node("b")
    gateway = await start(config(first, second))
    apply(gateway, nodes=nodes_of(gateway)[1:])
    assert gateway.states == {"n2": "idle"}
    assert [model["id"] for model in (await gateway.get("/v1/models")).json["data"]] == ["b"]
    assert (await gateway.post(json={"model": "a"})).status == 404
    probes = first.probes
    apply(gateway, health=Health(interval_secs=0.1))
    await eventually(lambda: second.probes > 3, "the other is asked on")
    assert first.probes == probes


async def test_those_who_wait_for_a_removed_node_wait_on_and_are_served_when_it_is_back(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    tasks = await send(gateway, "a1 b1 a2 b2")
    before = nodes_of(gateway)
    first = await node.received()
    apply(gateway, nodes=())
    await first.reply()
    await eventually(lambda: not gateway.states, "it has left")
    assert (await gateway.post()).status in {404, 503}
    assert gateway.gateway.overview().waiting == 3
    apply(gateway, nodes=before)
    assert await order_of(gateway, node, 3) == ["b1", "a2", "b2"]
    assert [(await task).status for task in tasks] == [200] * 4


async def test_a_drained_node_is_left_alone_until_it_is_resumed(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = await send(gateway, "a1 a2")
    request = await node.received()
    (plain,) = nodes_of(gateway)
    apply(gateway, nodes=(attrs.evolve(plain, drain=True),))
    (view,) = gateway.gateway.overview().nodes
    assert (view.state, view.reason, view.in_service) == ("draining", "drained by the operator", 1)
    await request.reply()
    assert (await tasks[0]).status == 200
    refused = await gateway.post()
    assert (refused.status, refused.error["code"]) == (503, "no_node_online")
    assert (await gateway.get("/readyz")).status == 503
    assert [model["id"] for model in (await gateway.get("/v1/models")).json["data"]] == ["m"]
    assert node.unread == 0
    apply(gateway, nodes=(plain,))
    assert await order_of(gateway, node, 1) == ["a2"]


async def test_a_renamed_node_goes_on_with_what_it_has_and_gets_no_second(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = await send(gateway, "a1 a2")
    request = await node.received()
    apply(gateway, nodes=(attrs.evolve(nodes_of(gateway)[0], name="other", url=node.url + "/v1"),))
    assert gateway.states == {"other": "busy"}
    await request.reply()
    await (await node.received()).reply()
    assert [(await task).status for task in tasks] == [200, 200]
    assert node.most_at_once == 1


async def test_a_node_removed_and_added_again_while_it_is_busy_gets_no_second(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    await send(gateway, "a1 a2")
    request = await node.received()
    before = nodes_of(gateway)
    apply(gateway, nodes=())
    apply(gateway, nodes=(attrs.evolve(before[0], name="again"),))
    assert gateway.states == {"again": "busy"}
    await request.reply()
    assert await order_of(gateway, node, 1) == ["a2"]
    assert node.most_at_once == 1


async def test_a_node_at_another_address_waits_until_the_old_one_has_finished(new_node: NewNode, start: Start) -> None:
    old, new = await new_node(), await new_node()
    gateway = await start(config(old))
    tasks = await send(gateway, "a1 a2")
    request = await old.received()
    apply(gateway, nodes=(NodeConfig(name="n1", url=new.url),))
    await eventually(lambda: new.probes, "the new address is asked")
    states = [(view.state, view.in_service) for view in gateway.gateway.overview().nodes]
    assert states == [("draining", 1), ("pending", 0)]
    assert new.unread == 0
    await request.reply()
    await (await new.received()).reply()
    assert [(await task).status for task in tasks] == [200, 200]
    assert gateway.states == {"n1": "idle"}


async def test_a_node_that_moves_twice_still_waits_for_where_it_was(new_node: NewNode, start: Start) -> None:
    first, second, third = await new_node(), await new_node(), await new_node()
    gateway = await start(config(first))
    await send(gateway, "a1 a2")
    request = await first.received()
    for node in (second, third):
        apply(gateway, nodes=(NodeConfig(name="n1", url=node.url),))
    await eventually(lambda: third.probes, "the newest address is asked")
    assert [(view.state, view.in_service) for view in gateway.gateway.overview().nodes] == [
        ("draining", 1),
        ("pending", 0),
    ]
    await request.reply()
    assert await order_of(gateway, third, 1) == ["a2"]


async def test_who_moved_and_moved_back_is_who_it_was(new_node: NewNode, start: Start) -> None:
    here, there = await new_node(), await new_node()
    gateway = await start(config(here))
    await send(gateway, "a1 a2")
    request = await here.received()
    before = nodes_of(gateway)
    apply(gateway, nodes=(NodeConfig(name="n1", url=there.url),))
    apply(gateway, nodes=before)
    assert gateway.states == {"n1": "busy"}
    await request.reply()
    assert await order_of(gateway, here, 1) == ["a2"]


async def test_two_nodes_where_there_was_one_do_not_wait_for_each_other(new_node: NewNode, start: Start) -> None:
    old, new = await new_node(), await new_node()
    gateway = await start(config(old))
    await send(gateway, "a1 a2")
    (before,) = nodes_of(gateway)
    apply(gateway, nodes=(NodeConfig(name="n1", url=new.url),))
    apply(gateway, nodes=(NodeConfig(name="n1", url=new.url), attrs.evolve(before, name="n2")))
    assert (await new.received()).json["n"] == "a2"


async def test_models_aliases_and_keys_of_a_node_change_in_place(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    node.auto()
    (plain,) = nodes_of(gateway)
    apply(gateway, nodes=(attrs.evolve(plain, models=("x",), aliases={"y": "x"}, api_key="sk-node"),))
    assert (await gateway.post()).status == 404
    assert (await gateway.post(json={"model": "y"})).status == 200
    assert (node.seen[-1].json["model"], node.seen[-1].header("authorization")) == ("x", "Bearer sk-node")
    apply(gateway, nodes=(plain,))
    assert (await gateway.post()).status == 200
    assert node.seen[-1].header("authorization") is None


async def test_the_page_and_the_models_follow_the_order_of_the_file(new_node: NewNode, start: Start) -> None:
    gateway = await start(config(await new_node(), await new_node(), await new_node()))
    apply(gateway, nodes=nodes_of(gateway)[::-1])
    assert list(gateway.states) == ["n3", "n2", "n1"]


async def test_nodes_found_on_this_machine_stay_until_some_are_configured(node: ScriptedNode, start: Start) -> None:
    gateway = await start(Config(server=Server(locale="en")))
    gateway.gateway.fleet.add(NodeConfig(name="found", url=node.url))
    apply(gateway, queue=Queue(max_size=7))
    assert list(gateway.states) == ["found"]
    apply(gateway, nodes=(NodeConfig(name="written", url="http://127.0.0.1:1"),))
    assert list(gateway.states) == ["written"]


async def test_one_that_moved_and_was_renamed_is_not_forgotten_when_another_takes_its_name(
    new_node: NewNode, start: Start
) -> None:
    first, second, third = await new_node(), await new_node(), await new_node()
    gateway = await start(config(first))
    tasks = await send(gateway, "a1 a2 a3")
    request = await first.received()
    apply(gateway, nodes=(NodeConfig(name="n1", url=second.url),))
    apply(gateway, nodes=(NodeConfig(name="n2", url=second.url), NodeConfig(name="n1", url=third.url)))
    await eventually(lambda: second.probes and third.probes, "both are asked")
    await request.reply()
    await (await second.received()).reply()
    await (await third.received()).reply()
    assert [(await task).status for task in tasks] == [200] * 3


async def test_who_waits_for_a_node_not_heard_of_yet_may_wait_for_the_one_in_its_place(
    new_node: NewNode, start: Start
) -> None:
    silent, other = await new_node(), await new_node()
    silent.hang_probes = other.hang_probes = True
    gateway = await start(config(silent), ready=0)
    (task,) = await send(gateway, "a1")
    apply(gateway, nodes=(NodeConfig(name="n2", url=other.url),))
    other.hang_probes = False
    apply(gateway, health=Health(interval_secs=0.1))
    other.auto()
    assert (await task).status == 200


async def test_a_node_by_the_name_of_one_that_failed_and_is_gone_is_another(new_node: NewNode, start: Start) -> None:
    bad, busy, good = await new_node(), await new_node(), await new_node()
    gateway = await start(config(bad, busy))
    tasks = await send(gateway, "a1 a2")
    failing = await bad.received()
    await busy.received()
    await failing.reply(status=500)
    await gateway.waiting(1)
    only = nodes_of(gateway)[1:]
    apply(gateway, nodes=only)
    apply(gateway, nodes=(*only, NodeConfig(name="n1", url=good.url)))
    await (await good.received()).reply()
    assert (await tasks[0]).status == 200


async def test_patience_with_a_silent_reply_counts_on_a_kept_connection_too(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    await (await node.received()).reply()
    await task
    opened = node.opened
    apply(gateway, upstream=Upstream(idle_timeout_secs=3))
    opening = gateway.open()
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.event({"choices": []})
    response = await opening
    assert node.opened == opened
    clock.advance(4)
    await gateway.state("n1", "offline")
    response.close()


async def test_an_alias_that_goes_while_the_node_is_being_connected_to_still_holds(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = NodeConfig(name="n1", url=node.url, aliases={"y": "m"})
    gateway = await start(config(plain))
    node.auto()
    (member,) = gateway.gateway.fleet
    serve = member.dispatcher.serve

    def serve_and_apply(exchange: Exchange) -> None:
        serve(exchange)
        apply(gateway, nodes=(attrs.evolve(plain, aliases={}),))

    monkeypatch.setattr(member.dispatcher, "serve", serve_and_apply)
    assert (await gateway.post(json={"model": "y"})).status == 200
    assert node.seen[0].json["model"] == "m"


async def test_who_comes_in_the_moment_a_node_gets_a_model_passes_nobody_who_waits_for_it(
    new_node: NewNode, start: Start
) -> None:
    first, second = await new_node("m"), await new_node("other")
    gateway = await start(config(first, second))
    await send(gateway, "a1 a2")
    (key,) = gateway.gateway.turns.snapshot().waiting_by_key
    late = Late(Ticket("late", key, "m", gateway.gateway.clock.now()))
    apply(gateway, nodes=(nodes_of(gateway)[0], attrs.evolve(nodes_of(gateway)[1], models=("m",))))
    gateway.gateway.turns.submit(late.ticket, late)
    assert late.place is not None
    assert (await second.received()).json["n"] == "a2"
    gateway.gateway.turns.withdraw(late.ticket)


async def test_a_drained_node_that_may_still_compute_rests_before_it_is_used_again(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    plain = NodeConfig(name="n1", url=node.url, drain_after_cancel_secs=30)
    gateway = await start(config(plain), clock)
    task = await gateway.arrive()
    await node.received()
    apply(gateway, nodes=(attrs.evolve(plain, drain=True),))
    task.cancel()
    await eventually(lambda: gateway.gateway.overview().processing == 0, "it is hung up on")
    apply(gateway, nodes=(plain,))
    assert gateway.states == {"n1": "resting"}


async def test_a_removed_node_that_may_still_compute_counts_as_busy(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    node, other = await new_node(), await new_node()
    plain = NodeConfig(name="n1", url=node.url, drain_after_cancel_secs=30)
    gateway = await start(config(plain), clock)
    task = await gateway.arrive()
    await node.received()
    apply(gateway, nodes=())
    task.cancel()
    await eventually(lambda: gateway.gateway.overview().processing == 0, "it is hung up on")
    assert gateway.states == {"n1": "draining"}
    apply(gateway, nodes=(attrs.evolve(plain, name="again"),))
    assert gateway.states == {"again": "resting"}
    apply(gateway, nodes=(NodeConfig(name="again", url=other.url),))
    await eventually(lambda: other.probes, "the new address is asked")
    assert [view.state for view in gateway.gateway.overview().nodes] == ["draining", "pending"]
    clock.advance(30)
    await eventually(lambda: gateway.states == {"again": "idle"}, "it has left")


async def test_another_rhythm_does_not_put_off_first_probes(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    nodes = [await new_node() for _ in range(24)]
    gateway = await start(config(nodes[0]), clock)
    apply(gateway, nodes=config(*nodes).nodes)
    await eventually(lambda: nodes[1].probes, "the first are asked")
    assert not nodes[-1].probes
    apply(gateway, health=Health(interval_secs=300))
    clock.advance(1)
    await eventually(lambda: all(node.probes for node in nodes), "all are asked")


async def test_a_node_never_heard_of_whose_models_are_no_longer_written_down_may_have_any(start: Start) -> None:
    plain = NodeConfig(name="n1", url="http://127.0.0.1:1", models=("m",))
    gateway = await start(config(plain), ready=0)
    await gateway.state("n1", "offline")
    assert (await gateway.post()).status == 503
    apply(gateway, nodes=(attrs.evolve(plain, models=()),))
    assert (await gateway.post()).status == 503


# Keys, queue and fairness


async def test_keys_come_and_go_and_who_waits_is_not_asked_again(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB)))
    tasks = await send(gateway, "a1 b1")
    apply(gateway, api_keys=(BOB, KeyConfig(name="carol", key="sk-c")))
    assert (await gateway.post(key="sk-a")).status == 401
    node.auto()
    assert [(await task).status for task in tasks] == [200, 200]
    assert (await gateway.post(key="sk-c")).status == 200
    metrics = (await gateway.get("/metrics")).body.decode()
    assert 'llmlb_key_requests_total{key="carol",outcome="served"} 1.0' in metrics
    assert 'key="alice"' not in metrics
    apply(gateway, api_keys=())
    assert (await gateway.post()).status == 200


async def test_other_weights_count_for_those_who_wait(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB), fairness=Fairness(cost="request")))
    await send(gateway, "a1 a2 a3 a4 a5 b1 b2 b3")
    apply(gateway, api_keys=(ALICE, attrs.evolve(BOB, weight=3.0)))
    served = await order_of(gateway, node, 8)
    assert served.index("b3") < served.index("a3")
    assert [name for name in served if name[0] == "a"] == ["a1", "a2", "a3", "a4", "a5"]
    assert [name for name in served if name[0] == "b"] == ["b1", "b2", "b3"]


async def test_fairness_is_switched_on_and_off_for_those_who_wait(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(enable_fairness=False)))
    await send(gateway, "a1 a2 a3 b1 b2")
    apply(gateway, queue=Queue(enable_fairness=True))
    assert await order_of(gateway, node, 5) == ["a1", "b1", "a2", "b2", "a3"]
    await send(gateway, "a1 a2 a3 b1 b2")
    apply(gateway, queue=Queue(enable_fairness=False))
    assert await order_of(gateway, node, 5) == ["a1", "a2", "a3", "b1", "b2"]


@pytest.mark.parametrize("cost", ["request", "tokens"])
async def test_another_unit_of_cost_drops_and_mixes_up_nobody(cost: Cost, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    tasks = await send(gateway, "a1 a2 a3 b1 b2 c1")
    apply(gateway, fairness=Fairness(cost=cost, quantum=3.0))
    served = await order_of(gateway, node, 6)
    assert sorted(served) == ["a1", "a2", "a3", "b1", "b2", "c1"]
    for key in "ab":
        mine = [name for name in served if name[0] == key]
        assert mine == sorted(mine)
    assert {(await task).status for task in tasks} == {200}


async def test_a_smaller_queue_turns_nobody_out_and_a_larger_one_takes_more(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, queue=Queue(max_size=3)))
    await send(gateway, "a1 a2 a3 a4")
    apply(gateway, queue=Queue(max_size=1))
    assert gateway.gateway.overview().waiting == 3
    assert (await gateway.post()).status == 429
    apply(gateway, queue=Queue(max_size=4))
    await send(gateway, "b1")
    assert gateway.gateway.overview().waiting == 4
    apply(gateway, queue=Queue(max_size=9, max_per_key=1))
    assert (await gateway.post(key="sk-b")).status == 429
    assert gateway.gateway.overview().waiting == 4


async def test_another_timeout_is_for_those_who_come(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, queue=Queue(timeout_secs=30)), clock)
    await send(gateway, "a1 a2")
    apply(gateway, queue=Queue(timeout_secs=5))
    await send(gateway, "a3")
    clock.advance(5)
    await gateway.waiting(1)
    clock.advance(25)
    await gateway.waiting(0)


async def test_a_size_of_service_that_is_assumed_counts_from_then_on(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    await send(gateway, "a1")
    apply(gateway, fairness=Fairness(default_service_secs=40))
    tasks = await send(gateway, "a2 a3")
    node.auto()
    assert [int((await task).headers["X-Estimated-Wait"]) for task in tasks] == [10, 50]


async def test_limits_of_nodes_and_bodies_count_for_those_who_come(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    apply(
        gateway,
        upstream=Upstream(reply_timeout_secs=7),
        server=Server(locale="en", body_limit=2000, waiting_bytes=1500),
    )
    assert (await gateway.post(data=b" " * 3000)).status == 413
    assert (await gateway.post(data=b" " * 1800)).status == 429
    task = await gateway.arrive()
    await node.received()
    clock.advance(8)
    assert (await task).error["code"] == "node_timeout"


async def test_what_needs_a_restart_is_said_and_stays(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    port = gateway.gateway.config.server.port
    assert apply(gateway, server=Server(host="127.0.0.9", port=1, locale="ja")) == ("server.host", "server.port")
    assert gateway.gateway.config.server == Server(port=port, locale="ja")
    assert (await gateway.post(json={})).error["message"] == "modelを文字列で指定してください。"
    assert apply(gateway, server=gateway.gateway.config.server) == ()
