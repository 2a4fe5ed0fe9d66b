"""`Retry-After`, over any departures and any refusals, and for queues as they come."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import given

from llmlb.scheduler.promises import CAP_SECS, Promises
from tests.property.crowds import Crowd, crowds
from tests.property.plant import Plant

MOMENTS = st.lists(st.sampled_from([0.0, 0.0, 0.0, 0.3, 1.0, 7.0, 100.0]), min_size=1, max_size=40)
DEPARTURES = st.lists(st.floats(0.0, 500.0) | st.just(float("inf")), max_size=12).map(sorted)


@given(leaving=DEPARTURES, free=st.integers(0, 3), moments=MOMENTS)
def test_it_is_one_to_sixty_and_never_less_for_who_is_refused_later_in_one_instant(
    leaving: list[float], free: int, moments: list[float]
) -> None:
    """39: Retry-After >= 1, <= cap (60), non-decreasing over refusals within one instant."""
    promises = Promises()
    now, told = 1000.0, 0
    for moment in moments:
        now += moment
        seconds = promises.make([now + at for at in leaving], free, now)
        assert 1 <= seconds <= CAP_SECS == 60
        assert moment or seconds >= told
        told = seconds


@given(crowd=crowds(nodes=st.integers(1, 3)), moments=MOMENTS, free=st.integers(0, 2), key=st.sampled_from("ABN"))
def test_so_it_is_for_a_queue_that_serves_on_between_refusals(
    crowd: Crowd, moments: list[float], free: int, key: str
) -> None:
    """39, of a queue that has learned what it takes: for those the queue has no place for, and for those at their key's
    own limit. While nothing is known it is 5."""
    plant = Plant({f"n{number}": "m" for number in range(crowd.nodes)}, crowd.weights, learns=True)
    crowd.expect(plant)
    scheduler, told, told_own = plant.scheduler, 0, 0
    for moment in moments:
        plant.run(plant.now + moment)
        known = any(service.end <= plant.now for service in plant.services)
        seconds, own = scheduler.retry_after(free, plant.now), scheduler.retry_after_own(key, 0, plant.now)
        for answer, before in ((seconds, told), (own, told_own)):
            assert 1 <= answer <= 60
            assert moment or answer >= before
            assert known or answer == 5
        told, told_own = seconds, own


@given(each=st.integers(1, 12), nodes=st.integers(1, 4), secs=st.integers(2, 9), refusals=st.integers(1, 30))
def test_of_constant_service_times_no_refused_client_is_told_to_come_before_its_place_is_free(
    each: int, nodes: int, secs: int, refusals: int
) -> None:
    """39, what the number means: clients refused in one instant that come back when told, and nobody else, each find a
    place that those before them have not taken. (Never early where service times are constant; late by what the square
    root sets aside for those who come untold.)
    """
    plant = Plant({f"n{number}": "m" for number in range(nodes)}, learns=True)
    plant.send("A", secs)
    plant.run()
    for _ in range(nodes + each):
        plant.send("A", secs)
    size, refused = len(plant.waiting), plant.now
    told = [plant.scheduler.retry_after(0, refused) for _ in range(min(refusals, each))]
    for seconds in told:
        plant.run(refused + seconds)
        assert seconds == CAP_SECS or len(plant.waiting) < size
        plant.send("B", secs)
