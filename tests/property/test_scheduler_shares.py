"""Nobody gets more than its share by coming and going, by splitting its requests, or by naming more models."""

from __future__ import annotations

from itertools import permutations

import hypothesis.strategies as st
from hypothesis import example, given

from tests.property.crowds import WEIGHT, Crowd, Habit, crowds, habits
from tests.property.plant import Plant

CLOSE = 1e-6
LONGEST = 6.0
Rivals = list[tuple[float, Habit]]
"""Weight of each, and what its requests take."""
RIVALS = st.lists(st.tuples(WEIGHT, habits(LONGEST)), min_size=1, max_size=3)


def beside_backlogs(nodes: int, weight: float, habit: Habit, rivals: Rivals, quantum: float) -> Crowd:
    """R beside keys A, B, C, which are to have a backlog all the time."""
    names = "ABC"[: len(rivals)]
    weights = {"R": weight} | {name: rival[0] for name, rival in zip(names, rivals, strict=True)}
    each = {"R": habit} | {name: rival[1] for name, rival in zip(names, rivals, strict=True)}
    return Crowd(nodes, weights, LONGEST, quantum, each, [])


def keep_backlogs(crowd: Crowd, plant: Plant) -> None:
    """From now on all but R have something waiting, always."""
    for name in [key for key in crowd.weights if key != "R"]:
        plant.keep(name, crowd.nodes + 2, crowd.next_of(name))


def due(crowd: Crowd, secs: float) -> float:
    """R's fair share, in node-seconds."""
    return crowd.nodes * secs * crowd.weights["R"] / sum(crowd.weights.values())


def gain(crowd: Crowd, plant: Plant) -> float:
    """What R may have beyond its share, in node-seconds, however long it lasts.

    R's lead over each of the others stays below the bound B_j, per weight, and all together have all the nodes. So R's
    excess is at most its share of the sum of w_j B_j.
    """
    others = (w * crowd.bound_from_return(plant, "R", key) for key, w in crowd.weights.items() if key != "R")
    return sum(others) * crowd.weights["R"] / sum(crowd.weights.values())


@given(crowd=crowds(nodes=st.integers(1, 5)))
def test_nobody_draws_ahead_of_a_key_that_always_waits_however_it_comes_and_goes(crowd: Crowd) -> None:
    """19, 20 and 22, the ground they stand on: over any window in which j always waits, whatever i does,
    W_i/w_i - W_j/w_j <= Q + C/w_i + C/w_j + 2 (N - 1) C max(1/w_i, 1/w_j), and (0.49 Q + C) max(1/w_i, 1/w_j) more for
    the welcome and for what is in service as the window begins. Only the other way round may the gap grow: i is away.
    """
    plant = crowd.played()
    for one, other in permutations(crowd.weights, 2):
        lead = plant.lead(one, other, crowd.weights)
        for start, end in plant.always_waiting(other):
            assert lead.most_risen(start, end) <= crowd.bound_from_return(plant, one, other) + CLOSE


@given(
    nodes=st.integers(1, 5),
    weight=WEIGHT,
    habit=habits(LONGEST),
    rivals=RIVALS,
    quantum=st.sampled_from([0.0, 1.0, 12.0]),
    before=st.integers(0, 8),
    away=st.sampled_from([1.0, 30.0, 400.0]),
)
def test_a_key_back_from_idling_has_saved_up_nothing(
    nodes: int, weight: float, habit: Habit, rivals: Rivals, quantum: float, before: int, away: float
) -> None:
    """19: after any idle time the returner's tag is >= the level - 0.49 Q/w, and its share of the first T seconds
    <= the fair share + (1.5 Q + 2 C)/T.

    The tag: at the moment of the return, to the letter. Later, what is given back of its requests that were in service
    then (guessed too high, or let down by their node) may lower it by as much. The share: with its share s of the nodes
    and the bounds B_j = 1.49 Q + 2 C (one node, equal weights) or as for 11, T seconds bring it at most
    s (T N + sum of w_j B_j): on one node beside one rival T/2 + (1.49 Q + 2 C)/2.
    """
    crowd = beside_backlogs(nodes, weight, habit, rivals, quantum)
    plant = crowd.plant()
    keep_backlogs(crowd, plant)
    secs = crowd.next_of("R")
    for _ in range(before):
        plant.send("R", *secs())
    plant.run(60.0)
    plant.run(plant.now + away + 60.0)
    back = plant.now
    order = plant.scheduler._order
    (pool,) = order.pools.values()
    level = min(max(other.tag, other.entered_at) for other in pool.contest.entrants.values() if other.key != "R")
    returns = "R" not in pool.contest.entrants
    plant.keep("R", nodes + 2, secs)
    if returns:
        assert pool.contest.entrants["R"].tag >= level - 0.49 * order.prices.quantum / weight - CLOSE
    for until in (10.0, 40.0, 300.0):
        plant.run(back + until)
        assert plant.had("R", back + until, back) <= due(crowd, until) + gain(crowd, plant) + CLOSE


