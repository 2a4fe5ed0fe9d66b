"""The wait that is told: never below 0, longer further back, right where nothing is uncertain, else a median.

The scheduler tells seconds; that a client is told whole ones, rounded up, is the gateway's business.
"""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from random import Random

import hypothesis.strategies as st
from hypothesis import example, given

from llmlb.scheduler.fair import TOLD_SECS, FairScheduler
from llmlb.scheduler.forecasts import ENOUGH, LEAST, MOST, Forecasts
from llmlb.scheduler.ticket import Ticket
from tests.property.crowds import Crowd, crowds
from tests.property.plant import Plant


def learned(crowd: Crowd, nodes: dict[str, str], elapsed: float, *, elsewhere: int = 0) -> Plant:
    """A scheduler that has heard of every request of the crowd that is over, with some of them still to serve.

    `elsewhere`: so many requests for the model x came first, and take for ever.
    """
    plant = Plant(nodes, crowd.weights, learns=True)
    for number in range(elsewhere):
        plant.send(f"X{number % 3}", 1e6, model="x")
    plant.run(crowd.expect(plant) + elapsed)
    return plant


def waits(plant: Plant) -> dict[str, float | None]:
    """What each who waits would be told, by its id."""
    places = {id: plant.scheduler.place(sent.ticket, plant.now) for id, sent in plant.waiting.items()}
    return {id: place.wait for id, place in places.items()}


def _send(plant: Plant, key: str, secs: float) -> None:
    plant.send(key, secs)


ELAPSED = st.sampled_from([0.0, 0.3, 1.7, 9.1])


@given(crowd=crowds(nodes=st.integers(1, 5)), elapsed=ELAPSED, each=st.integers(1, 40))
def test_the_further_back_the_longer_the_wait_and_never_below_zero(crowd: Crowd, elapsed: float, each: int) -> None:
    """36: estimate >= 0, and monotone in place for one key's queue with equal guesses.

    And for all who wait for one pool, of whatever keys, in the order of their places. Below a second, which is all that
    is told then, some are looked at less closely than others.
    """
    plant = learned(crowd, {f"n{number}": "m" for number in range(crowd.nodes)}, elapsed)
    for _ in range(each):
        plant.send("A", 1.0)
        plant.send("B", 1.0)
    places = [plant.scheduler.place(sent.ticket, plant.now) for sent in plant.waiting.values()]
    places.sort(key=lambda place: place.position)
    told = [place.wait for place in places]
    assert all(wait is not None and wait >= 0.0 for wait in told)
    for near, far in pairwise(told):
        assert near is not None
        assert far is not None
        assert near <= max(far, TOLD_SECS) + 1e-9


@given(crowd=crowds(nodes=st.integers(1, 3)), elapsed=ELAPSED, each=st.integers(2, 6), models=st.permutations("abc"))
def test_so_it_is_for_one_keys_queue_where_pools_overlap(
    crowd: Crowd, elapsed: float, each: int, models: list[str]
) -> None:
    """36, with several pools: of two requests of one key and model the later one is told the longer wait."""
    nodes = {f"n{number}": " ".join(["m", *models[:number]]) for number in range(crowd.nodes)}
    plant = learned(crowd, nodes, elapsed)
    for number in range(each):
        for key in "AB":
            plant.send(key, 1.0)
            plant.send(key, 1.0, model=models[number % max(1, crowd.nodes - 1)] if crowd.nodes > 1 else "m")
    queues: dict[tuple[str, str], list[float]] = {}
    for sent in plant.waiting.values():
        wait = plant.scheduler.place(sent.ticket, plant.now).wait
        assert wait is not None
        assert wait >= 0.0
        queues.setdefault((sent.ticket.key, sent.ticket.model), []).append(wait)
    for told in queues.values():
        assert all(near <= max(far, TOLD_SECS) + 1e-9 for near, far in pairwise(told))


@given(crowd=crowds(nodes=st.integers(1, 3)), elapsed=ELAPSED, others=st.integers(1, 4), busy=st.integers(0, 9))
def test_nodes_that_cannot_serve_it_count_for_nothing(crowd: Crowd, elapsed: float, others: int, busy: int) -> None:
    """36: the estimate ignores nodes that cannot serve, idle or busy, with whatever waits for those; where no node can
    serve it there is none.

    One request elsewhere runs all the time in both cases: the queue begins anew when all nodes are idle.
    """
    nodes = {f"n{number}": "m" for number in range(crowd.nodes)} | {"x": "x"}
    alone = learned(crowd, nodes, elapsed, elsewhere=1)
    beside = learned(crowd, nodes | {f"x{number}": "x" for number in range(others)}, elapsed, elsewhere=1 + busy)
    for plant in (alone, beside):
        lost = Ticket("lost", "A", "y", plant.now)
        plant.scheduler.add(lost, plant.now)
        assert plant.scheduler.place(lost, plant.now).wait is None
    ours = [sent.ticket for sent in beside.waiting.values() if sent.ticket.model == "m"]
    same = [sent.ticket for sent in alone.waiting.values() if sent.ticket.model == "m"]
    assert [ticket.key for ticket in ours] == [ticket.key for ticket in same]
    for one, other in zip(ours, same, strict=True):
        assert beside.scheduler.place(one, beside.now) == alone.scheduler.place(other, alone.now)


