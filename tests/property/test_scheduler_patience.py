"""Nobody who keeps waiting is kept waiting for ever; who owes nothing is soon next; no name is kept for ever."""

from __future__ import annotations

from functools import partial
from itertools import count, repeat

import attrs
import hypothesis.strategies as st
from hypothesis import example, given

from llmlb.scheduler.debts import HORIZON_SECS, MOST_DEBTORS
from llmlb.scheduler.order import MEMORY
from tests.property.crowds import WEIGHT, Crowd, crowds
from tests.property.plant import Plant

RIVALS = st.lists(st.tuples(WEIGHT, st.sampled_from([1.0, 5.0, 16.0])), max_size=6)


def ever_new(plant: Plant, every: float, secs: float) -> None:
    """From now on a request comes every so often, each of a key nobody has seen."""
    numbers = count()

    def come() -> None:
        plant.send(f"new{next(numbers)}", secs, secs)
        plant.at(plant.now + every, come)

    come()


def turns_until_served(plant: Plant, key: str, since: int, most: int) -> int:
    """Turns from the one of this number on, up to and including the key's; or more than the most."""
    while plant.waits_of(key) and len(plant.services) - since <= most:
        plant.run(plant.now + 1.0)
    turns = [service.ticket.key for service in plant.services[since:]]
    return turns.index(key) + 1 if key in turns else len(turns) + 1


@given(
    nodes=st.integers(1, 3),
    weight=WEIGHT,
    owes=st.sampled_from([0.0, 20.0, 90.0, 900.0]),
    rivals=RIVALS,
    load=st.sampled_from([0.0, 0.5, 1.0, 1.3]),
    secs=st.sampled_from([4.0, 16.0]),
)
def test_who_keeps_waiting_is_served_within_the_horizon_and_some_turns(
    nodes: int, weight: float, owes: float, rivals: list[tuple[float, float]], load: float, secs: float
) -> None:
    """24: whatever others send, ever-new keys too, a key that keeps waiting is served within the horizon (300 s) and
    then 33 + keys waiting dispatches of its pool.

    V comes back owing what a request of `owes` seconds beside others has cost it, at most 300 seconds' worth, and
    waits. Its rivals have a backlog all the time, each with requests of its own length; new keys come at `load` times
    what the nodes can do. Debts are looked at once a second, so it is a second more than the horizon.
    """
    weights = {"V": weight} | {f"rival{number}": rival[0] for number, rival in enumerate(rivals)}
    plant = Plant({f"n{number}": "m" for number in range(nodes)}, weights)
    for number, (_, own) in enumerate(rivals):
        plant.keep(f"rival{number}", nodes + 2, partial(next, repeat((own, own))))
    if load:
        ever_new(plant, secs / nodes / load, secs)
    if owes:
        plant.send("V", owes, 5.0)
        while plant.waits_of("V") or any(sent.ticket.key == "V" for sent, _ in plant.running.values()):
            plant.run(plant.now + 1.0)
    plant.send("V", 1.0, 1.0)
    until = plant.now + HORIZON_SECS + 1.0
    while plant.waits_of("V") and plant.now < until:
        plant.run(plant.now + 1.0)
    if plant.waits_of("V"):
        enough = 33 + len(plant.keys_waiting)
        assert turns_until_served(plant, "V", len(plant.services), enough) <= enough


@given(crowd=crowds(nodes=st.integers(1, 4)), weight=WEIGHT, load=st.sampled_from([0.0, 1.0, 1.3]))
def test_who_is_level_with_the_others_is_passed_by_newcomers_for_33_turns_at_most(
    crowd: Crowd, weight: float, load: float
) -> None:
    """24, of a key that owes nothing: no horizon is needed; 33 + keys waiting dispatches are enough, whatever new keys
    come.

    With costs as guessed and a set quantum, and for a key that enters at the level of the least served (`pace` may put
    it above, beside keys that have been served while they waited): who enters after it enters no lower, so it stays
    within half a quantum of the least, and after 32 turns its last one is longer ago than any newcomer's.
    """
    crowd = attrs.evolve(crowd.as_guessed(), weights=crowd.weights | {"V": weight}, quantum=crowd.quantum or 2.5)
    plant = crowd.plant()
    crowd.habits["V"] = [(1.0, 1.0)]
    plant.run(crowd.expect(plant))
    if load:
        ever_new(plant, crowd.longest / crowd.nodes / load, crowd.longest)
    since, enough = len(plant.services), 33 + len(plant.keys_waiting)
    plant.send("V", 1.0, 1.0)
    (pool,) = plant.scheduler._order.pools.values()
    standing = pool.contest.entrants.get("V")
    if standing is None or standing.entered_at > min(other.level for other in pool.contest.entrants.values()):
        return
    assert turns_until_served(plant, "V", since, enough) <= enough


