"""Random cases against the bound of the gap: however many nodes, whatever weights and costs, and whoever else comes."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import attrs

from benchmarks.rows import Line, Row, Scale, judged
from benchmarks.worlds import NEVER_SECS, alike, settings
from llmlb.simulate.drive import drive
from llmlb.simulate.gaps import gap_bound, largest_gap
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Lengths, Workload

SEEDS = 200
START_SECS = 60.0
HORIZON_SECS = 300.0
SHORTEST_SECS = 1.0
"""The floor lies below all costs."""


@attrs.frozen
class Case:
    """So many nodes, and keys of which some always want more and others come and go."""

    count: int
    weights: dict[str, float]
    always: tuple[str, ...]
    workload: Workload
    default_secs: float


def drawn(seed: int, length: float) -> Case:
    """A random case within the conditions of the bound."""
    random = Random(seed)
    count = random.randint(1, 5)
    always = tuple("ABCDE"[: random.randint(2, 5)])
    passing = tuple("VWXYZ"[: random.randint(0, 4)])
    weights = {key: random.choice((1.0, 1.0, 2.0, 4.0)) for key in always + passing}
    # No debt may reach the horizon: C x (weight of the others) / (w N) < horizon.
    longest = 0.9 * HORIZON_SECS * count * min(weights.values()) / sum(weights.values())
    cap = min(random.uniform(4.0, 60.0), longest)
    specs = []
    for key in always + passing:
        mean, cv = random.uniform(1.5, cap), random.choice((0.0, 0.3, 0.8, 2.0))
        lengths = f"mean={mean}, cv={cv}, cap={cap}"
        if key in always:
            # All nodes may become free in one instant, before the next requests come: and then still some wait.
            specs.append(f"{key}: closed={2 * count + random.randint(1, 4)}, {lengths}")
        elif random.random() < 0.5:
            specs.append(f"{key}: rate={random.uniform(0.05, 0.5) * count / mean}, {lengths}")
        else:
            every = random.uniform(20, 120)
            specs.append(f"{key}: burst={random.randint(1, 10)}, every={every}, {lengths}")
    return Case(count, weights, always, _floored(make_mix(specs, length, seed)), random.uniform(1.0, cap))


def ratio(case: Case) -> float:
    """The largest gap of the case over its bound."""
    config = settings(weights=case.weights, max_size=100_000, timeout=NEVER_SECS, default_secs=case.default_secs)
    run = drive(config, alike(case.count), case.workload)
    services, until = run.watch.services, case.workload.length
    backlogs = run.watch.backlogs(until)
    gap = largest_gap(services, backlogs, case.weights, [case.always], start=START_SECS, until=until)
    return (gap or 0.0) / gap_bound(services, case.weights, [case.always], case.count, 0.0)


def bound(scale: Scale) -> Sequence[Line]:
    """The worst of all cases."""
    cases = [drawn(seed, scale.secs(600, 200)) for seed in scale.seeds(SEEDS)]
    ratios = [(ratio(case), case.count) for case in cases]
    single = [value for value, count in ratios if count == 1]
    worst = max(value for value, _ in ratios)
    lines = [judged("gap / bound, random cases", worst, most=1.0, digits=2, note=f"{len(ratios)} cases")]
    if single:
        what, note = "gap / bound, random cases on 1 node", f"{len(single)} cases"
        lines.append(judged(what, max(single), most=1.0, digits=2, note=note))
    return lines


class _Floored(Lengths):
    """Service times of which none is shorter than the floor."""

    def draw(self, random: Random) -> float:
        return max(SHORTEST_SECS, super().draw(random))


def _floored(workload: Workload) -> Workload:
    """No request shorter than the floor."""
    arrivals = tuple(
        attrs.evolve(arrival, job=attrs.evolve(arrival.job, secs=max(SHORTEST_SECS, arrival.job.secs)))
        for arrival in workload.arrivals
    )
    closed = tuple(
        attrs.evolve(client, lengths=_Floored(client.lengths.mean, client.lengths.cv, client.lengths.cap))
        for client in workload.closed
    )
    return attrs.evolve(workload, arrivals=arrivals, closed=closed)


ROWS = (Row("bound", "Random cases against the bound of the gap", bound, SEEDS),)
