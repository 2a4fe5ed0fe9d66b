"""The share of node time that would be fair: weighted max-min over keys, whoever of them can use which nodes.

Every key gets the same per unit of weight, but none more than it asked for, and what one leaves is shared by those
who can use it; so nobody could be given more without taking it from somebody who has less. Found by raising one level
for all and stopping those who stand before a full set of nodes: each step is one maximum flow (Dinic), and the level
at which a set fills follows from its minimum cut, so there are few steps. See Bertsekas and Gallager, "Data Networks"
(1992), 6.5.2, for the notion.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import inf

CLOSE = 1e-9
_Vertex = tuple[object, ...]
_SOURCE: _Vertex = ("source",)
_SINK: _Vertex = ("sink",)


def fair_shares(
    asked: Mapping[str, Mapping[str, float]],
    weights: Mapping[str, float],
    nodes: Mapping[frozenset[str], float],
    servers: Mapping[str, frozenset[frozenset[str]]],
) -> dict[str, float]:
    """What each key would fairly get, in the unit of `asked`.

    `asked`: by key and model. `nodes`: how much the nodes of each set of models can give. `servers`: by model, the sets
    that serve it. Keys that are not in `weights` weigh 1.
    """
    most = {model: sum(nodes[kind] for kind in kinds) for model, kinds in servers.items()}
    wanted = {
        key: {model: min(amount, most[model]) for model, amount in by_model.items() if amount > 0 and most.get(model)}
        for key, by_model in asked.items()
    }
    total = {key: sum(by_model.values()) for key, by_model in wanted.items()}
    weight = {key: weights.get(key, 1.0) for key in asked}
    fixed: dict[str, float] = {}

    def given(level: float) -> dict[str, float]:
        return {key: fixed.get(key, min(total[key], level * weight[key])) for key in total}

    while True:
        level, behind = inf, set[str]()
        # Down to the highest level at which everybody can be given that much. Those who have stopped can be, but for
        # rounding: a cut with nobody else behind it is none.
        while (full := _cut(given(level), wanted, nodes, servers)) is not None and not full[0] <= fixed.keys():
            behind, room = full
            level = min(_level(behind, room, fixed, total, weight), level * (1 - CLOSE))
        stopped = {key for key in behind if key not in fixed and level * weight[key] < total[key]}
        if not stopped:
            return given(level)
        fixed |= {key: level * weight[key] for key in stopped}


def _level(
    behind: set[str], room: float, fixed: Mapping[str, float], total: Mapping[str, float], weight: Mapping[str, float]
) -> float:
    """The level at which the keys behind a full set of nodes take up just its room; one at least has not stopped."""
    rising = sorted((key for key in behind if key not in fixed), key=lambda key: total[key] / weight[key])
    left = room - sum(fixed[key] for key in behind if key in fixed)
    heavy = sum(weight[key] for key in rising)
    for key in rising[:-1]:
        if total[key] / weight[key] * heavy >= left:
            break
        left -= total[key]
        heavy -= weight[key]
    return max(0.0, left / heavy)


def _cut(
    targets: Mapping[str, float],
    wanted: Mapping[str, Mapping[str, float]],
    nodes: Mapping[frozenset[str], float],
    servers: Mapping[str, frozenset[frozenset[str]]],
) -> tuple[set[str], float] | None:
    """The keys that stand before a full set of nodes, and its room for them; None when all targets can be met."""
    graph: dict[_Vertex, dict[_Vertex, float]] = {_SOURCE: {}, _SINK: {}}

    def edge(start: _Vertex, end: _Vertex, capacity: float) -> None:
        graph.setdefault(start, {})[end] = capacity
        graph.setdefault(end, {}).setdefault(start, 0.0)

    for key, target in targets.items():
        edge(_SOURCE, ("key", key), target)
        for model, amount in wanted[key].items():
            edge(("key", key), ("model", model), amount)
            for kind in servers[model]:
                edge(("model", model), ("nodes", kind), inf)
    for kind, amount in nodes.items():
        edge(("nodes", kind), _SINK, amount)
    need = sum(targets.values())
    least = CLOSE * max(need, 1.0)
    flow = _fill(graph, least)
    if need - flow <= 100 * least:
        return None
    reached = _depths(graph, least)
    behind = {key for key in targets if ("key", key) in reached}
    outside = sum(target for key, target in targets.items() if key not in behind)
    return behind, flow - outside


def _depths(graph: Mapping[_Vertex, Mapping[_Vertex, float]], least: float) -> dict[_Vertex, int]:
    depths = {_SOURCE: 0}
    queue = deque([_SOURCE])
    while queue:
        at = queue.popleft()
        for end, left in graph[at].items():
            if left > least and end not in depths:
                depths[end] = depths[at] + 1
                queue.append(end)
    return depths


def _fill(graph: dict[_Vertex, dict[_Vertex, float]], least: float) -> float:
    """The maximum flow from source to sink; leaves in the graph what capacity remains."""
    flow = 0.0
    while _SINK in (depths := _depths(graph, least)):
        ways = {vertex: list(ends) for vertex, ends in graph.items()}
        while (pushed := _push(graph, depths, ways, _SOURCE, inf, least)) > 0:
            flow += pushed
    return flow


def _push(
    graph: dict[_Vertex, dict[_Vertex, float]],
    depths: Mapping[_Vertex, int],
    ways: dict[_Vertex, list[_Vertex]],
    at: _Vertex,
    most: float,
    least: float,
) -> float:
    if at == _SINK:
        return most
    while ways[at]:
        end = ways[at][-1]
        left = graph[at][end]
        if left > least and depths.get(end, -1) == depths[at] + 1:
            pushed = _push(graph, depths, ways, end, min(most, left), least)
            if pushed > 0:
                graph[at][end] -= pushed
                graph[end][at] += pushed
                return pushed
        ways[at].pop()
    return 0.0
