"""How long services take."""

from __future__ import annotations

import pytest

from llmlb.scheduler.service_times import MOST_MODELS, WINDOW, Mean, ServiceTimes


def test_a_mean_of_nothing_is_unknown() -> None:
    assert Mean().value is None


def test_the_mean_is_of_the_last_values_only() -> None:
    mean = Mean()
    for _ in range(100):
        mean.add(1000.0)
    for _ in range(WINDOW - 1):
        mean.add(2.0)
    assert mean.value == pytest.approx((1000 + 2 * (WINDOW - 1)) / WINDOW)
    mean.add(2.0)
    assert mean.value == pytest.approx(2.0)


def test_a_model_has_its_own_mean_and_an_unknown_one_that_of_all() -> None:
    times = ServiceTimes(10.0)
    assert (times.known, times.expected("a")) == (False, 10.0)
    times.add("a", 2.0)
    times.add("b", 4.0)
    assert times.known
    assert [times.expected(model) for model in ("a", "b", "new")] == [2.0, 4.0, 3.0]


def test_what_remains_is_what_is_expected_less_what_was_had() -> None:
    times = ServiceTimes(10.0)
    assert times.remaining("a", 4.0) == 6.0


@pytest.mark.parametrize(("elapsed", "remains"), [(10.0, 2.5), (12.0, 3.0), (400.0, 100.0)])
def test_of_an_overdue_request_a_quarter_of_what_it_had_remains(elapsed: float, remains: float) -> None:
    assert ServiceTimes(10.0).remaining("a", elapsed) == remains


def test_the_model_unheard_of_for_longest_is_forgotten() -> None:
    times = ServiceTimes(10.0)
    times.add("old", 1.0)
    times.add("kept", 1.0)
    for number in range(MOST_MODELS - 2):
        times.add(f"m{number}", 5.0)
    times.add("kept", 1.0)
    assert times.expected("old") == 1.0
    times.add("one more", 5.0)
    assert times.expected("kept") == 1.0
    assert times.expected("old") == pytest.approx(5.0, rel=0.02), "as any model that was never served"
