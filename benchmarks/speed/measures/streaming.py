"""What passing on a streamed answer costs, and how much later its events come."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.measures.measure import Effort, Figure, Measure
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found, Samples, Value
from benchmarks.speed.stage import staged

EVERY_SECS = 0.01
PACED, FLAT_OUT = "paced", "flat out"
WAYS = {
    PACED: {"streams": 16, "chunks": 100, "every": EVERY_SECS},
    FLAT_OUT: {"streams": 4, "chunks": 1000, "every": 0.0},
}
SECS = 2.0


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """16 streams with an event every 10 ms, and 4 as fast as they go; each of a node of its own."""
    found = []
    for case, way in WAYS.items():
        streams = int(way["streams"])
        async with staged(peer, count=streams) as on:
            await on.nodes.be(chunks=int(way["chunks"]), every=way["every"])
            got = await on.load(streams, effort.secs(SECS), warmup=effort.warmup(), stream=True, keys=on.keys)
            values = {f"delay_{share}_ms": value for share, value in got.delay.items()}
            values["chunks"] = got.chunks / got.secs
            if got.cpu and got.chunks:
                values["cpu_ms"] = got.cpu / got.chunks * 1_000_000
            found.append(Found(case, values, got.errors))
    return found


def derive(samples: Samples, number: int) -> None:
    """What a peer adds to the delay: its median less that of nobody in between, in the same round."""
    bare = samples.of("streaming", Value("direct", PACED, "delay_p50_ms")).get(number)
    for peer in samples.peers("streaming"):
        through = samples.of("streaming", Value(peer, PACED, "delay_p50_ms")).get(number)
        if bare is not None and through is not None and peer != "direct":
            samples.add("streaming", peer, number, [Found(PACED, {"added_ms": through - bare})])


MEASURE = Measure(
    name="streaming",
    title="Streams",
    explains=(
        f"Paced: 16 streams of 100 events, one every {EVERY_SECS * 1000:g} ms. Flat out: 4 streams of 1,000 events as "
        "fast as they are taken. Delay: from the node's writing of an event to the client's reading; added: less that "
        "of `direct` in the same round."
    ),
    figures=(
        Figure("cpu_ms", "processor time per 1,000 events", "ms", 1),
        Figure("added_ms", "delay added to an event, median", "ms", 3),
        Figure("delay_p50_ms", "delay of an event, median", "ms", 3),
        Figure("delay_p99_ms", "delay of an event, 99 % within", "ms", 3),
        Figure("chunks", "events per second", "/s"),
    ),
    take=take,
    derive=derive,
)