def test_newcomers_do_not_keep_a_round_going_that_another_key_is_not_in() -> None:
    """24, the least example: C waits, level with the least; D's arrival has drawn the limit of the round below it.

    For every turn a new key enters below that limit. C is passed by no more than 33 of them.
    """
    plant = Plant({"n": "m"}, quantum=1.0)
    plant.send("C", 1.0, 1.0)
    plant.run(0.1)
    plant.send("D", 3.0, 3.0)
    plant.send("C", 1.0, 1.0)
    plant.run(3.0)
    since = len(plant.services)
    ever_new(plant, 2.0, 2.0)
    assert turns_until_served(plant, "C", since, 40) <= 34


LIFTED = Crowd(
    nodes=1,
    weights={"A": 1.0, "B": 1.0, "C": 1.0},
    longest=6.0,
    quantum=1.0,
    habits={"A": [(3.5, 0.01)], "B": [(1.0, 0.01)], "C": [(1.0, 0.01)]},
    arrivals=[(0.0, "A", 1), (0.0, "A", 2), (0.4, "C", 1), (0.4, "C", 1)],
)
"""A has had much of a node, and C little: the pace is above C."""


@example(crowd=LIFTED, key="B", rest=0.0)
@given(crowd=crowds(nodes=st.integers(1, 4)), key=st.sampled_from("ABR"), rest=st.sampled_from([0.0, 5.0, 60.0]))
def test_a_key_that_owes_nothing_goes_before_all_who_were_served_more_recently(
    crowd: Crowd, key: str, rest: float
) -> None:
    """25: a key with nothing waiting or running and no debt is next but for other such keys and keys unserved for over
    32 turns.

    To the letter: nobody goes before it but keys whose last turn is longer ago than its own (a turn longer ago than 32
    before it came counts as 32), and each of them once. For a key not served in the last 32 turns these are the keys
    unserved for so long. "No debt": its tag is the level - 0.49 Q/w when it comes. Costs come out as guessed: else what
    is given back to another may put that one behind it. And where the pace has lifted the level at which it enters
    above others who wait, those go first until they have caught up: in the example C, which has had too little.
    """
    crowd = crowd.as_guessed()
    weight = crowd.weights.get(key, 1.0)
    plant = crowd.plant()
    plant.run(crowd.expect(plant) + rest)
    if key in plant.keys_waiting or any(sent.ticket.key == key for sent, _ in plant.running.values()):
        return
    there, since = plant.keys_waiting, len(plant.services)
    plant.send(key, 1.0, 1.0)
    (pool,) = plant.scheduler._order.pools.values()
    standing = pool.contest.entrants.get(key)
    welcome = 0.49 * plant.scheduler._order.prices.quantum / weight
    if standing is None or standing.tag > standing.entered_at - welcome + 1e-9:
        return
    entrants = pool.contest.entrants
    behind = {other for other in there if entrants[other].level < standing.entered_at - 1e-9}
    before = behind | {other for other in there if plant.last_turns[other] <= plant.last_turns[key]}
    plant.run()
    turns = [service.ticket.key for service in plant.services[since:]]
    first = turns[: turns.index(key)]
    assert before.issuperset(first)
    once = [other for other in first if other not in behind]
    assert len(once) == len(set(once))


@given(
    nodes=st.integers(1, 3),
    behind=st.integers(0, 5),
    bursts=st.lists(st.tuples(st.integers(1, 6), st.sampled_from([1.0, 2.0, 9.0])), min_size=10, max_size=40),
    repeats=st.integers(1, 4),
)
def test_state_stays_bounded_under_ever_new_keys(
    nodes: int, behind: int, bursts: list[tuple[int, float]], repeats: int
) -> None:
    """25: entries <= keys waiting + running + in debt + served in the last 32 turns, under ever-new keys.

    Of those that only owe the thousand served last are kept. Sweeping is put off until there may be 64 and twice as
    many as were left by the last sweep; keys that came since then all wait, run, or were served meanwhile.
    """
    plant = Plant({f"n{number}": "m" for number in range(nodes)})
    names = (f"key{number}" for number in count())
    most = 0
    for many, secs in bursts * repeats:
        for _ in range(many):
            plant.send(next(names), secs, 3.0)
        while len(plant.waiting) > behind:
            plant.run(plant.now + 1.0)
        order = plant.scheduler._order
        owing = sum(
            not flow.waiting and any(standing.tag > pool.floor() for pool, standing in flow.standings.items())
            for flow in order.flows.values()
        )
        kept = len(plant.keys_waiting) + nodes + MEMORY + min(owing, MOST_DEBTORS)
        most = max(most, kept)
        assert len(order.flows) <= 64 + 2 * most + many
