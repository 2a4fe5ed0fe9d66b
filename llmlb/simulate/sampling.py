"""A recorded workload made to suit: keys drawn where none are recorded, and thinned to a load."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random

import attrs

from llmlb.simulate.flaws import Flaw, InputError
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.workload import Arrival, Workload


def with_keys(arrivals: Sequence[Arrival], keys: int, skew: float, seed: int) -> tuple[Arrival, ...]:
    """Each request given to one of so many keys, the n-th drawn in proportion to 1 / n ** skew (Zipf's law)."""
    width = len(str(keys))
    names = [f"key-{n:0{width}}" for n in range(1, keys + 1)]
    weights = list(accumulate(n**-skew for n in range(1, keys + 1)))
    drawn = Random(f"{seed}/keys").choices(names, cum_weights=weights, k=len(arrivals))
    return tuple(
        Arrival(arrival.at, attrs.evolve(arrival.job, key=key)) for arrival, key in zip(arrivals, drawn, strict=True)
    )


def pace_of(nodes: Sequence[NodeSpec], model: str) -> float | None:
    """Mean speed of the nodes that serve the model; None when none does."""
    speeds = [node.speed for node in nodes if not model or model in node.models]
    return sum(speeds) / len(speeds) if speeds else None


def load_of(workload: Workload, nodes: Sequence[NodeSpec]) -> float:
    """The arrivals' node-seconds as a share of those there are. What no node serves is not counted."""
    paces = {model: pace_of(nodes, model) for model in (*workload.models, "")}
    asked = sum(a.job.secs / pace for a in workload.arrivals if (pace := paces[a.job.model]) is not None)
    return asked / (len(nodes) * workload.length)


def thinned(workload: Workload, nodes: Sequence[NodeSpec], load: float, seed: int) -> Workload:
    """Some of the arrivals, drawn to make about this load. Raises InputError where all of them make less."""
    offered = load_of(workload, nodes)
    if load > offered * 1.0005:
        about = {"offered": f"{offered:.2f}", "nodes": len(nodes)}
        raise InputError([Flaw(reason="too_light", where="--load", given=f"{load:g}", values=about)])
    random = Random(f"{seed}/load")
    kept = tuple(arrival for arrival in workload.arrivals if random.random() < load / offered)
    if not kept:
        raise InputError([Flaw(reason="nothing_left", where="--load", given=f"{load:g}")])
    return attrs.evolve(workload, arrivals=kept)
