"""Ten thousand clients that wait at the same time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from time import perf_counter

from benchmarks.rows import Line, judged
from benchmarks.scale.clients import Client, answered, connected, request
from benchmarks.scale.seen import MS, looks_of, some_fail
from benchmarks.scale.stage import Stage, stage

NODES = 20
KEYS = 100
REST_SECS = 5.0
LONG_SECS = 300.0
"""Nothing here takes as long."""


async def all_served(count: int, rest_secs: float = REST_SECS) -> Sequence[Line]:
    """So many wait; one more is refused; and then all have their turn."""
    async with stage(NODES, max_size=count) as on:
        first, clients, lines = await _fill(on, count)
        await on.looking.phase("waiting")
        await asyncio.sleep(rest_secs)
        await on.looking.phase("-")
        (more,) = await connected(on.gateway.port, {"more": request("more", "k0")})
        more.ask()
        await answered([more], 10.0)
        lines.append(judged("one more: its status", more.status, least=429, most=429, digits=0))
        lines.append(judged("one more: refused after", more.secs * MS, most=100.0, unit=" ms", digits=1))
        await on.looking.phase("leaving")
        begin = perf_counter()
        await on.nodes.release()
        await answered([*first, *clients], LONG_SECS)
        secs = perf_counter() - begin
        await on.looking.phase("-")
        statuses = Counter(client.status for client in [*first, *clients])
        mine = sum(f'"id": "{client.id}"'.encode() in client.body for client in clients)
        counts = await on.nodes.counts()
        await on.looking.end()
        lines += [
            judged(f"all served in ({count / secs:,.0f} a second)", secs, unit=" s"),
            judged("answered 200", statuses[200], least=count + NODES, digits=0),
            judged("with their own answer", mine, least=count, digits=0),
            judged("most requests that a node had at once", max(counts.most), most=1, digits=0),
            *looks_of(on.looking, "arriving", f"{count:,} arriving"),
            *looks_of(on.looking, "waiting", f"{count:,} waiting"),
            *looks_of(on.looking, "leaving", f"{count:,} being served"),
            *await _nothing_lost(on, {"served": count + NODES, "rejected": 1}),
        ]
        return lines


async def all_timed_out(count: int, timeout_secs: int) -> Sequence[Line]:
    """So many wait for nodes that never get free."""
    async with stage(NODES, max_size=count, timeout_secs=timeout_secs) as on:
        first, clients, lines = await _fill(on, count)
        await on.looking.phase("timing out")
        await answered(clients, timeout_secs + LONG_SECS)
        await on.looking.phase("-")
        late = sorted(wait - timeout_secs for wait in await _waits(on, count))
        statuses = Counter(client.status for client in clients)
        whole = sum(client.whole and b'"queue_timeout"' in client.body for client in clients)
        await on.nodes.release()
        await answered(first, 10.0)
        await on.looking.end()
        lines += [
            judged("answered 504", statuses[504], least=count, digits=0),
            judged("with a whole answer", whole, least=count, digits=0),
            judged("latest after its deadline", late[-1] * MS, most=100.0, unit=" ms"),
            *looks_of(on.looking, "timing out", f"{count:,} timing out"),
            *await _nothing_lost(on, {"timed_out": count, "served": NODES}),
        ]
        return lines


async def _fill(on: Stage, count: int) -> tuple[list[Client], list[Client], list[Line]]:
    """Let every node have a request, and so many wait that arrive in one moment."""
    await on.nodes.hold()
    named = {f"first-{number}": number for number in range(NODES)}
    first = await connected(on.gateway.port, {id: request(id, f"k{number}", held=True) for id, number in named.items()})
    for client in first:
        client.ask()
    await on.counts(waiting=0, processing=NODES, secs=10.0)
    asks = {f"w{number}": request(f"w{number}", f"k{number % KEYS}", secs=0.005) for number in range(count)}
    clients = await connected(on.gateway.port, asks)
    before = on.gateway.resident
    await on.looking.phase("arriving")
    begin = perf_counter()
    for client in clients:
        client.ask()
    await on.counts(waiting=count, processing=NODES, secs=LONG_SECS)
    secs = perf_counter() - begin
    await on.looking.phase("-")
    took = f"{count:,} requests of one moment wait after ({secs / count * MS:.2f} ms each)"
    memory = (on.gateway.resident - before) / count / 1000
    lines = [judged(took, secs, unit=" s"), judged("memory for one that waits", memory, most=50.0, unit=" kB")]
    return first, clients, lines


async def _waits(on: Stage, count: int) -> Sequence[float]:
    """How long those who timed out waited, by the log."""
    found: list[float] = []
    while len(found) < count:
        lines = [line for line in on.gateway.new_lines() if isinstance(line, dict)]
        found += [line["wait"] for line in lines if line.get("outcome") == "timed_out"]
        await asyncio.sleep(0.05)
    return found


async def _nothing_lost(on: Stage, expected: dict[str, int]) -> Sequence[Line]:
    """All have left, each in the way it was told."""
    await on.counts(waiting=0, processing=0, secs=10.0)
    outcomes = await on.outcomes()
    lost = sum(abs(outcomes.get(name, 0) - expected.get(name, 0)) for name in {*outcomes, *expected})
    return [judged("lost or counted otherwise", lost, most=0, digits=0, note=str(outcomes)), some_fail(on)]