@given(position=st.integers(1, 100), secs=st.integers(1, 300), known=st.booleans())
@example(position=3, secs=10, known=True)
@example(position=3, secs=10, known=False)
def test_the_third_on_one_node_of_ten_seconds_each_is_told_thirty(position: int, secs: int, known: bool) -> None:
    """36, W3's case: position 3 on one node whose requests take 10 s, one just begun: 30. So for any place and length,
    and before the first sample with what the settings say."""
    scheduler = FairScheduler({}, default_service_secs=1.0 if known else secs)
    plant = Plant({"n": "m"}, learns=True)
    plant.scheduler = scheduler
    scheduler.topology("n", frozenset("m"), 0.0)
    if known:
        plant.send("A", secs)
        plant.run()
    for _ in range(position + 1):
        ticket = plant.send("A", secs)
    place = scheduler.place(ticket, plant.now)
    assert place.position == position
    assert place.wait is not None
    assert abs(place.wait - position * secs) < 1e-6 * position * secs


@given(
    nodes=st.integers(1, 5),
    secs=st.sampled_from([0.2, 1.0, 3.0, 7.0]),
    weights=st.fixed_dictionaries(dict.fromkeys("ABC", st.sampled_from([1.0, 1.3, 3.7]))),
    before=st.integers(1, 30),
    burst=st.lists(st.sampled_from("ABC"), min_size=1, max_size=40),
    apart=st.sampled_from([0.0, 0.07, 0.61]),
    elapsed=st.sampled_from([0.01, 0.5, 0.99]),
)
def test_with_constant_service_times_and_no_arrivals_the_wait_is_exact(
    nodes: int, secs: float, weights: dict[str, float], before: int, burst: list[str], apart: float, elapsed: float
) -> None:
    """37: exact within 1 s (any N, one pool), as soon as one request has finished.

    Except for one who asks in the very instant in which another request is due to end: a request that has had all the
    time that any took is taken for one that goes on, for a quarter of it. And for ties: with constant times and a
    weight that is twice another, a key may come to stand exactly on the limit of a round, and the last bit of the guess
    decides whether it is in. These weights have no such ties. And within the horizon: after 300 s debts are forgiven.
    """
    plant = Plant({f"n{number}": "m" for number in range(nodes)}, weights, learns=True)
    for number in range(before):
        plant.at(number * apart * secs, partial(_send, plant, "ABC"[number % 3], secs))
    plant.run()
    start = plant.now + 0.001
    for number, key in enumerate(burst):
        plant.at(start + min(number, nodes) * apart * secs / nodes, partial(_send, plant, key, secs))
    plant.run(start + apart * secs + elapsed * secs / nodes * 0.37)
    told, asked = waits(plant), plant.now
    plant.run()
    began = {service.ticket.id: service.start for service in plant.services}
    for id, wait in told.items():
        assert wait is not None
        assert abs(began[id] - asked - wait) <= 1.0


@given(
    ends=st.lists(
        st.tuples(st.floats(0.0, 1e4), st.floats(0.0, 1e4), st.sampled_from([0.0, 0.5, 1.0, 1.5, 30.0])), max_size=300
    ),
    same=st.integers(0, 400),
)
def test_the_learned_factor_stays_between_its_limits(ends: list[tuple[float, float, float]], same: int) -> None:
    """38: within [0.3, 8], whatever waits turn out to be; and 1 until twenty have been seen."""
    forecasts = Forecasts()
    for number, (waited, drawn, told) in enumerate(ends + ends[-1:] * same):
        forecasts.ended(waited, drawn, told)
        assert LEAST <= forecasts.factor <= MOST
        assert number + 1 >= ENOUGH or forecasts.factor == 1.0
    assert (LEAST, MOST) == (0.3, 8.0)


@given(
    median=st.floats(0.4, 6.0),
    spread=st.floats(0.15, 1.5),
    drawn=st.lists(st.floats(60.0, 600.0), min_size=1, max_size=20),
    number=st.sampled_from([100, 400, 2000]),
    seed=st.integers(0, 2**32),
)
def test_half_of_the_waits_are_shorter_than_told(
    median: float, spread: float, drawn: list[float], number: int, seed: int
) -> None:
    """38: after n samples from a stationary source the share below is 50% +- 4/sqrt(n) +- 5%.

    A source: waits are what was drawn times a random ratio, of any median that the factor can follow. Its spread is
    wide against the half second within which a wait is as told, and moves nothing. The n are counted once the factor
    has had 150 waits to get there, 2% each.
    """
    forecasts, random, before = Forecasts(), Random(seed), 0
    for step in range(150 + number):
        if step == 150:
            before = forecasts.shorter
        guess = drawn[step % len(drawn)]
        forecasts.ended(guess * median * random.lognormvariate(0.0, spread), guess, guess * forecasts.factor)
    share = (forecasts.shorter - before) / number
    assert abs(share - 0.5) <= 4 / number**0.5 + 0.05
