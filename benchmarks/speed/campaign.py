"""Rounds: in each, every measure is taken of every peer in turns, and another peer begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from benchmarks.speed.children import Broken
from benchmarks.speed.measures.measure import Effort, Measure
from benchmarks.speed.peers.peer import Missing, Peer
from benchmarks.speed.samples import Samples


@attrs.frozen
class Problem:
    """A peer that could not be measured, and why."""

    measure: str
    peer: str
    round: int
    why: str


@attrs.define
class Campaign:
    """What was measured, and what could not be."""

    samples: Samples = attrs.field(factory=Samples)
    problems: list[Problem] = attrs.field(factory=list)


async def campaign(
    measures: Sequence[Measure], peers: Sequence[Peer], rounds: int, effort: Effort, tell: Callable[[str], None]
) -> Campaign:
    """Measure all of it; `tell` hears how far it is."""
    made = Campaign()
    for number in range(rounds):
        turned = [*peers[number % len(peers) :], *peers[: number % len(peers)]]
        for measure in measures:
            if number >= measure.rounds:
                continue
            for peer in turned:
                if not measure.fits(peer):
                    continue
                tell(f"round {number + 1} of {rounds}: {measure.name}, {peer.name}")
                try:
                    made.samples.add(measure.name, peer.name, number, await measure.take(peer, effort))
                except (Broken, Missing) as error:
                    made.problems.append(Problem(measure.name, peer.name, number, str(error)))
                    tell(f"  {error}")
            if measure.derive is not None:
                measure.derive(made.samples, number)
    return made
