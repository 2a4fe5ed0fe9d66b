from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from random import Random

import pytest

from llmlb.simulate.fair_share import fair_shares

Asked = Mapping[str, Mapping[str, float]]


def shares(asked: Asked, nodes: Mapping[str, float], weights: Mapping[str, float] | None = None) -> dict[str, float]:
    """`nodes`: models, one letter each, and how much nodes with these give."""
    sets = {frozenset(models): amount for models, amount in nodes.items()}
    models = {model for by_model in asked.values() for model in by_model}
    servers = {model: frozenset(kind for kind in sets if model in kind) for model in models}
    return {key: round(share, 6) for key, share in fair_shares(asked, weights or {}, sets, servers).items()}


def one_model(**asked: float) -> Asked:
    return {key: {"m": amount} for key, amount in asked.items()}


def test_who_asks_for_little_gets_it_and_the_others_share_the_rest() -> None:
    assert shares(one_model(a=10, b=50, c=80), {"m": 100}) == {"a": 10, "b": 45, "c": 45}
    assert shares(one_model(a=10, b=40, c=80), {"m": 100}) == {"a": 10, "b": 40, "c": 50}


def test_where_there_is_enough_everybody_gets_all() -> None:
    assert shares(one_model(a=10, b=50), {"m": 100}) == {"a": 10, "b": 50}


def test_weights_divide_what_is_contended() -> None:
    assert shares(one_model(a=100, b=100, c=100), {"m": 70}, {"b": 2, "c": 4}) == {"a": 10, "b": 20, "c": 40}
    assert shares(one_model(a=100, b=100, c=12), {"m": 70}, {"b": 2, "c": 4}) == {
        "a": 19.333333,
        "b": 38.666667,
        "c": 12,
    }


def test_keys_that_ask_for_other_nodes_do_not_matter() -> None:
    assert shares({"a": {"x": 90}, "b": {"x": 90}, "c": {"y": 30}}, {"x": 100, "y": 100}) == {"a": 50, "b": 50, "c": 30}


def test_nodes_that_can_do_both_go_to_whom_it_evens_out() -> None:
    asked = {"x": {"a": 100}, "y": {"c": 100}, "z": {"b": 100}}
    assert shares(asked, {"ac": 50, "bc": 50}) == {"x": 33.333333, "y": 33.333333, "z": 33.333333}
    asked = {"p": {"a": 100}, "q": {"a": 100}, "r": {"a": 100}, "z": {"a": 100, "b": 100}}
    assert shares(asked, {"ac": 60, "bc": 60}) == {"p": 20, "q": 20, "r": 20, "z": 60}


def test_what_no_node_serves_is_no_claim() -> None:
    assert shares({"a": {"m": 50, "none": 50}, "b": {"none": 10}, "c": {}}, {"m": 30}) == {"a": 30, "b": 0, "c": 0}


def test_a_key_gets_no_more_of_a_model_than_it_asked_of_it() -> None:
    assert shares({"a": {"x": 5, "y": 100}, "b": {"y": 100}}, {"x": 100, "y": 90}) == {"a": 47.5, "b": 47.5}
    assert shares({"a": {"x": 5, "y": 9}, "b": {"y": 100}}, {"x": 100, "y": 90}) == {"a": 14, "b": 81}


