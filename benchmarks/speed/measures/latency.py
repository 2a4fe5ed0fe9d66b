"""How much later an answer is there because somebody is in between."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.speed.measures.measure import Effort, Figure, Measure
from benchmarks.speed.peers.peer import Peer
from benchmarks.speed.samples import Found, Samples, Value
from benchmarks.speed.stage import staged

BODIES = {"300 B": 300, "100 KiB": 100 * 1024, "1 MiB": 1024 * 1024 - 1024}
"""A mebibyte with its head: some peers take no more."""
SECS = 1.5


async def take(peer: Peer, effort: Effort) -> Sequence[Found]:
    """One connection, one request after another, with bodies of three sizes."""
    found = []
    async with staged(peer) as on:
        for name, size in BODIES.items():
            got = await on.load(1, effort.secs(SECS), warmup=effort.warmup(0.3), body=size, keys=on.keys)
            values = {f"{share}_ms": value for share, value in got.latency.items()}
            found.append(Found(name, values, got.errors))
    return found


def derive(samples: Samples, number: int) -> None:
    """What a peer adds: its median less that of nobody in between, in the same round."""
    for case in BODIES:
        bare = samples.of("latency", Value("direct", case, "p50_ms")).get(number)
        for peer in samples.peers("latency"):
            through = samples.of("latency", Value(peer, case, "p50_ms")).get(number)
            if bare is not None and through is not None and peer != "direct":
                samples.add("latency", peer, number, [Found(case, {"added_ms": through - bare})])


MEASURE = Measure(
    name="latency",
    title="Latency",
    explains=(
        "One connection, one request after another, 500 B out. Added: the median less that of `direct` in the same "
        "round."
    ),
    figures=(
        Figure("added_ms", "added, median", "ms", 3),
        Figure("p50_ms", "median", "ms", 3),
        Figure("p99_ms", "99 % within", "ms", 3),
    ),
    take=take,
    derive=derive,
)
