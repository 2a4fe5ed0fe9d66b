"""The sample traffic, with a scripted server where the gateway would be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from llmlb.demo.habits import Habit
from llmlb.demo.traffic import trickle
from llmlb.testing import ManualClock, ScriptedNode, eventually

EAGER = Habit(gap=(1.0, 1.0), burst=(1, 1), tokens=(5, 9), streamed=0.0)


@pytest.fixture
async def gateway() -> AsyncIterator[ScriptedNode]:
    async with ScriptedNode() as one:
        yield one


@asynccontextmanager
async def traffic(
    gateway: ScriptedNode, clock: ManualClock, *habits: Habit, keys: tuple[str, ...] = ("k",), at_most: int = 8
) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(trickle(gateway.url, keys, clock=clock, habits=habits, at_most=at_most))
    yield task
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def move(clock: ManualClock, until: Callable[[], object], most: float = 60.0) -> None:
    """Move the clock in small steps until a fact holds."""
    end = clock.now() + most
    while not until():
        assert clock.now() < end, "it never happened"
        clock.advance(0.1)
        await asyncio.sleep(0.001)


async def test_each_key_sends_with_its_own_habit(gateway: ScriptedNode) -> None:
    gateway.auto(text="fine")
    clock = ManualClock()
    rare = Habit(gap=(10.0, 10.0), burst=(2, 2), tokens=(5, 9), streamed=1.0)
    async with traffic(gateway, clock, EAGER, rare, keys=("often", "rare")):
        await move(clock, lambda: len(gateway.seen) >= 30)
    by_key = [request.header("authorization") for request in gateway.seen]
    assert by_key.count("Bearer often") > 2 * by_key.count("Bearer rare") > 0
    assert {bool(r.json.get("stream")) for r in gateway.seen if r.header("authorization") == "Bearer rare"} == {True}


async def test_there_are_never_more_at_once_than_allowed(gateway: ScriptedNode) -> None:
    clock = ManualClock()
    async with traffic(gateway, clock, Habit(gap=(1.0, 1.0), burst=(5, 5), tokens=(5, 9), streamed=0.5), at_most=3):
        await move(clock, lambda: gateway.serving == 3)
        before = clock.now()
        await move(clock, lambda: clock.now() > before + 5)
        assert (gateway.most_at_once, len(gateway.seen)) == (3, 3)
        await (await gateway.received()).reply({})
        await move(clock, lambda: len(gateway.seen) == 4)
    assert gateway.most_at_once == 3


@pytest.mark.parametrize(
    ("status", "headers", "least", "most"),
    [
        (429, {"Retry-After": "20"}, 19.5, 22.0),
        (503, {"Retry-After": "900"}, 29.5, 32.0),
        (504, {}, 2.5, 5.0),
    ],
)
async def test_a_refusal_is_a_reason_to_rest_and_no_more(
    gateway: ScriptedNode, status: int, headers: dict[str, str], least: float, most: float
) -> None:
    clock = ManualClock()
    async with traffic(gateway, clock, EAGER):
        await move(clock, lambda: gateway.unread)
        request = await gateway.received()
        await request.reply({}, status=status, headers=headers)
        await request.gone()
        told = clock.now()
        await move(clock, lambda: gateway.unread)
        assert least <= clock.now() - told <= most


async def test_a_gateway_that_goes_away_and_comes_back_is_served_again(gateway: ScriptedNode) -> None:
    gateway.auto()
    clock = ManualClock()
    async with traffic(gateway, clock, EAGER) as task:
        await move(clock, lambda: gateway.served >= 2)
        gateway.refuse()
        gone = clock.now()
        await move(clock, lambda: clock.now() > gone + 10)
        await gateway.listen_again()
        before = gateway.served
        await move(clock, lambda: gateway.served > before)
        assert not task.done()


async def test_a_reply_that_breaks_off_does_not_end_it(gateway: ScriptedNode) -> None:
    clock = ManualClock()
    async with traffic(gateway, clock, EAGER) as task:
        await move(clock, lambda: gateway.unread)
        request = await gateway.received()
        await request.start()
        await request.send(b"data: ")
        request.reset()
        await move(clock, lambda: gateway.unread)
        assert not task.done()


async def test_impatient_clients_hang_up_wherever_the_reply_stands(gateway: ScriptedNode) -> None:
    clock = ManualClock()
    habit = Habit(gap=(1.0, 1.0), burst=(2, 2), tokens=(5, 9), streamed=1.0, impatient=1.0, patience=(0.05, 0.1))
    async with traffic(gateway, clock, habit) as task:
        await move(clock, lambda: gateway.unread >= 2)
        waiting, streaming = await gateway.received(), await gateway.received()
        await streaming.start()
        await waiting.gone()
        await streaming.gone()
        assert not task.done()


async def test_ending_it_closes_what_is_open(gateway: ScriptedNode) -> None:
    clock = ManualClock()
    async with traffic(gateway, clock, EAGER):
        await move(clock, lambda: gateway.serving)
    await eventually(lambda: gateway.connections == 0, "the connections are closed")
    assert clock.pending == 0