def naive(asked: Asked, nodes: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Many little drops, each to the key with least per weight that can still take one by moving others' aside."""
    drop = 0.5
    drops = {models: round(amount / drop) for models, amount in nodes.items()}
    wants = {
        (key, model): round(amount / drop) for key, by_model in asked.items() for model, amount in by_model.items()
    }
    placed: dict[tuple[str, str, str], int] = {}
    got = dict.fromkeys(asked, 0)

    def give(key: str) -> bool:
        """Breadth-first search for a way to place one more: key -> model -> nodes -> another's model -> ..."""
        ways: list[tuple[str, list[tuple[str, str, str]]]] = []
        for model in asked[key]:
            if sum(n for (k, m, _), n in placed.items() if (k, m) == (key, model)) < wants[key, model]:
                ways += [(models, [(key, model, models)]) for models in nodes if model in models]
        seen: set[str] = set()
        while ways:
            models, way = ways.pop(0)
            if models in seen:
                continue
            seen.add(models)
            if sum(n for (_, _, at), n in placed.items() if at == models) < drops[models]:
                for put in way[::2]:
                    placed[put] = placed.get(put, 0) + 1
                for taken in way[1::2]:
                    placed[taken] -= 1
                return True
            for (k, m, at), n in list(placed.items()):
                if at != models or not n:
                    continue
                had = {o: sum(c for (a, b, _), c in placed.items() if (a, b) == (k, o)) for o in asked[k]}
                others = [m, *(o for o in asked[k] if o != m and had[o] < wants[k, o])]
                for other in others:
                    ways += [(t, [*way, (k, m, at), (k, other, t)]) for t in nodes if other in t and t not in seen]
        return False

    going = set(asked)
    while going:
        key = min(going, key=lambda key: (got[key] / weights.get(key, 1.0), key))
        if give(key):
            got[key] += 1
        else:
            going.discard(key)
    return {key: drop * count for key, count in got.items()}


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_filling_drop_by_drop_comes_to(seed: int) -> None:
    random = Random(seed)
    nodes = {models: float(random.randint(5, 40)) for models in random.sample(["a", "b", "c", "ab", "bc", "abc"], 3)}
    asked = {
        key: {model: float(random.randint(1, 40)) for model in random.sample("abc", random.randint(1, 2))}
        for key in "PQRST"[: random.randint(2, 5)]
    }
    weights = {key: random.choice([1.0, 2.0]) for key in asked}
    assert shares(asked, nodes, weights) == pytest.approx(naive(asked, nodes, weights), abs=2.5)


@pytest.mark.parametrize("seed", range(200))
def test_nothing_that_somebody_could_use_is_left_over(seed: int) -> None:
    """Fair or not, all that can be given is: the maximum flow, here by its minimum cut. Amounts of any size."""
    random = Random(seed)
    models = "abcd"[: random.randint(1, 4)]
    kinds = {frozenset(random.sample(models, random.randint(1, len(models)))) for _ in range(random.randint(1, 4))}
    nodes = {kind: random.choice([0.1, 3600.0, 1e6]) * random.random() for kind in kinds}
    asked = {
        f"k{n}": {model: random.choice([0, 1e-3, 100, 1e7]) * random.random() for model in models} for n in range(9)
    }
    weights = {key: random.choice([0.01, 1.0, 100.0]) for key in asked}
    servers = {model: frozenset(kind for kind in kinds if model in kind) for model in models}
    demand = {model: sum(by_model[model] for by_model in asked.values()) for model in models if servers[model]}
    cuts = [
        sum(amount for model, amount in demand.items() if model not in some)
        + sum(amount for kind, amount in nodes.items() if kind & some)
        for count in range(len(models) + 1)
        for some in map(frozenset, combinations(models, count))
    ]
    assert sum(fair_shares(asked, weights, nodes, servers).values()) == pytest.approx(min(cuts), rel=1e-5)


def test_a_thousand_keys_are_no_trouble() -> None:
    random = Random(1)
    asked = {f"k{n}": {random.choice("abc"): random.uniform(1, 10)} for n in range(1000)}
    found = fair_shares(
        asked,
        {},
        {frozenset("a"): 500.0, frozenset("bc"): 1800.0},
        {"a": frozenset({frozenset("a")}), "b": frozenset({frozenset("bc")}), "c": frozenset({frozenset("bc")})},
    )
    assert sum(found.values()) == pytest.approx(2300.0)
    assert max(share for key, share in found.items() if "a" in asked[key]) < min(
        share for key, share in found.items() if "a" not in asked[key] and sum(asked[key].values()) > 3
    )
