"""The spread that estimates are drawn from."""

from __future__ import annotations

import pytest

from llmlb.scheduler.ratios import FEW, LEAST, MOST, WINDOW, Ratios


def of(*values: float) -> Ratios:
    ratios = Ratios()
    for value in values:
        ratios.add(value, 1.0)
    return ratios


def test_while_few_have_finished_the_missing_ones_came_out_as_predicted() -> None:
    assert sorted(Ratios().table()) == [1.0] * FEW
    assert sorted(of(3.0, 0.5).table()) == [0.5, *[1.0] * (FEW - 2), 3.0]
    assert sorted(of(*[2.0] * (FEW + 1)).table()) == [2.0] * (FEW + 1)


def test_the_window_forgets_the_oldest() -> None:
    ratios = of(*[5.0] * 100, *[2.0] * WINDOW)
    assert ratios.table() == [2.0] * WINDOW
    assert ratios.mean == 2.0


def test_a_ratio_gone_wrong_counts_only_so_far() -> None:
    assert {*of(1e9, 1e-9, *[1.0] * FEW).table()} == {LEAST, 1.0, MOST}


def test_every_stretch_of_the_table_is_a_fair_sample() -> None:
    table = of(*(0.5 + number / WINDOW for number in range(WINDOW))).table()
    for begin in range(0, WINDOW - 16, 7):
        assert sum(table[begin : begin + 16]) / 16 == pytest.approx(1.0, abs=0.08)


def test_no_stretch_of_the_table_makes_services_longer_than_the_most_told() -> None:
    ratios = of(*(0.5 + number % 7 / 4 for number in range(60)), 15.0)
    table = ratios.table() * 3
    for count in (1, 2, 30, len(ratios.table()), 96):
        predicted = [1.0 + number % 3 for number in range(count)]
        longest = max(
            sum(secs * ratio for secs, ratio in zip(predicted, table[begin:], strict=False))
            for begin in range(len(ratios.table()))
        )
        assert longest <= ratios.most_of(predicted)
    assert ratios.most_of([2.0]) == 30.0
    assert ratios.most_of([1.0] * 30) < 30 * 2.6, "one that went wrong counts once"


def test_the_table_is_the_same_each_time() -> None:
    ratios = of(*(0.1 * number for number in range(1, 40)))
    assert ratios.table() == ratios.table() == of(*(0.1 * number for number in range(1, 40))).table()


def test_what_remains_is_drawn_from_those_that_took_longer() -> None:
    ratios = of(*[0.5] * 10, *[1.5] * 10, *[2.5] * 10)
    assert ratios.remaining(10.0, 0.0, 0.0) == pytest.approx(5.0)
    assert ratios.remaining(10.0, 6.0, 0.0) == pytest.approx(9.0)
    assert ratios.remaining(10.0, 6.0, 0.99) == pytest.approx(19.0)


@pytest.mark.parametrize(("elapsed", "remains"), [(25.0, 6.25), (400.0, 100.0)])
def test_one_that_runs_for_longer_than_any_is_given_a_quarter_of_what_it_had(elapsed: float, remains: float) -> None:
    assert of(*[2.5] * FEW).remaining(10.0, elapsed, 0.5) == remains
