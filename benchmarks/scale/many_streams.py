"""Streams at the same time: each client gets its own, whole and in order."""

from __future__ import annotations

import json
from collections.abc import Sequence

from benchmarks.rows import Line, judged
from benchmarks.scale.clients import Client, answered, connected, request
from benchmarks.scale.seen import looks_of, some_fail
from benchmarks.scale.stage import stage

EVERY_SECS = 0.04


async def many_streams(count: int, events: int) -> Sequence[Line]:
    """So many streams, each of so many events and from a node of its own."""
    async with stage(count) as on:
        ids = [f"stream-{number}" for number in range(count)]
        asks = {id: request(id, id, stream=True, events=events, secs=EVERY_SECS) for id in ids}
        clients = await connected(on.gateway.port, asks)
        await on.looking.phase("streaming")
        for client in clients:
            client.ask()
        await answered(clients, 60.0)
        await on.looking.phase("-")
        await on.looking.end()
        good = sum(client.whole and _numbers(client) == list(range(events)) for client in clients)
        foreign = sum(any(event["id"] != client.id for event in _events(client)) for client in clients)
        last = max(client.secs for client in clients)
        counts = await on.nodes.counts()
        return [
            judged(f"{count} streams of {events} events: whole and in order", good, least=count, digits=0),
            judged("with an event of another", foreign, most=0, digits=0),
            judged("nodes that had one", sum(map(bool, counts.served)), least=count, digits=0),
            judged(f"the last is over after (its node took {events * EVERY_SECS:.1f} s)", last, unit=" s", digits=2),
            *looks_of(on.looking, "streaming", f"{count} streams"),
            some_fail(on),
        ]


def _events(client: Client) -> list[dict[str, object]]:
    lines = client.body.replace(b"\r\n", b"\n").split(b"\n")
    return [json.loads(line[6:]) for line in lines if line.startswith(b"data: {")]


def _numbers(client: Client) -> list[object]:
    return [event["number"] for event in _events(client)]
