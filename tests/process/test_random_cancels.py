"""A thousand clients, most of whom leave at some random moment, over nodes of which some misbehave."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import attrs

from llmlb.testing import Received, eventually
from llmlb.testing.waiting import pause
from tests.process.caller import Caller
from tests.process.conftest import Serve
from tests.process.program import Gateway

CLIENTS = 1000
AT_ONCE = 30
SEED = 20240229
EVENTS = {"Content-Type": "text/event-stream"}
PIECE = {"choices": [{"index": 0, "delta": {"content": "a"}}]}


@attrs.define
class Seen:
    """What the clients of the fuzz have met."""

    sent: int = 0
    answered: dict[str, int] = attrs.field(factory=dict)
    """Status by id, of those who stayed to the end of their reply."""
    left: set[str] = attrs.field(factory=set)


class Moody:
    """A node's answers: mostly good, of random speed, now and then none."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    async def __call__(self, request: Received) -> None:
        mood, speed = self._chance.random(), self._chance.expovariate(1 / 0.008)
        if mood < 0.02:
            request.reset()
        elif mood < 0.04:
            await request.reply({"error": {}}, status=429, headers={"Retry-After": "0"})
        elif mood < 0.06:
            await request.reply({"error": {}}, status=500)
        elif b'"stream"' in request.body:
            await self._stream(request, speed, breaks=mood < 0.08)
        else:
            await pause(speed)
            await request.reply({"choices": []})

    async def _stream(self, request: Received, speed: float, *, breaks: bool) -> None:
        await pause(speed / 2)
        await request.start(headers=EVENTS)
        for _ in range(6):
            await request.event(PIECE)
            await pause(speed / 6)
        if breaks:
            request.close()
        else:
            await request.send(b"data: [DONE]\n\n")
            await request.end()


async def one_client(gateway: Gateway, seen: Seen, number: int, chance: random.Random) -> None:
    """Send a request and, more often than not, leave before its reply is over: at once, a little later, or after
    the reply has begun."""
    id = f"c{number}"
    stream = chance.random() < 0.5
    how = chance.choice(["stay", "stay", "at once", "later", "later", "later", "in the reply"])
    leave = chance.choice([Caller.leave, Caller.reset])
    caller = await gateway.call(id, key=f"key-{chance.randrange(5)}", stream=stream)
    seen.sent += 1
    try:
        if how == "stay":
            seen.answered[id] = (await caller.reply(30)).status
            return
        if how == "later":
            await pause(chance.expovariate(1 / 0.04))
        elif how == "in the reply":
            await caller.reads(b"HTTP/1.1 ", 30)
        leave(caller)
        seen.left.add(id)
    finally:
        await caller.close()


async def test_a_thousand_random_cancels_leave_nothing_behind(serve: Serve) -> None:
    gateway = await serve(3, health={"interval_secs": 0.2}, queue={"max_size": 1000})
    chance = random.Random(SEED)
    for node in gateway.nodes:
        node.auto(Moody(random.Random(chance.random())))
    seen = Seen()
    room = asyncio.Semaphore(AT_ONCE)

    async def in_its_turn(number: int) -> None:
        async with room:
            await one_client(gateway, seen, number, random.Random(SEED + number))

    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(in_its_turn(number))
    assert seen.sent == CLIENTS
    await gateway.counts(waiting=0, processing=0)
    await eventually(lambda: all(node.serving == 0 for node in gateway.nodes), "every node is free")
    assert [node.most_at_once for node in gateway.nodes] == [1, 1, 1]
    assert not any(node.broken_input for node in gateway.nodes)
    await adds_up(gateway, seen)
    await still_serves(gateway)


async def adds_up(gateway: Gateway, seen: Seen) -> None:
    """One line a request, and each line tells what its client met."""
    await eventually(lambda: gateway.visits.keys() >= seen.answered.keys(), "every answer has its line")
    visits = gateway.visits
    # Who leaves in the same moment as the request comes may never be read, and so has not arrived.
    assert visits.keys() <= seen.answered.keys() | seen.left
    assert len(visits) > 0.9 * CLIENTS
    assert {id: visits[id]["status"] for id in seen.answered} == seen.answered
    met = Counter(visits[id]["outcome"] for id in seen.answered)
    assert met["cancelled"] == met["rejected"] == met["timed_out"] == 0
    assert met["served"] > 0.7 * len(seen.answered)
    outcomes = gateway.outcomes()
    assert set(outcomes) <= {"served", "failed", "cancelled"}
    assert outcomes["cancelled"] > 0.3 * CLIENTS
    on_node = Counter(visit["attempts"] > 0 for visit in visits.values() if visit["outcome"] == "cancelled")
    assert min(on_node[True], on_node[False]) > 0.03 * CLIENTS, "clients left in the queue, and left nodes"


async def still_serves(gateway: Gateway) -> None:
    """As many requests at once as there are nodes, and each is given one."""
    for node in gateway.nodes:
        node.by_hand()
    await gateway.all_online()
    callers = [await gateway.call(f"after-{number}") for number in range(len(gateway.nodes))]
    for received in [await node.received() for node in gateway.nodes]:
        await received.reply({})
    assert [(await caller.reply()).status for caller in callers] == [200] * len(callers)
