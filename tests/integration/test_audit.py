"""The self-audit of a whole gateway: it holds through everything, and a broken one shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llmlb.testing import ManualClock
from tests.integration.bench import config
from tests.integration.conftest import NewNode, Start


async def test_all_adds_up_through_service_waiting_failure_and_leaving(new_node: NewNode, start: Start) -> None:
    first, second = await new_node(), await new_node()
    gateway = await start(config(first, second))
    audit = gateway.gateway.audit
    tasks = [await gateway.arrive() for _ in range(5)]
    assert audit.now() == ()
    (await first.received()).reset()
    await (await second.received()).start(length=10, first=b"12345")
    assert audit.now() == ()
    tasks[4].cancel()
    await gateway.waiting(3)
    assert audit.now() == ()
    first.auto()
    second.refuse()
    assert audit.now() == ()
    second.auto()
    await second.listen_again()
    await gateway.quiet()
    assert audit.now() == ()
    assert gateway.gateway.bodies.held == 0


async def test_a_lost_slot_shows_in_metrics_and_log(
    new_node: NewNode, start: Start, clock: ManualClock, log: Callable[[], list[dict[str, Any]]]
) -> None:
    node = await new_node()
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    request = await node.received()
    (member,) = gateway.gateway.fleet
    exchange, member.dispatcher.exchange = member.dispatcher.exchange, None
    clock.advance(1)
    member.dispatcher.exchange = exchange
    assert 'llmlb_audit_failures_total{check="slots"} 1.0' in (await gateway.get("/metrics")).body.decode()
    (line,) = [line for line in log() if line["event"] == "audit failed"]
    assert (line["level"], line["owner"]) == ("error", "node n1")
    await request.reply()
    assert (await task).status == 200