@given(
    nodes=st.integers(1, 3),
    weight=WEIGHT,
    rivals=RIVALS,
    longest=st.booleans(),
    quantum=st.sampled_from([0.0, 1.0, 12.0]),
    guess=st.sampled_from([0.1, 3.0, LONGEST]),
)
@example(nodes=1, weight=1.0, rivals=[(1.0, [(3.0, 3.0)])] * 2, longest=True, quantum=0.0, guess=3.0)
def test_one_long_request_at_a_time_is_no_way_out(
    nodes: int, weight: float, rivals: Rivals, longest: bool, quantum: float, guess: float
) -> None:
    """20: one long request at a time, with nothing waiting between them, against two backlogs: in the long run its
    share is <= 1/3 + bound/T.

    And so for any number of backlogs, weights and nodes, guessed however: <= s + s x sum of w_j B_j / (N T), as for 19.
    """
    secs = LONGEST if longest else 1.0
    crowd = beside_backlogs(nodes, weight, [(secs, guess)], rivals, quantum)
    plant = crowd.plant()
    keep_backlogs(crowd, plant)
    plant.keep("R", 1, crowd.next_of("R"))
    for until in (60.0, 600.0):
        plant.run(until)
        assert plant.had("R", until) <= due(crowd, until) + gain(crowd, plant) + CLOSE


@given(
    nodes=st.integers(1, 4),
    weight=WEIGHT,
    habit=habits(LONGEST),
    rivals=RIVALS,
    quantum=st.sampled_from([0.0, 1.0, 12.0]),
    depth=st.integers(1, 6),
    pause=st.sampled_from([0.0, 0.5, 7.0]),
)
def test_splitting_ones_requests_in_time_brings_no_more_than_the_share(
    nodes: int,
    weight: float,
    habit: Habit,
    rivals: Rivals,
    quantum: float,
    depth: int,
    pause: float,
) -> None:
    """22: with 1, 2, .., m requests at a time a key never gets more, in the long run, than its fair share + bound/T.

    Nor with pauses after each, so that it is welcomed back every time. The bound as for 19.
    """
    crowd = beside_backlogs(nodes, weight, habit, rivals, quantum)
    plant = crowd.plant()
    keep_backlogs(crowd, plant)
    secs = crowd.next_of("R")

    def send() -> None:
        plant.send("R", *secs(), then=lambda: plant.at(plant.now + pause, send))

    for _ in range(depth):
        send()
    for until in (60.0, 500.0):
        plant.run(until)
        assert plant.had("R", until) <= due(crowd, until) + gain(crowd, plant) + CLOSE


@given(
    pools=st.lists(st.integers(1, 3), min_size=2, max_size=3),
    weight=WEIGHT,
    habit=habits(LONGEST),
    rivals=st.tuples(*[st.tuples(WEIGHT, habits(LONGEST))] * 3),
    quantum=st.sampled_from([0.0, 1.0, 12.0]),
    named=st.sets(st.sampled_from("abcx"), min_size=1),
    depth=st.integers(1, 6),
)
def test_naming_more_models_brings_no_more_of_any_pool_than_the_share(
    pools: list[int],
    weight: float,
    habit: Habit,
    rivals: tuple[tuple[float, Habit], ...],
    quantum: float,
    named: set[str],
    depth: int,
) -> None:
    """23: a key that names more models never gets more than its fair share of each pool it is served in.

    Pools a, b, c, each with a model of its own and one, x, that all of them have; in each a rival that always waits for
    that pool only. R names any of these models, so many requests of each at a time. In each pool, over any window, it
    draws ahead of the rival there by no more than the bound of 11 with that pool's N, and so has no more than its share
    of the pool + bound/T. What it has in one pool counts against it in the others, but never for it.
    """
    names = "abc"[: len(pools)]
    nodes = {f"{name}{number}": f"{name} x" for name, many in zip(names, pools, strict=True) for number in range(many)}
    weights = {"R": weight} | {name: rival[0] for name, rival in zip(names, rivals, strict=False)}
    plant = Plant(nodes, weights, quantum=quantum)
    sides = {}
    for name, many, rival in zip(names, pools, rivals, strict=False):
        side = sides[name] = Crowd(many, weights, LONGEST, quantum, {"R": habit, name: rival[1]}, [])
        plant.keep(name, many + 2, side.next_of(name), name)
    for model in sorted(named & {*names, "x"}):
        plant.keep("R", depth, sides["a"].next_of("R"), model)
    plant.run(200.0)
    for name, side in sides.items():
        lead = plant.lead("R", name, weights, [node for node in nodes if node[0] == name])
        assert lead.most_risen(0.0, plant.now) <= side.bound_from_return(plant, "R", name) + CLOSE
