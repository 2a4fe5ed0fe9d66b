"""What a request will take, from what similar ones took."""

from __future__ import annotations

import pytest

from llmlb.scheduler.predictor import REMEMBERED, Line, Predictor, Ratio


def taught(*samples: tuple[str, str, float, float]) -> Predictor:
    predictor = Predictor(10.0)
    for key, model, size, value in samples:
        predictor.learn(key, model, size, value)
    return predictor


def test_nothing_known_the_default_is_predicted() -> None:
    predictor = Predictor(10.0)
    assert (predictor.known, predictor.predict("a", "m", 5000), predictor.mean) == (False, 10.0, 10.0)


def test_the_default_is_dropped_with_the_first_sample() -> None:
    predictor = taught(("a", "m", 100, 2.0))
    assert predictor.known
    assert predictor.predict("a", "m", 100) == pytest.approx(2.0)


def test_a_model_never_served_is_predicted_to_take_what_all_take() -> None:
    predictor = taught(("a", "m", 100, 2.0), ("a", "n", 100, 4.0))
    assert not predictor.knows("new")
    assert predictor.predict("z", "new", 1) == pytest.approx(3.0, rel=0.02)


def test_longer_prompts_are_predicted_to_take_longer_once_there_are_enough() -> None:
    few = taught(*(("a", "m", 1000.0 * size, 1.0 + size) for size in range(1, 6)))
    assert few.predict("a", "m", 5000) == few.predict("a", "m", 100)
    many = taught(*(("a", "m", 1000.0 * (n % 5), 1.0 + n % 5) for n in range(200)))
    assert many.predict("a", "m", 0) == pytest.approx(1.0, rel=0.01)
    assert many.predict("a", "m", 4000) == pytest.approx(5.0, rel=0.01)


def test_a_slope_downwards_is_none() -> None:
    predictor = taught(*(("a", "m", 1000.0 * (n % 5), 9.0 - n % 5) for n in range(200)))
    assert predictor.predict("a", "m", 0) == predictor.predict("a", "m", 4000) == pytest.approx(7.0, rel=0.02)


def test_a_line_that_would_begin_below_nothing_begins_at_nothing() -> None:
    line = Line()
    for n in range(200):
        line.add(10.0 + n % 3, (n % 3) * 10.0)
    assert line.a == 0.0
    assert line.b * 11 == pytest.approx(line.mean, rel=0.02)


def test_a_prediction_far_outside_what_was_seen_stays_within_twenty_means() -> None:
    predictor = taught(*(("a", "m", 100.0 * (n % 5), 1.0 + n % 5) for n in range(200)))
    assert predictor.predict("a", "m", 10**9) == pytest.approx(20 * 3.0, rel=0.02)


def test_old_samples_count_ever_less() -> None:
    predictor = taught(*(("a", "m", 1.0, 2.0) for _ in range(300)), *(("a", "m", 1.0, 8.0) for _ in range(300)))
    assert predictor.predict("a", "m", 1.0) == pytest.approx(8.0, rel=0.06), "and the key is no slower than itself"


def test_a_key_differs_by_its_own_ratio_drawn_to_one_while_it_is_new() -> None:
    both = [sample for _ in range(100) for sample in (("short", "m", 1.0, 2.0), ("long", "m", 1.0, 6.0))]
    predictor = taught(*both, ("new", "m", 1.0, 40.0))
    assert predictor.predict("short", "m", 1.0) == pytest.approx(2.0, rel=0.2)
    assert predictor.predict("long", "m", 1.0) == pytest.approx(6.0, rel=0.1)
    assert 4.0 < predictor.predict("new", "m", 1.0) < 12.0, "one sample of 40 is not believed"


def test_a_ratio_of_nothing_is_one() -> None:
    ratio = Ratio()
    assert ratio.value == 1.0
    ratio.add(0.0, 0.0)
    assert ratio.value == 1.0


def test_the_model_and_the_key_unheard_of_for_longest_are_forgotten() -> None:
    predictor = taught(("old", "old", 1.0, 1.0), ("kept", "kept", 1.0, 1.0))
    for number in range(REMEMBERED - 2):
        predictor.learn(f"k{number}", f"m{number}", 1.0, 5.0)
    predictor.learn("kept", "kept", 1.0, 1.0)
    assert predictor.knows("old")
    predictor.learn("k", "m", 1.0, 5.0)
    assert predictor.knows("kept")
    assert not predictor.knows("old")
