"""One request from entry to outcome: every event in every order, and nothing lost."""

from __future__ import annotations

from itertools import permutations

import pytest

from llmlb.config.model import Queue, Upstream
from llmlb.errors import Draining, NodeFailed, NodesUnreachable, NodeTimeout, QueueFull, QueueTimeout, Refusal
from llmlb.gateway.stage import MOVES, Stage
from llmlb.gateway.visit import ReplyBroken
from llmlb.nodes.end import End, EndKind
from llmlb.telemetry.record import Outcome
from llmlb.testing import settle
from tests.unit.gateway.stand import FAULT, Stand

EVENTS = ("cancel", "deadline", "refusal", "grant")
ORDERS = [order for size in range(1, 5) for order in permutations(EVENTS, size)]


def expected(order: tuple[str, ...]) -> Outcome | None:
    """By the rule that the first outcome is the outcome; a cancelled task only hears of it in the next turn."""
    granted = False
    for event in order:
        granted = granted or event == "grant"
        if event == "deadline" and not granted:
            return Outcome.TIMED_OUT
        if event == "refusal":
            return Outcome.FAILED
    if "cancel" in order:
        return Outcome.CANCELLED
    return Outcome.SERVED if granted else None


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
async def test_whatever_falls_into_one_loop_turn_no_slot_and_nobody_is_lost(order: tuple[str, ...]) -> None:
    house = Stand("n", queue=Queue(timeout_secs=60))
    node = house.nodes["n"]
    first, _ = await house.enter("a")
    house.clock.advance(30)
    visit, task = await house.enter("b")
    witness, _ = await house.enter("c")
    witness.ticket.deadline = float("inf")
    assert witness._timer is not None
    witness._timer.cancel()
    for event in order:
        match event:
            case "cancel":
                task.cancel()
            case "deadline":
                house.clock.advance(60)
            case "refusal":
                visit.refuse(Draining())
            case "grant":
                node.end()
    await settle()
    for _ in range(4):  # serve whatever is there, to the end
        if node.exchange is not None:
            node.end()
        await settle()
    outcome = expected(order)
    assert house.counts == (0, 0)
    assert house.outcome(first) is Outcome.SERVED
    assert house.outcome(witness) is Outcome.SERVED
    assert house.outcome(visit) is (outcome or Outcome.SERVED)
    assert len(house.records) == 3
    assert node.exchange is None


async def test_every_move_is_in_the_table_or_refused() -> None:
    for origin, goals in MOVES.items():
        for goal in Stage:
            visit = Stand("n").visit()
            visit.stage = origin
            if goal in goals:
                visit._move(goal)
                assert visit.stage is goal
            else:
                with pytest.raises(AssertionError, match="cannot become"):
                    visit._move(goal)


async def test_a_visit_served_at_once_has_no_place() -> None:
    house = Stand("n")
    visit, task = await house.enter()
    assert (visit.stage, visit.position, visit.estimate) == (Stage.SERVING, None, None)
    house.nodes["n"].speak(b"hi")
    await settle()
    assert visit.stage is Stage.RELAYING
    house.nodes["n"].end()
    assert await task == b"hi"
    (record,) = house.records
    assert (record.outcome, record.status, record.waited, record.attempts, record.node) == (
        Outcome.SERVED, 200, 0.0, 1, "n",
    )  # fmt: skip


async def test_the_record_tells_wait_and_service_apart() -> None:
    house = Stand("n")
    await house.enter()
    visit, task = await house.enter()
    assert (visit.position, visit.estimate) == (1, 10)
    house.clock.advance(4)
    house.nodes["n"].end()
    house.clock.advance(7)
    house.nodes["n"].end()
    await task
    record = house.records[-1]
    assert (record.waited, record.service, record.position, record.estimate) == (4, 7, 1, 10)


async def test_a_full_queue_is_a_rejection() -> None:
    house = Stand("n", queue=Queue(max_size=1))
    for _ in range(2):
        await house.enter()
    visit, task = await house.enter()
    assert isinstance(await task, QueueFull)
    assert house.outcome(visit) is Outcome.REJECTED
    assert house.counts == (1, 1)


async def test_a_deadline_is_told_in_the_configured_seconds() -> None:
    house = Stand("n", queue=Queue(timeout_secs=9))
    await house.enter()
    _, task = await house.enter()
    house.clock.advance(9)
    refusal = await task
    assert isinstance(refusal, QueueTimeout)
    assert refusal.waited_secs == 9


async def test_a_failed_visit_goes_on_elsewhere_and_both_failures_are_forgiven() -> None:
    house = Stand("a", "b")
    visit, task = await house.enter()
    house.nodes["a"].end(FAULT)
    assert (house.nodes["b"].exchange is not None, visit.stage, house.forgiven) == (True, Stage.SERVING, [])
    house.nodes["b"].end(FAULT)
    assert isinstance(await task, NodeFailed)
    assert house.forgiven == ["a", "b"]
    assert (house.records[0].attempts, house.counts) == (2, (0, 0))


