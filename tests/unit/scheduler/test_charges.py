"""Who pays what, and when: told through what keys owe."""

from __future__ import annotations

import pytest

from llmlb.scheduler.debts import HORIZON_SECS
from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.ticket import Actual, Ticket

QUANTUM = 8.0


class Till:
    """A scheduler that counts seconds and guesses ten for everything: nothing it serves is complete."""

    def __init__(self, **nodes: str) -> None:
        self.scheduler = FairScheduler({"W": 2.0}, quantum=QUANTUM, default_service_secs=10.0)
        self.now = 0.0
        for node, models in nodes.items():
            self.scheduler.topology(node, frozenset(models), 0.0)
        self.tickets: dict[str, Ticket] = {}

    def ticket(self, name: str, model: str) -> Ticket:
        ticket = self.tickets[name] = Ticket(name, name[0], model, self.now)
        return ticket

    def serve(self, name: str, node: str = "n", model: str = "m") -> None:
        self.scheduler.serve(self.ticket(name, model), node, self.now)

    def wait(self, *names: str, model: str = "m") -> None:
        for name in names:
            self.scheduler.add(self.ticket(name, model), self.now)

    def take(self, node: str = "n") -> str:
        ticket = self.scheduler.take(node, self.now)
        return ticket.id if ticket else "-"

    def finish(self, name: str, secs: float, *, again: bool = False) -> None:
        self.scheduler.finish(self.tickets[name], Actual(secs, complete=False), self.now, again=again)

    def owes(self, key: str) -> float:
        return self.scheduler.debts().get(key, 0.0)


@pytest.fixture
def till() -> Till:
    return Till(n="m", o="m")


def test_what_nobody_waits_for_costs_nothing(till: Till) -> None:
    till.serve("A1")
    till.now = 50.0
    till.serve("B1", "o")
    till.finish("A1", 50.0)
    till.wait("A2", "B2")
    assert (till.owes("A"), till.owes("B")) == (0.0, 10.0), "B1 is in service: A waits for its node"


def test_a_request_is_charged_its_guess_from_the_moment_another_key_waits(till: Till) -> None:
    till.serve("A1")
    till.now = 4.0
    till.serve("B1", "o")
    till.wait("B2", "A2")
    assert till.owes("A") - till.owes("B") == pytest.approx(6.0 - 10.0)


def test_the_weight_divides_the_charge(till: Till) -> None:
    till.serve("W1")
    till.wait("A1", "W2")
    assert till.owes("W") == pytest.approx(10.0 / 2 + 0.49 * QUANTUM - 0.49 * QUANTUM / 2)


def test_who_overruns_the_guess_pays_as_it_runs(till: Till) -> None:
    till.serve("A1")
    till.serve("C1", "o")
    till.wait("B1", "A2")
    before = till.owes("A")
    till.now = 25.0
    till.wait("D1")
    assert till.owes("A") == pytest.approx(before + 15.0 + QUANTUM / 4)


@pytest.mark.parametrize("held", [1.0, 3.0, 10.0, 47.0])
def test_in_the_end_the_charge_is_what_it_really_was(till: Till, held: float) -> None:
    till.serve("A1")
    till.serve("C1", "o")
    till.wait("B1", "A2")
    before = till.owes("A") - 10.0
    till.now = held
    till.finish("A1", held)
    assert till.owes("A") == pytest.approx(max(0.0, before + held), abs=1e-9)


def test_requests_that_are_over_are_not_kept_until_their_guess_is(till: Till) -> None:
    till.wait("B1")
    for number in range(1000):
        till.serve(f"A{number}")
        till.finish(f"A{number}", 0.1)
    assert len(till.scheduler._order.charges._overruns) <= 2 * 64 + 2


def test_the_least_quantum_does_not_keep_it_charging_for_ever() -> None:
    scheduler = FairScheduler({}, quantum=1e-300, default_service_secs=1.0)
    scheduler.topology("n", frozenset("m"), 0.0)
    began, later = 6.816364556074682, 14.98789718974979  # of which the difference, added to the first, is less
    scheduler.serve(Ticket("A1", "A", "m", began), "n", began)
    scheduler.add(Ticket("B1", "B", "m", began), began)
    assert scheduler.take("n", later) is not None


def test_a_second_is_the_least_anything_costs(till: Till) -> None:
    till.serve("A1")
    till.serve("C1", "o")
    till.wait("B1", "A2")
    till.finish("A1", 0.01)
    assert till.owes("A") == pytest.approx(1.0 + 0.0)


def test_what_its_node_let_down_costs_nothing(till: Till) -> None:
    till.serve("X1")
    till.serve("Y1", "o")
    till.wait("A1", "B1", "A2", "B2")
    assert till.take() == "A1"
    assert till.owes("A") > 0.0
    till.now = 5.0
    till.finish("A1", 5.0, again=True)
    assert till.owes("A") == 0.0


def test_service_in_one_pool_counts_in_another_where_the_key_waits_but_no_more_than_three_quanta() -> None:
    till = Till(n="m", o="x")
    till.serve("X1", "o", "x")
    till.serve("Y1")
    till.wait("A1", "B1", model="x")
    till.wait(*(f"A{number}" for number in range(2, 9)), "Z2")
    assert [till.take() for _ in range(2)] == ["A2", "Z2"]
    till.wait("Z3", "Z4", "Z5", "Z6", "Z7")
    for _ in range(10):
        till.take()
    standing = till.scheduler._order.flows["A"].standings
    home, elsewhere = (next(s for pool, s in standing.items() if model in pool.models) for model in "mx")
    assert home.tag > 5 * QUANTUM
    assert elsewhere.tag == pytest.approx(3 * QUANTUM - 0.49 * QUANTUM)
    assert elsewhere.room == 0.0
    assert till.take("o") == "B1"


def test_a_refund_gives_back_elsewhere_what_was_counted_there_and_no_more() -> None:
    till = Till(n="m", o="x")
    till.serve("X1", "o", "x")
    till.serve("Y1")
    till.wait("A1", "B1", model="x")
    till.wait("A2", "Z2", "A3", "Z3")
    assert till.take() == "A2"
    assert till.owes("A") == pytest.approx(10.0)
    till.finish("A2", 10.0, again=True)
    assert till.owes("A") == 0.0
    assert till.take("o") == "A1", "as if nothing had been"


def test_a_debt_is_forgiven_when_its_key_has_waited_for_the_horizon(till: Till) -> None:
    till.serve("A1")
    till.serve("C1", "o")
    till.wait("B1", "B2", "B3")
    till.now = 1000.0
    till.finish("A1", 1000.0)
    till.wait("A2")
    assert till.owes("A") == pytest.approx(HORIZON_SECS, abs=QUANTUM)
    for passed in (100.0, 200.0, 301.0):
        till.now = 1000.0 + passed
        till.wait(f"D{passed}")
        assert till.owes("A") == pytest.approx(max(0.0, HORIZON_SECS - passed), abs=1.01)
