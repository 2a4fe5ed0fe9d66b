"""Weighted max-min shares of nodes, by looking at every set of keys: what is fair where not all can use all nodes.

Keys that together can use few nodes only can have no more than those. So all are raised alike, per weight, until some
set of keys has all the nodes it can use; its keys stay there, and the others are raised further (progressive filling;
Bertsekas and Gallager, "Data Networks", 1992, 6.5.2). That no set has more than the nodes it can use is not only
needed but enough: the theorem of Hall and Gale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import chain, combinations
from math import inf

CLOSE = 1e-9


def fair_nodes(usable: Mapping[str, Set[str]], weights: Mapping[str, float]) -> dict[str, float]:
    """How many nodes each key should have, on average, if all always want more. `usable`: by key, the nodes it can use.

    >>> fair_nodes({"X": {"n0"}, "Y": {"n0", "n1"}, "Z": {"n1"}}, {"X": 1.0, "Y": 2.0, "Z": 1.0})
    {'X': 0.5, 'Y': 1.0, 'Z': 0.5}
    """
    has: dict[str, float] = {}
    while len(has) < len(usable):
        level, full = inf, frozenset[str]()
        for keys in _sets(usable):
            rising = keys - has.keys()
            if rising:
                left = len(_together(usable, keys)) - sum(has[key] for key in keys - rising)
                reached = left / sum(weights[key] for key in rising)
                if reached < level:
                    level, full = reached, rising
        has |= {key: level * weights[key] for key in full}
    return {key: has[key] for key in usable}


def can_be_had_everywhere(
    shares: Mapping[str, float], usable: Mapping[str, Set[str]], pools: Mapping[str, str], part: float
) -> bool:
    """Whether these shares can be had with at least `part` of each key's own in every pool it uses.

    `pools`: by node, the name of its pool.
    """
    names = {key: {pools[node] for node in nodes} for key, nodes in usable.items()}
    room = {pool: float(sum(name == pool for name in pools.values())) for pool in pools.values()}
    for key, own in names.items():
        for pool in own:
            room[pool] -= part * shares[key]
    rest = {key: shares[key] * (1 - part * len(own)) for key, own in names.items()}
    return min(room.values()) >= -CLOSE and all(
        sum(rest[key] for key in keys) <= sum(room[pool] for pool in _together(names, keys)) + CLOSE
        for keys in _sets(usable)
    )


def _together(usable: Mapping[str, Set[str]], keys: Iterable[str]) -> frozenset[str]:
    return frozenset().union(*(usable[key] for key in keys))


def _sets(keys: Iterable[str]) -> Iterable[frozenset[str]]:
    names = sorted(keys)
    return map(frozenset, chain.from_iterable(combinations(names, size) for size in range(1, len(names) + 1)))
