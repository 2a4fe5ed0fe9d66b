"""A request that had a place in the queue, and then another took it."""

from __future__ import annotations

import pytest

from llmlb.config.model import Queue
from llmlb.errors import Draining, QueueFull
from llmlb.gateway.stage import Stage
from llmlb.nodes.end import End, EndKind
from llmlb.telemetry.record import Outcome
from llmlb.testing import settle
from tests.unit.gateway.stand import FAULT, Stand


async def test_who_is_pushed_out_of_a_full_queue_is_refused_and_nothing_of_it_is_left() -> None:
    house = Stand("n", queue=Queue(max_size=2, when_full="push_out"))
    await house.enter("a")
    await house.enter("a")
    visit, task = await house.enter("a")
    house.clock.advance(7)
    newcomer, _ = await house.enter("b")
    refusal = await task
    assert isinstance(refusal, QueueFull)
    assert (newcomer.stage, visit.stage, house.counts) == (Stage.WAITING, Stage.OVER, (2, 1))
    (record,) = house.records
    assert (record.outcome, record.waited, record.position, record.reached_node) == (Outcome.REJECTED, 7, 2, False)
    house.clock.advance(53)
    assert record.outcome is Outcome.REJECTED, "its deadline passes unnoticed"


@pytest.mark.parametrize("event", ["cancel", "deadline", "refusal"])
async def test_who_is_pushed_out_is_rejected_once_whatever_falls_into_the_same_loop_turn(event: str) -> None:
    house = Stand("n", queue=Queue(max_size=2, when_full="push_out"))
    for _ in range(2):
        await house.enter("a")
    visit, task = await house.enter("a")
    newcomer = house.visit("b")
    newcomer.begin()
    match event:
        case "cancel":
            task.cancel()
        case "deadline":
            house.clock.advance(60)
        case "refusal":
            visit.refuse(Draining())
    await settle()
    assert task.done()
    assert house.outcome(visit) is Outcome.REJECTED
    assert house.counts == ((0, 1) if event == "deadline" else (2, 1))
    newcomer.close()
    assert house.outcome(newcomer) is (Outcome.TIMED_OUT if event == "deadline" else Outcome.CANCELLED)


async def test_a_request_that_its_node_gave_back_may_be_pushed_out() -> None:
    house = Stand("n1", "n2", queue=Queue(max_size=1, when_full="push_out"))
    await house.enter("a")
    visit, task = await house.enter("a")
    for node, end in zip(house.nodes.values(), (FAULT, End(EndKind.BUSY, "HTTP 503")), strict=True):
        node.up = False
        node.end(end)
    house.clock.advance(2)
    await house.enter("b")
    assert isinstance(await task, QueueFull)
    (record,) = house.records
    assert (record.id, record.outcome, record.waited, record.attempts) == (visit.id, Outcome.REJECTED, 2, 1)
    assert house.counts == (2, 0)