@pytest.mark.parametrize("most", [1, 2, 3])
async def test_no_more_nodes_are_tried_than_max_attempts(most: int) -> None:
    house = Stand("a", "b", "c", "d", upstream=Upstream(max_attempts=most))
    _, task = await house.enter()
    tries = 0
    while not task.done():
        (busy,) = [node for node in house.nodes.values() if node.exchange is not None]
        busy.end(FAULT)
        tries += 1
        await settle()
    assert tries == most


@pytest.mark.parametrize(
    ("ends", "refusal"),
    [
        ((EndKind.UNREACHABLE, EndKind.UNREACHABLE), NodesUnreachable),
        ((EndKind.UNREACHABLE, EndKind.BROKEN), NodeFailed),
        ((EndKind.ERROR, EndKind.UNREACHABLE), NodeFailed),
        ((EndKind.SILENT,), NodeTimeout),
        ((EndKind.BROKEN, EndKind.SILENT), NodeTimeout),
    ],
)
async def test_the_answer_tells_whether_any_node_had_it(ends: tuple[EndKind, ...], refusal: type[Refusal]) -> None:
    house = Stand("a", "b")
    _, task = await house.enter()
    for node, kind in zip(house.nodes.values(), ends, strict=False):
        node.end(End(kind, "why"))
    assert type(await task) is refusal
    assert house.counts == (0, 0)


async def test_a_busy_node_costs_no_try_and_no_place() -> None:
    house = Stand("n", upstream=Upstream(max_attempts=1))
    node = house.nodes["n"]
    visit, task = await house.enter()
    _, behind = await house.enter()
    for _ in range(5):
        node.up = False
        node.end(End(EndKind.BUSY, "HTTP 429"))
        assert (visit.stage, house.counts) == (Stage.WAITING, (2, 0))
        node.up = True
        house.turns.pull(node)
        assert (visit.stage, house.counts) == (Stage.SERVING, (1, 1))
    node.end()
    assert await task == b""
    assert visit.ticket.tried == set()
    assert not behind.done()
    behind.cancel()
    await settle()
    node.end()


async def test_only_time_in_the_queue_counts_towards_the_deadline() -> None:
    house = Stand("n", queue=Queue(timeout_secs=10))
    node = house.nodes["n"]
    await house.enter()
    visit, task = await house.enter()
    house.clock.advance(6)
    node.end()
    house.clock.advance(1000)
    node.up = False
    node.end(End(EndKind.BUSY, "HTTP 503"))
    house.clock.advance(3.9)
    assert visit.stage is Stage.WAITING
    house.clock.advance(0.2)
    assert isinstance(await task, QueueTimeout)


async def test_after_commit_a_failure_breaks_the_reply_and_no_other_node_is_asked() -> None:
    house = Stand("a", "b")
    visit, task = await house.enter()
    house.nodes["a"].speak(b"half")
    await settle()
    house.nodes["a"].end(FAULT)
    with pytest.raises(ReplyBroken):
        await task
    assert house.nodes["b"].exchange is None
    assert house.outcome(visit) is Outcome.FAILED
    assert house.records[0].status == 200


async def test_a_reply_the_node_has_finished_is_not_cut_short_by_a_stopping_gateway() -> None:
    house = Stand("n")
    visit, task = await house.enter()
    house.nodes["n"].speak(b"one ")
    await settle()
    house.nodes["n"].speak(b"two")
    house.nodes["n"].end()
    visit.refuse(Draining())  # in the loop turn in which the client's task is yet to read the rest
    assert await task == b"one two"
    assert house.outcome(visit) is Outcome.SERVED


async def test_bytes_that_came_before_the_end_are_read_before_it() -> None:
    house = Stand("n")
    _, task = await house.enter()
    house.nodes["n"].speak(b"one ")
    house.nodes["n"].speak(b"two")
    house.nodes["n"].end()
    assert await task == b"one two"


async def test_a_node_that_fails_before_its_byte_was_passed_on_may_still_be_replaced() -> None:
    house = Stand("a", "b")
    _, task = await house.enter()
    house.nodes["a"].speak(b"never seen")
    house.nodes["a"].end(FAULT)  # in the same turn: nobody has been told a thing
    house.nodes["b"].speak(b"whole")
    house.nodes["b"].end()
    assert await task == b"whole"


async def test_leaving_while_relaying_hangs_up_and_is_the_clients_doing() -> None:
    house = Stand("n")
    visit, task = await house.enter()
    house.nodes["n"].speak(b"half")
    await settle()
    task.cancel()
    await settle()
    assert house.nodes["n"].aborted == ["the client left"]
    assert house.counts == (0, 1)  # until the connection is closed, the slot is taken
    house.nodes["n"].end()
    assert house.counts == (0, 0)
    assert house.outcome(visit) is Outcome.CANCELLED


async def test_the_room_of_the_body_is_given_back_with_the_first_byte() -> None:
    house = Stand("n")
    visit = house.visit()
    visit._hold.reserve(100)
    task = house.client(visit)
    await settle()
    assert house.bodies.held == 100
    house.nodes["n"].speak(b"first")
    await settle()
    assert house.bodies.held == 0
    house.nodes["n"].end()
    await task
