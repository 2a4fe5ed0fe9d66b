"""What a request is said to have cost."""

from __future__ import annotations

import pytest

from llmlb.gateway.visit import ReplyBroken
from llmlb.scheduler.ticket import Actual, Ticket
from llmlb.testing import settle
from tests.unit.gateway.stand import BODY, FAULT, Stand

CHUNK = b'data: {"choices":[{"delta":{"content":"a"}}]}\n\n'
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":30,"completion_tokens":2}}\n\n'


class Told:
    """What the queue is told of the end of each service."""

    def __init__(self, house: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
        self.actual: list[Actual] = []
        finished = house.turns.finished

        def listen(ticket: Ticket, actual: Actual, *, again: bool = False) -> None:
            self.actual.append(actual)
            finished(ticket, actual, again=again)

        monkeypatch.setattr(house.turns, "finished", listen)


async def test_the_queue_is_told_the_size_of_the_request_and_what_its_reply_cost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = Stand("n")
    told = Told(house, monkeypatch)
    visit, task = await house.enter()
    assert visit.ticket.size == len(BODY)
    for piece in (CHUNK, CHUNK, USAGE):
        house.nodes["n"].speak(piece)
    house.nodes["n"].end()
    assert [actual.tokens for actual in told.actual] == [32], "at once, however slowly the client reads"
    await task
    assert (house.records[0].size, house.records[0].tokens) == (len(BODY), 32)


async def test_a_reply_that_breaks_or_is_hung_up_on_costs_what_had_come_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    house = Stand("n")
    told = Told(house, monkeypatch)
    prompt = len(BODY) // 4
    _, broken = await house.enter()
    house.nodes["n"].speak(CHUNK)
    await settle()
    house.nodes["n"].speak(CHUNK)
    house.nodes["n"].end(FAULT)
    with pytest.raises(ReplyBroken):
        await broken
    _, left = await house.enter()
    house.nodes["n"].speak(CHUNK)
    await settle()
    left.cancel()
    await settle()
    assert house.records[-1].tokens == prompt + 1
    house.nodes["n"].end()
    assert [(actual.complete, actual.tokens) for actual in told.actual] == [(False, prompt + 2), (False, prompt + 1)]
    assert [record.tokens for record in house.records] == [prompt + 2, prompt + 1]


async def test_a_second_try_is_counted_anew() -> None:
    house = Stand("a", "b")
    _, task = await house.enter()
    house.nodes["a"].speak(CHUNK)
    house.nodes["a"].end(FAULT)
    house.nodes["b"].speak(CHUNK + USAGE)
    house.nodes["b"].end()
    await task
    assert house.records[0].tokens == 32


async def test_a_reply_that_tells_nothing_costs_nobody_knows_what() -> None:
    house = Stand("n")
    _, task = await house.enter()
    await settle()
    task.cancel()
    await settle()
    house.nodes["n"].end()
    assert house.records[0].tokens is None
