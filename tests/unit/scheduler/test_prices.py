"""What requests cost."""

from __future__ import annotations

import pytest

from llmlb.scheduler.predictor import Predictor
from llmlb.scheduler.prices import DEFAULT_TOKENS, RECENT, Cost, Prices
from llmlb.scheduler.ticket import Actual, Ticket

TICKET = Ticket("1", "A", "m", 0.0, size=400)


def prices(unit: Cost, quantum: float = 0.0, default_secs: float = 10.0) -> Prices:
    return Prices(unit, quantum, Predictor(default_secs))


def test_by_request_everything_costs_one_and_nothing_while_it_runs() -> None:
    by_request = prices("request")
    assert by_request.guess(TICKET) == by_request.true(TICKET, Actual(500.0, complete=False), 0.0) == 1.0
    assert by_request.rate(TICKET) == 0.0
    by_request.learn(TICKET, Actual(500.0, complete=True), 1.0)
    assert by_request.quantum == 1.0


def test_by_seconds_the_node_time_is_the_cost_but_no_less_than_a_second() -> None:
    by_seconds = prices("seconds")
    assert by_seconds.guess(TICKET) == 10.0
    assert by_seconds.rate(TICKET) == 1.0
    assert by_seconds.true(TICKET, Actual(7.5, complete=False), 1.0) == 7.5
    assert by_seconds.true(TICKET, Actual(0.2, complete=True), 1.0) == 1.0
    assert prices("seconds", default_secs=0.1).guess(TICKET) == 1.0


def test_by_tokens_the_count_is_the_cost_and_the_time_stands_in_for_it() -> None:
    by_tokens = prices("tokens")
    assert by_tokens.guess(TICKET) == DEFAULT_TOKENS
    assert by_tokens.rate(TICKET) == DEFAULT_TOKENS / 10.0
    assert by_tokens.true(TICKET, Actual(3.0, complete=True, tokens=1234), 50.0) == 1234
    assert by_tokens.true(TICKET, Actual(3.0, complete=False), 50.0) == 150
    assert by_tokens.true(TICKET, Actual(3.0, complete=True, tokens=2), 50.0) == 50


def test_tokens_are_learned_where_they_were_told() -> None:
    by_tokens = prices("tokens")
    by_tokens.learn(TICKET, Actual(3.0, complete=False, tokens=9000), 9000)
    by_tokens.learn(TICKET, Actual(3.0, complete=True), 150)
    assert by_tokens.guess(TICKET) == DEFAULT_TOKENS
    by_tokens.learn(TICKET, Actual(3.0, complete=True, tokens=800), 800)
    assert by_tokens.guess(TICKET) == pytest.approx(800)


def test_what_is_told_to_have_had_no_tokens_is_learned_at_its_floor() -> None:
    """Some nodes tell 0 for everything: a second of node time must be worth something all the same."""
    by_tokens = prices("tokens")
    for _ in range(3):
        by_tokens.learn(TICKET, Actual(10.0, complete=True, tokens=0), by_tokens.floor)
    assert by_tokens.per_second() == by_tokens.rate(TICKET) == by_tokens.floor / 10.0


def test_the_quantum_is_the_mean_of_the_last_fifty_true_costs() -> None:
    by_seconds = prices("seconds")
    assert by_seconds.quantum == 1.0, "the floor while nothing is known; never a guess"
    for _ in range(100):
        by_seconds.learn(TICKET, Actual(30.0, complete=True), 30.0)
    for cost in range(RECENT):
        by_seconds.learn(TICKET, Actual(cost, complete=True), cost)
    assert by_seconds.quantum == pytest.approx((RECENT - 1) / 2)


@pytest.mark.parametrize("unit", ["seconds", "tokens", "request"])
def test_a_quantum_that_is_set_stays(unit: Cost) -> None:
    fixed = prices(unit, quantum=25.0)
    fixed.learn(TICKET, Actual(3.0, complete=True, tokens=100), 100.0)
    assert fixed.quantum == 25.0


def test_a_second_of_node_time_is_worth_its_share_of_a_request_or_its_tokens() -> None:
    assert prices("seconds").per_second() == 1.0
    assert prices("request", default_secs=4.0).per_second() == 0.25
    assert prices("tokens", default_secs=4.0).per_second() == DEFAULT_TOKENS / 4
