"""The past hour of a whole gateway: what is drawn of it, by time, by key and by node (O5, O1)."""

from __future__ import annotations

import attrs

from llmlb.config.model import KeyConfig, NodeConfig, Queue
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import STEP_SECS
from llmlb.telemetry.usage import NO_USAGE
from llmlb.testing import ManualClock, eventually
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start

ALICE, BOB = KeyConfig(name="alice", key="sk-A"), KeyConfig(name="bob", key="sk-B")


async def test_what_happens_to_requests_shows_by_time_by_key_and_by_node(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    node = await new_node()
    settings = config(node, keys=(ALICE, BOB), queue=Queue(max_size=1, timeout_secs=60))
    gateway = await start(settings, clock)
    hub = gateway.gateway
    (member,) = hub.fleet
    first = await gateway.arrive(key="sk-A")
    held = await node.received()
    second = await gateway.arrive(key="sk-B")
    assert (await gateway.post(key="sk-B")).status == 429
    await clock.run_for(10.0)
    step = hub.timeline.steps()[-1]
    assert (step.waiting, step.most_waiting, step.in_service) == (1.0, 1, 1.0)
    assert "busy" in hub.node_history.columns(member.node.id)[-1]

    await held.reply()
    assert (await first).status == 200
    after = await node.received()
    await clock.run_for(5.0)
    await after.reply()
    assert (await second).status == 200
    await eventually(lambda: hub.outcomes[Outcome.SERVED] == 2, "two are over")

    total = dict.fromkeys(Outcome, 0)
    for step in hub.timeline.steps():
        for outcome, count in step.outcomes.items():
            total[outcome] += count
    assert total == {**dict.fromkeys(Outcome, 0), Outcome.SERVED: 2, Outcome.REJECTED: 1}
    alice, bob = hub.by_key.of("alice"), hub.by_key.of("bob")
    assert (alice.node_seconds, bob.node_seconds) == (10.0, 5.0)
    assert (alice.wait_p50, alice.outcomes[Outcome.SERVED]) == (0.0, 1)
    assert (bob.outcomes[Outcome.SERVED], bob.outcomes[Outcome.REJECTED]) == (1, 1)
    assert bob.wait_p50 is not None
    assert 9.5 <= bob.wait_p50 <= 10.5
    served_here = hub.by_node.of(member.node.name)
    assert (served_here.outcomes[Outcome.SERVED], served_here.service_mean) == (2, 7.5)
    assert hub.by_node.names() == (member.node.name,), "who was refused reached none"


async def test_a_request_that_failed_on_a_node_counts_under_the_one_that_served_it(
    new_node: NewNode, start: Start
) -> None:
    bad, good = await new_node(), await new_node()
    gateway = await start(config(bad, good))
    bad.auto({"error": "no"}, status=500)
    good.auto()
    for _ in range(2):
        assert (await gateway.post()).status == 200
    await gateway.quiet()
    by_name = {member.node.name: member.node for member in gateway.gateway.fleet}
    failed, served = by_name["n1"], by_name["n2"]
    assert failed.failures_past_hour() >= 1
    assert served.failures_past_hour() == 0
    assert gateway.gateway.by_node.of("n1") == NO_USAGE
    assert gateway.gateway.by_node.of("n2").outcomes[Outcome.SERVED] == 2


async def test_how_a_node_was_shows_in_its_history(new_node: NewNode, start: Start, clock: ManualClock) -> None:
    settings = config(NodeConfig(name="n1", url=(await new_node()).url))
    gateway = await start(settings, clock)
    hub = gateway.gateway
    (member,) = hub.fleet
    (node,) = settings.nodes
    for drain in (False, True, False):
        hub.apply(attrs.evolve(settings, nodes=(attrs.evolve(node, drain=drain),)))
        await clock.run_for(2 * STEP_SECS)
    told = [column for column in hub.node_history.columns(member.node.id) if column]
    assert {"idle": 1.0} in told
    assert {"draining": 1.0} in told
    assert set().union(*told) == {"idle", "draining"}


async def test_nothing_looks_any_more_once_the_gateway_is_closed(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(await new_node()), clock)
    hub = gateway.gateway
    await clock.run_for(2.0)
    assert hub.timeline.steps()[-1].seen
    hub.close()
    await clock.run_for(2 * STEP_SECS)
    assert not hub.timeline.steps()[-1].seen
