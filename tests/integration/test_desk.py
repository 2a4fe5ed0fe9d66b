"""What the operator sees of a running gateway: every field of the desk, in scenes that are made for them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, closing
from typing import Any

import attrs
import pytest

from llmlb.config.model import Fairness, KeyConfig, NodeConfig, Queue
from llmlb.gateway import desk as bounds
from llmlb.gateway.desk import AbleNode, Desk, KeyView, NodeCard, RequestView
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import STEPS
from llmlb.telemetry.usage import NO_USAGE
from llmlb.testing import ManualClock, ScriptedNode, eventually, settle
from tests.integration.bench import Answer, Bench, config
from tests.integration.conftest import NewNode, Start
from tests.integration.test_slow_clients import slow_client

NOWHERE = NodeConfig(name="n3", url="http://127.0.0.1:1", models=("m",))
"""Nothing listens there; what it serves is written down."""
ALICE = KeyConfig(name="alice", key="secret-of-alice", weight=2)
BOB = KeyConfig(name="bob", key="secret-of-bob", max_waiting=7)
EVE = KeyConfig(name="eve", key="secret-of-eve", disabled=True)


async def come(gateway: Bench, key: str, id: str, model: str = "m", **body: Any) -> asyncio.Task[Answer]:
    """A request of the key with this secret arrives."""
    return await gateway.arrive(key=key, json={"model": model, **body}, headers={"X-Request-Id": id})


def waiting(desk: Desk) -> list[tuple[str, int | None, float | None]]:
    return [(view.id, view.position, view.wait) for view, _ in desk.waiting]


def before(desk: Desk) -> dict[str, dict[str, int]]:
    return {view.id: dict(why.before) for view, why in desk.waiting}


def able(desk: Desk, id: str) -> dict[str, AbleNode]:
    (why,) = [why for view, why in desk.waiting if view.id == id]
    assert why.nodes_more == 0
    return {node.name: node for node in why.nodes}


def key(desk: Desk, name: str) -> KeyView:
    (view,) = [view for view in desk.keys if view.name == name]
    return view


def node(desk: Desk, name: str) -> NodeCard:
    (card,) = [card for card in desk.nodes if card.name == name]
    return card


def about(value: float) -> Any:
    return pytest.approx(value)


@attrs.frozen
class Scene:
    """Two keys wait for `m` behind a request of alice, 5 s old; bob has one of `other` in service, 1 s old."""

    gateway: Bench
    nodes: tuple[ScriptedNode, ScriptedNode]
    clock: ManualClock
    tasks: dict[str, asyncio.Task[Answer]]

    @property
    def desk(self) -> Desk:
        return self.gateway.gateway.desk()


@pytest.fixture
async def scene(new_node: NewNode, start: Start, clock: ManualClock) -> Scene:
    nodes = await new_node("m"), await new_node("other")
    settings = config(
        *nodes, NOWHERE, keys=(ALICE, BOB, EVE), queue=Queue(max_per_key=9), fairness=Fairness(cost="request")
    )
    gateway = await start(settings, clock, ready=2)
    await gateway.state("n3", "offline")
    tasks = {"a1": await come(gateway, ALICE.key, "a1")}
    clock.advance(2)
    for name in ("a2", "a3"):
        tasks[name] = await come(gateway, ALICE.key, name)
    clock.advance(2)
    tasks["b1"] = await come(gateway, BOB.key, "b1")
    tasks["b2"] = await come(gateway, BOB.key, "b2", "other")
    clock.advance(1)
    return Scene(gateway, nodes, clock, tasks)


async def test_the_desk_as_a_whole(scene: Scene) -> None:
    desk = scene.desk
    assert desk.at == scene.clock.wall()
    assert (desk.unit, desk.fair) == ("request", True)
    assert desk.overview == scene.gateway.gateway.overview()
    assert (desk.keys_more, desk.nodes_more, desk.running_more, desk.waiting_more) == (0, 0, 0, 0)
    assert [card.name for card in desk.nodes] == ["n1", "n2", "n3"]


async def test_a_request_in_service(scene: Scene) -> None:
    first, second = scene.desk.running
    size = len(b'{"model":"m"}') + 1
    assert first == RequestView(
        id="a1", key="alice", model="m", path="/v1/chat/completions", size=size, attempts=1, since=5.0, stage="serving",
        node="n1", node_done=False, position=None, wait=None, told_position=None, told_wait=None, timeout_in=None,
    )  # fmt: skip
    assert (second.id, second.key, second.model, second.node, second.since) == ("b2", "bob", "other", "n2", 1.0)


async def test_requests_that_wait(scene: Scene) -> None:
    desk = scene.desk
    assert waiting(desk) == [("b1", 1, 5.0), ("a2", 2, 15.0), ("a3", 3, 25.0)]
    (view, _) = desk.waiting[1]
    size = len(b'{"model":"m"}') + 1
    assert view == RequestView(
        id="a2", key="alice", model="m", path="/v1/chat/completions", size=size, attempts=0, since=3.0, stage="waiting",
        node=None, node_done=False, position=2, wait=15.0, told_position=1, told_wait=8, timeout_in=57.0,
    )  # fmt: skip


async def test_why_a_request_waits(scene: Scene) -> None:
    desk = scene.desk
    assert before(desk) == {"b1": {}, "a2": {"bob": 1}, "a3": {"bob": 1, "alice": 1}}
    busy = AbleNode(
        id="n1", name="n1", state="busy", since=5.0, reason="", key="alice", tried=False, model="has"
    )  # fmt: skip
    for id in ("b1", "a2", "a3"):
        nodes = able(desk, id)
        assert list(nodes) == ["n1", "n3"], "n2 serves another model"
        assert nodes["n1"] == busy
        assert (nodes["n3"].state, nodes["n3"].reason, nodes["n3"].key) == ("offline", "connection refused", None)
        assert nodes["n3"].since == 5.0


async def test_the_keys(scene: Scene) -> None:
    desk = scene.desk
    assert [view.name for view in desk.keys] == ["alice", "bob", "eve"]
    assert key(desk, "alice") == KeyView(
        name="alice", configured=True, disabled=False, weight=2.0, max_waiting=0, waiting=2, in_service=1,
        share=about(5 / 6), due=about(2 / 3), debt=about(key(desk, "alice").debt),
        usage=NO_USAGE,
    )  # fmt: skip
    assert key(desk, "bob") == KeyView(
        name="bob", configured=True, disabled=False, weight=1.0, max_waiting=7, waiting=1, in_service=1,
        share=about(1 / 6), due=about(1 / 3), debt=0.0, usage=NO_USAGE,
    )  # fmt: skip
    assert key(desk, "alice").debt > 0, "it was served first, and bob waits"
    assert key(desk, "eve") == KeyView(
        name="eve", configured=True, disabled=True, weight=1.0, max_waiting=0, waiting=0, in_service=0,
        share=0.0, due=0.0, debt=0.0, usage=NO_USAGE,
    )  # fmt: skip


async def test_the_nodes(scene: Scene) -> None:
    desk = scene.desk
    card = node(desk, "n1")
    assert card == NodeCard(
        id="n1", name="n1", url=scene.nodes[0].url, kind=card.kind, models=("m",), models_more=0, state="busy",
        reason="", since=5.0, drained=False, in_file=True, request="a1", key="alice", failures=0, usage=NO_USAGE,
        history=card.history,
    )  # fmt: skip
    assert card.kind
    assert len(card.history) == STEPS
    assert card.history[-1] == {"busy": 1.0}
    assert (node(desk, "n2").request, node(desk, "n2").key, node(desk, "n2").models) == ("b2", "bob", ("other",))
    offline = node(desk, "n3")
    assert (offline.state, offline.reason, offline.request, offline.key) == (
        "offline", "connection refused", None, None,
    )  # fmt: skip
    assert (offline.models, offline.kind, offline.in_file) == (("m",), "", True)


async def test_what_is_over_is_the_usage_of_its_key_and_its_node(scene: Scene) -> None:
    for one in scene.nodes:
        one.auto()
    await scene.gateway.quiet()
    desk = scene.desk
    assert (desk.running, desk.waiting) == ((), ())
    alice, n1 = key(desk, "alice"), node(desk, "n1")
    assert alice.usage.outcomes[Outcome.SERVED] == 3
    assert n1.usage.outcomes[Outcome.SERVED] == 4
    assert (alice.usage.node_seconds, n1.usage.node_seconds) == (5.0, 5.0)
    assert (alice.share, alice.due) == (about(5 / 6), about(2 / 3))
    assert n1.usage.service_mean == about(5 / 4)
    assert (n1.state, n1.request, n1.key) == ("idle", None, None)
    scene.clock.advance(400)
    late = key(scene.desk, "alice")
    assert (late.share, late.due) == (0.0, 0.0), "it neither waits nor had any of the past five minutes"
    assert late.usage.outcomes[Outcome.SERVED] == 3


async def test_one_whose_node_has_finished_and_whose_client_still_reads(
    node: ScriptedNode, start: Start, clock: ManualClock, stack: AsyncExitStack
) -> None:
    """It is not on its node any more, which has the next request by then."""
    gateway = await start(config(node), clock)
    stack.enter_context(closing(await slow_client(gateway)))
    request = await node.received()
    await gateway.arrive(key="next", headers={"X-Request-Id": "next"})
    await request.start(headers={"Content-Type": "application/octet-stream"}, chunked=True)
    (member,) = gateway.gateway.fleet
    exchange = member.dispatcher.exchange
    assert exchange is not None
    while not exchange.held:  # all buffers on the way to the client are full, and the gateway begins to hold it
        await request.send(b"x" * 16_384)
        await settle()
    clock.advance(3)
    (view,) = gateway.gateway.desk().running
    assert (view.key, view.stage, view.node, view.node_done, view.since) == ("-", "relaying", "n1", False, 3.0)
    (card,) = gateway.gateway.desk().nodes
    assert (card.request, card.key) == (view.id, "-")
    await request.end()
    await eventually(lambda: len(gateway.gateway.desk().running) == 2, "the node has the next one")
    clock.advance(2)
    first, second = gateway.gateway.desk().running
    assert (first.id, first.stage, first.node, first.node_done, first.since) == (
        view.id, "relaying", "n1", True, 5.0,
    )  # fmt: skip
    assert (second.id, second.stage, second.node, second.node_done) == ("next", "serving", "n1", False)
    desk = gateway.gateway.desk()
    assert (desk.nodes[0].request, desk.nodes[0].key) == ("next", second.key)
    assert key(desk, second.key).in_service == 1
    assert key(desk, "-").in_service == 0, "on nodes"


async def test_a_request_that_a_node_has_failed(new_node: NewNode, start: Start, clock: ManualClock) -> None:
    """It waits for the other node, which is busy, and says which one it has tried."""
    nodes = await new_node(), await new_node()
    gateway = await start(config(*nodes), clock)
    await come(gateway, "A", "a1")
    await come(gateway, "A", "a2")
    await come(gateway, "B", "b1")
    first, second = [await one.received() for one in nodes]
    clock.advance(2)
    await second.reply()
    request = await nodes[1].received()
    clock.advance(3)
    await request.reply({"error": "oops"}, 500)
    await gateway.waiting(1)
    clock.advance(1)
    desk = gateway.gateway.desk()
    ((view, why),) = desk.waiting
    assert (view.id, view.attempts, view.node, view.stage) == ("b1", 1, "n2", "waiting")
    assert view.since == 2 + 1, "both its waits, without the service between them"
    assert (view.position, view.told_position, view.timeout_in) == (1, 1, 57.0)
    assert [(one.name, one.tried, one.key is not None) for one in why.nodes] == [
        ("n1", False, True), ("n2", True, False),
    ]  # fmt: skip
    assert (node(desk, "n1").failures, node(desk, "n2").failures) == (0, 1)
    assert not first.is_gone


async def test_one_for_a_model_whose_only_node_is_gone_has_no_place_and_says_so(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    nodes = await new_node("m"), await new_node("rare")
    gateway = await start(config(*nodes), clock)
    await come(gateway, "A", "a1", "rare")
    await come(gateway, "A", "a2", "rare")
    await come(gateway, "B", "b1", "m")
    await come(gateway, "B", "b2", "m")
    nodes[1].refuse()
    (await nodes[1].received()).reset()
    await gateway.state("n2", "offline")
    desk = gateway.gateway.desk()
    assert [(view.id, view.position) for view, _ in desk.waiting] == [("b2", 1), ("a2", None)]
    assert before(desk)["a2"] == {}
    assert [(one.name, one.state, one.model) for one in able(desk, "a2").values()] == [("n2", "offline", "has")]


async def test_drained_by_the_operator_and_found_on_this_machine(node: ScriptedNode, start: Start) -> None:
    drained = NodeConfig(name="n1", url=node.url, drain=True)
    gateway = await start(config(drained), ready=0)
    await gateway.state("n1", "draining")
    (card,) = gateway.gateway.desk().nodes
    assert (card.drained, card.in_file, card.reason) == (True, True, "drained by the operator")
    gateway.gateway.config = attrs.evolve(gateway.gateway.config, nodes=())
    (card,) = gateway.gateway.desk().nodes
    assert not card.in_file


async def test_a_node_that_is_no_longer_configured_finishes_what_it_has(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    first, second = await new_node(), await new_node()
    settings = config(first, second)
    gateway = await start(settings, clock)
    await come(gateway, "A", "a1")
    gateway.gateway.apply(attrs.evolve(settings, nodes=settings.nodes[1:]))
    card = node(gateway.gateway.desk(), "n1")
    assert (card.state, card.reason, card.request) == ("draining", "removed: finishing what it has", "a1")
    assert (card.in_file, card.drained) == (False, False)


async def test_keys_that_nobody_configured_are_told_apart(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    await gateway.arrive(key="made up")
    await gateway.arrive(key="another")
    await gateway.arrive()
    clock.advance(4)
    desk = gateway.gateway.desk()
    shares = {view.name: (view.share, view.due, view.waiting, view.in_service) for view in desk.keys}
    (first, second) = sorted(name for name in shares if name.startswith("anonymous-"))
    third = about(1 / 3)
    assert sorted(shares.values()) == [(0.0, third, 1, 0), (0.0, third, 1, 0), (1.0, third, 0, 1)]
    assert set(shares) == {first, second, "-"}
    assert not any(view.configured or view.disabled or view.max_waiting for view in desk.keys)
    node.auto()
    await gateway.quiet()
    over = {view.name: view.share for view in gateway.gateway.desk().keys}
    assert sorted(over.values()) == [0.0, 0.0, 1.0]


async def test_what_is_looked_for_is_found_wherever_it_is(scene: Scene) -> None:
    gateway = scene.gateway.gateway
    for number in range(5):
        await come(scene.gateway, BOB.key, f"Deep-{number}")

    def found(find: str) -> tuple[list[str], list[str]]:
        desk = gateway.desk(find)
        return [view.id for view in desk.running], [view.id for view, _ in desk.waiting]

    assert found("deep-3") == ([], ["Deep-3"])
    assert found("ALICE") == (["a1"], ["a2", "a3"])
    assert found("other") == (["b2"], [])
    assert found("nothing") == ([], [])
    whole = {view.id: (view, why) for view, why in gateway.desk().waiting}
    ((view, why),) = gateway.desk("Deep-3").waiting
    assert (view, why) == whole["Deep-3"]
    assert sum(dict(why.before).values()) == (view.position or 0) - 1


async def test_more_than_are_listed_of_what_is_looked_for_are_counted(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("desk_requests", "desk"):
        monkeypatch.setattr(f"llmlb.gateway.{module}.MOST_REQUESTS", 2)
    for number in range(4):
        await come(scene.gateway, BOB.key, f"b{number + 3}")
    desk = scene.gateway.gateway.desk("bob")
    assert [view.id for view, _ in desk.waiting] == ["b1", "b3"]
    assert (desk.waiting_more, desk.running_more) == (3, 0)
    (last,) = scene.gateway.gateway.desk("b6").waiting
    assert last[0].position == 7
    assert dict(last[1].before) == {"alice": 2, "bob": 4}


async def test_long_lists_are_cut_and_counted(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the waiting ones some that nobody can serve stay in sight."""
    for module in ("desk_requests", "desk_keys", "desk_nodes", "gateway"):
        for name, most in {"REQUESTS": 3, "STUCK": 1, "KEYS": 2, "NODES": 2, "ABLE": 1}.items():
            monkeypatch.setattr(f"llmlb.gateway.{module}.MOST_{name}", most, raising=False)
    assert bounds.MOST_REQUESTS == 100
    await come(scene.gateway, BOB.key, "o1", "other")
    await come(scene.gateway, BOB.key, "o2", "other")
    (await scene.nodes[1].received()).reset()
    await scene.gateway.state("n2", "offline")
    desk = scene.desk
    assert [(view.id, view.position) for view, _ in desk.waiting] == [("b1", 1), ("a2", 2), ("o1", None)]
    assert desk.waiting_more == 2
    assert [card.name for card in desk.nodes] == ["n2", "n3"], "those in trouble"
    assert (desk.nodes_more, desk.keys_more) == (1, 1)
    assert [view.name for view in desk.keys] == ["alice", "bob"]
    (_, why) = desk.waiting[0]
    assert ([one.name for one in why.nodes], why.nodes_more) == (["n1"], 1)
