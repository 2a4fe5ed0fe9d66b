"""A queue that is full: exactly those are turned away for whom there is no place, and room is room at once."""

from __future__ import annotations

from collections import Counter

from llmlb.testing import eventually
from tests.process.caller import Caller
from tests.process.conftest import Serve
from tests.process.program import Gateway

MAX_SIZE = 100


async def storm(gateway: Gateway, count: int, *, stream: bool = False) -> list[Caller]:
    """So many requests that reach the gateway at the same moment, from as many connections and ten keys."""
    await gateway.freeze()
    callers = [await gateway.call(f"s{n}", key=f"k{n % 10}", stream=stream and n % 2 == 1) for n in range(count)]
    gateway.thaw()
    return callers


async def test_of_101_at_once_on_a_busy_node_exactly_one_is_refused(serve: Serve) -> None:
    gateway = await serve(queue={"max_size": MAX_SIZE})
    running = await gateway.call("running")
    on_node = await gateway.node.received()
    callers = await storm(gateway, MAX_SIZE + 1, stream=True)
    await gateway.counts(waiting=MAX_SIZE, processing=1)
    await eventually(lambda: refusals(gateway), "one too many is refused")
    (refused,) = refusals(gateway)
    reply = await next(caller for caller in callers if caller.id == refused).reply()
    assert (reply.status, reply.complete) == (429, True)
    retry_after = int(reply.headers["retry-after"])
    assert retry_after == 5, "nothing is known yet"
    assert reply.json == {
        "error": {
            "message": f"キューが満杯です。{retry_after}秒後に再試行してください。",
            "type": "queue_full",
            "code": "queue_full",
            "retry_after": retry_after,
        }
    }
    assert reply.headers["content-type"].startswith("application/json")
    assert "x-queue-position" not in reply.headers

    # A mass cancel makes room at once, for as many as left.
    staying = [caller for caller in callers if caller.id != refused]
    for caller in staying[40:]:
        caller.leave()
    await gateway.counts(waiting=40, processing=1, timeout=1)
    again = await storm_again(gateway, 61)
    await gateway.counts(waiting=MAX_SIZE, processing=1)
    await eventually(lambda: len(refusals(gateway)) > 1, "one too many is refused again")
    assert len(refusals(gateway)) == 2

    gateway.node.auto()
    await on_node.reply({})
    refused_too = refusals(gateway)
    kept = [running, *staying[:40], *(caller for caller in again if caller.id not in refused_too)]
    statuses = Counter([(await caller.reply()).status for caller in kept])
    assert statuses == {200: 101}
    await gateway.counts(waiting=0, processing=0)
    await eventually(lambda: gateway.outcomes().total() == 1 + 101 + 61, "every arrival has its line")
    assert gateway.outcomes() == {"served": 101, "rejected": 2, "cancelled": 60}
    assert gateway.node.most_at_once == 1
    stats = await gateway.stats()
    assert (stats["rejected_count"], stats["timeout_count"]) == (2, 0)


def refusals(gateway: Gateway) -> list[str]:
    """The ids of those turned away."""
    return [id for id, visit in gateway.visits.items() if visit["outcome"] == "rejected"]


async def storm_again(gateway: Gateway, count: int) -> list[Caller]:
    """As `storm`, of other requests."""
    return [await gateway.call(f"t{n}", key=f"k{n % 10}") for n in range(count)]


async def test_an_idle_node_takes_a_request_although_the_queue_is_full(serve: Serve) -> None:
    gateway = await serve(2, queue={"max_size": 1}, health={"interval_secs": 0.2})
    gateway.nodes[1].models = ["other"]
    await eventually(lambda: gateway.nodes[1].probes > 1, "the second node is asked again", 10)
    await gateway.call("running")
    await gateway.nodes[0].received()
    await gateway.queued("waiting", waiting=1)
    assert (await (await gateway.call("too many")).reply()).status == 429
    other = await gateway.call("other", model="other")
    await (await gateway.nodes[1].received()).reply({})
    reply = await other.reply()
    assert (reply.status, "x-queue-position" in reply.headers) == (200, False)


async def test_everything_else_is_answered_quickly_while_the_queue_is_full(serve: Serve) -> None:
    gateway = await serve(queue={"max_size": 3})
    await gateway.call("running")
    await gateway.node.received()
    for n in range(3):
        await gateway.queued(f"w{n}", waiting=n + 1)
    for path in ("/", "/api/queue/stats", "/v1/models", "/v1/models/m", "/healthz", "/readyz"):
        assert (await gateway.get(path)).status == 200, path
    assert (await (await gateway.call("too-many")).reply()).status == 429
