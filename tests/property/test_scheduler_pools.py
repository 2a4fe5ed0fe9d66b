"""Where pools overlap, shares are near to weighted max-min."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import cycle

import hypothesis.strategies as st
from hypothesis import assume, example, given

from tests.property.crowds import WEIGHT, Habit, habits
from tests.property.maxmin import can_be_had_everywhere, fair_nodes
from tests.property.plant import Plant

MODELS = st.sets(st.sampled_from("abc"), min_size=1)
NAMED = st.sets(st.sampled_from("abc"), min_size=1, max_size=2)
SECS = 600.0
STEADY: Habit = [(4.0, 4.0)]


@given(
    served=st.lists(MODELS, min_size=1, max_size=4),
    keys=st.lists(st.tuples(NAMED, WEIGHT, habits(4.0) | st.just(STEADY)), min_size=2, max_size=4),
)
@example(served=[set("ac"), set("bc")], keys=[(set(model), 1.0, STEADY) for model in "abc"])
@example(served=[set("a"), set("ab")], keys=[({"a"}, 1.0, [(1.0, 0.01)]), ({"a"}, 1.0, [(1.0, 4.0)])])
def test_shares_are_near_to_max_min_where_pools_overlap(
    served: list[set[str]], keys: list[tuple[set[str], float, Habit]]
) -> None:
    """22 and 23 in the long run: what keys that always want more get of nodes with overlapping sets of models.

    The oracle: nodes that only one key can use are its own and do not count (uncontended time costs nothing); the
    others are shared max-min, by weight. What a key has elsewhere counts in a pool by three quanta at most between two
    turns there, so that it is shut out of none: where its fair share would leave it hardly any of some pool, it has
    more than its share, and others less. So each key has at least 3/4 of its max-min share where all can have 0.3 of
    theirs in every pool they wait for, and 0.4 of it anywhere, guessed however (the second example: four times too
    high). These two are found by trying (835 random cases: 0.53 at least; 120 with the condition: 0.81), not proved;
    the bound of property 23 is.
    """
    nodes = {f"n{number}": models for number, models in enumerate(served)}
    names = {name: keys[number] for number, name in enumerate("WXYZ"[: len(keys)])}
    usable = {name: {node for node in nodes if nodes[node] & key[0]} for name, key in names.items()}
    users = Counter(node for mine in usable.values() for node in mine)
    shared = {name: both for name, mine in usable.items() if (both := {node for node in mine if users[node] > 1})}
    assume(shared)
    weights = {name: key[1] for name, key in names.items()}
    fair = fair_nodes(shared, weights)
    pools = {node: " ".join(sorted(models)) for node, models in nodes.items() if users[node] > 1}
    least = 0.75 if can_be_had_everywhere(fair, shared, pools, 0.3) else 0.4

    plant = Plant({node: " ".join(sorted(models)) for node, models in nodes.items()}, weights)
    for name, (models, _, habit) in names.items():
        for model in sorted(models & set().union(*served)):
            plant.keep(name, len(usable[name]) + 3, partial(next, cycle(habit)), model)
    plant.run(SECS)
    for name, mine in usable.items():
        due = fair.get(name, 0.0) + len(mine - shared.get(name, set()))
        assert plant.had(name, SECS, SECS / 4) >= least * due * SECS * 3 / 4
