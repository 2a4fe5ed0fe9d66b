"""What a key's share is counted in (F2, F3), end to end."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from llmlb.config.model import Fairness, KeyConfig, Queue
from llmlb.testing import ManualClock, ScriptedNode
from llmlb.testing.received import Received
from tests.integration.bench import Bench, config
from tests.integration.conftest import Start

KEYS = (KeyConfig(name="a", key="A"), KeyConfig(name="b", key="B"))
PATIENT = Queue(timeout_secs=3600)


async def served(
    gateway: Bench, node: ScriptedNode, clock: ManualClock, each: int, reply: Any, secs: dict[str, float]
) -> str:
    """Whose requests the node gets, first to last, when both keys have so many there from the start."""
    for key in "AB" * each:
        await gateway.arrive(key=key, json={"model": "m", "sender": key, "stream": reply is stream})
    order = ""
    for _ in range(2 * each):
        request = await node.received()
        sender = request.json["sender"]
        order += sender
        clock.advance(secs[sender])
        await reply(request, sender)
    await gateway.quiet()
    assert gateway.outcomes() == {"served": 2 * each}
    return order


TOKENS = {"A": 900, "B": 100}


async def plain(request: Received, sender: str) -> None:
    await request.reply({"usage": {"prompt_tokens": TOKENS[sender] // 2, "completion_tokens": TOKENS[sender] // 2}})


async def stream(request: Received, sender: str) -> None:
    """Without usage: an event a token."""
    await request.start(headers={"Content-Type": "text/event-stream"}, chunked=True)
    await request.send(b'data: {"choices":[]}\n\n' * TOKENS[sender])
    await request.send(b"data: [DONE]\n\n")
    await request.end()


async def start_with(start: Start, node: ScriptedNode, clock: ManualClock, **fairness: Any) -> Bench:
    return await start(config(node, keys=KEYS, queue=PATIENT, fairness=Fairness(**fairness)), clock)


def first_share(order: str) -> Counter[str]:
    """The requests of each key among those served while both had some waiting."""
    return Counter(order[: min(order.rindex("A"), order.rindex("B"))])


@pytest.mark.parametrize(
    ("cost", "least", "most"),
    [("seconds", 3.5, 9.0), ("request", 0.8, 1.25)],
)
async def test_by_seconds_short_requests_get_more_turns_and_by_request_the_same(
    cost: str, least: float, most: float, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    """A's take six times as long as B's."""
    gateway = await start_with(start, node, clock, cost=cost)
    order = await served(gateway, node, clock, 24, plain, {"A": 12.0, "B": 2.0})
    share = first_share(order)
    assert least <= share["B"] / share["A"] <= most, order


@pytest.mark.parametrize("reply", [plain, stream])
async def test_by_tokens_the_key_with_the_shorter_replies_gets_more_turns(
    reply: Any, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    """All take as long, A's cost nine times the tokens; by the usage they state, or by their events."""
    gateway = await start_with(start, node, clock, cost="tokens")
    order = await served(gateway, node, clock, 36, reply, {"A": 2.0, "B": 2.0})
    share = first_share(order)
    assert 5 <= share["B"] / share["A"] <= 14, order


async def test_by_seconds_tokens_do_not_matter(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start_with(start, node, clock)
    order = await served(gateway, node, clock, 12, plain, {"A": 2.0, "B": 2.0})
    share = first_share(order)
    assert abs(share["A"] - share["B"]) <= 1


async def test_a_larger_quantum_lets_the_key_with_longer_requests_have_its_turns_for_longer(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    """A's take ten seconds longer than B's: in five of each A does not get half of 120 ahead."""
    first = {}
    for quantum in (0.0, 120.0):
        gateway = await start_with(start, node, clock, quantum=quantum)
        order = await served(gateway, node, clock, 24, plain, {"A": 12.0, "B": 2.0})
        first[quantum] = order[:10]
    assert first[120.0] == "AB" * 5
    assert first[0.0].count("B") >= 7
