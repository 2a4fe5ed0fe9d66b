"""The plan played through with drawn service times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf
from random import Random
from typing import NamedTuple

import pytest

from llmlb.scheduler import wait as module
from llmlb.scheduler.draws import STEPS, Node
from llmlb.scheduler.ratios import Ratios
from llmlb.scheduler.ticket import Ticket

M = frozenset({"m"})
AS_PREDICTED = Ratios()


class Step(NamedTuple):
    """A request that is served before, and what it is predicted to take."""

    ticket: Ticket
    secs: float


def step(secs: float, deadline: float = inf, model: str = "m") -> Step:
    return Step(Ticket("id", "A", model, 0.0, deadline), secs)


def wait(
    nodes: Sequence[Node], ahead: Sequence[Step], rest: float, model: str, ratios: Ratios, now: float, soon: float = 0.0
) -> float:
    tickets, secs = [step.ticket for step in ahead], [step.secs for step in ahead]
    return module.wait(nodes, tickets, secs, rest, model, ratios, now, soon)


def waits(nodes: Sequence[Node], times: float, steps: Sequence[Step], ratios: Ratios, now: float) -> Iterator[float]:
    tickets, secs = [step.ticket for step in steps], [step.secs for step in steps]
    return module.waits(nodes, times, tickets, secs, ratios, now)


def at(*free: float, models: frozenset[str] = M, speed: float = 1.0) -> list[Node]:
    return [Node(models, when, speed) for when in free]


def test_with_nobody_before_it_a_request_waits_for_the_first_free_node() -> None:
    assert wait(at(107.0, 104.0), [], 0.0, "m", AS_PREDICTED, 100.0) == 4.0


def test_each_request_before_it_takes_the_node_that_is_free_first() -> None:
    assert wait(at(104.0, 107.0), [step(10.0), step(1.0)], 0.0, "m", AS_PREDICTED, 100.0) == 8.0


def test_a_request_in_service_ends_when_predicted() -> None:
    node = Node(M, 100.0, 1.0, expected=10.0, elapsed=4.0)
    assert wait([node], [step(10.0)], 0.0, "m", AS_PREDICTED, 100.0) == pytest.approx(16.0)


def test_a_slow_node_takes_its_time() -> None:
    assert wait(at(100.0, speed=3.0), [step(2.0)], 0.0, "m", AS_PREDICTED, 100.0) == 6.0


def test_who_will_have_timed_out_by_his_turn_is_skipped() -> None:
    before = [step(10.0), step(50.0, deadline=105.0), step(10.0)]
    assert wait(at(100.0), before, 0.0, "m", AS_PREDICTED, 100.0) == 20.0


def test_nodes_that_cannot_serve_it_do_not_count() -> None:
    nodes = at(100.0) + at(130.0, models=frozenset({"x"}))
    before = [step(5.0, model="x"), step(7.0), step(1.0, model="nobody's")]
    assert wait(nodes, before, 0.0, "m", AS_PREDICTED, 100.0) == 7.0
    assert wait(nodes, before, 0.0, "x", AS_PREDICTED, 100.0) == 35.0


def test_of_two_kinds_of_nodes_that_fit_the_one_free_first_is_taken() -> None:
    nodes = at(100.0) + at(103.0, models=frozenset({"m", "x"}))
    assert wait(nodes, [step(10.0), step(10.0)], 0.0, "m", AS_PREDICTED, 100.0) == 10.0


def test_the_estimate_is_the_middle_of_what_may_happen() -> None:
    ratios = Ratios()
    for ratio in [0.5] * 50 + [1.0] * 50 + [8.0] * 50:
        ratios.add(ratio, 1.0)
    node = Node(M, 100.0, 1.0, expected=10.0)
    assert wait([node], [], 0.0, "m", ratios, 100.0) == pytest.approx(10.0)
    assert wait([node], [step(10.0)] * 40, 0.0, "m", ratios, 100.0) == pytest.approx(10 * 41 * 9.5 / 3, rel=0.15)


def test_it_never_shrinks_with_the_requests_before_it() -> None:
    ratios = Ratios()
    for number in range(200):
        ratios.add(0.2 + (number * 37 % 100) / 40, 1.0)
    nodes = [Node(M, 100.0, 1.0, expected=10.0, elapsed=elapsed) for elapsed in (1.0, 4.0, 11.0)]
    waits = [wait(nodes, [step(10.0)] * ahead, 0.0, "m", ratios, 100.0) for ahead in range(STEPS)]
    assert waits == sorted(waits)


def test_beyond_the_steps_the_rest_takes_as_long_as_predicted_shared_by_all() -> None:
    before = [step(10.0)] * STEPS
    near = wait(at(100.0, 100.0), before, 0.0, "m", AS_PREDICTED, 100.0)
    assert wait(at(100.0, 100.0), before, 600.0, "m", AS_PREDICTED, 100.0) == pytest.approx(near + 300.0)


def test_what_is_overdue_is_now() -> None:
    assert wait(at(90.0), [], 0.0, "m", AS_PREDICTED, 100.0) == 0.0


def uneven() -> Ratios:
    ratios = Ratios()
    for number in range(60):
        ratios.add(0.2 + number % 7, 1.0)
    return ratios


def test_all_at_once_wait_as_each_by_itself() -> None:
    ratios, nodes = uneven(), [*at(103.0, 101.0), Node(M, 100.0, 1.5, expected=10.0, elapsed=4.0)]
    steps = [step(1.0 + number % 5, deadline=130.0 if number % 11 == 3 else inf) for number in range(STEPS + 1)]
    alone = [wait(nodes, steps[:number], 0.0, "m", ratios, 100.0) for number in range(len(steps))]
    assert list(waits(nodes, 1.0, steps, ratios, 100.0)) == alone


def test_those_very_far_back_wait_for_what_is_predicted_of_those_before_them() -> None:
    ratios, nodes = uneven(), at(103.0, 101.0)
    steps = [step(2.0)] * (STEPS + 11)
    *_, last = waits(nodes, 1.0, steps, ratios, 100.0)
    assert last == pytest.approx(wait(nodes, steps[:STEPS], 10 * 2.0, "m", ratios, 100.0))


def test_where_each_node_stands_for_two_so_does_each_request() -> None:
    told = list(waits(at(100.0), 2.0, [step(4.0)] * 6, AS_PREDICTED, 100.0))
    assert told == [0.0, 0.0, 4.0, 4.0, 8.0, 8.0]


def test_all_at_once_each_waits_for_the_nodes_of_its_model() -> None:
    nodes = at(100.0) + at(130.0, models=frozenset({"x"}))
    steps = [step(5.0), step(7.0, model="x"), step(1.0), step(1.0, model="x")]
    assert list(waits(nodes, 1.0, steps, AS_PREDICTED, 100.0)) == [0.0, 30.0, 5.0, 37.0]


@pytest.mark.parametrize("services", [0.001, 0.02, 0.1])
@pytest.mark.parametrize("ahead", [0, 5, 40])
@pytest.mark.parametrize("busy", [1, 3])
def test_where_no_draw_could_be_longer_than_told_the_one_with_means_is_enough(
    services: float, ahead: int, busy: int
) -> None:
    """What is told is the same second; where a draw could be longer, all are made as ever."""
    ratios = uneven()
    nodes = [Node(M, 100.0, 1.0 + number / 4, expected=services, elapsed=services / 3) for number in range(busy)]
    before = [step(services)] * ahead
    drawn = wait(nodes, before, 0.0, "m", ratios, 100.0)
    told = wait(nodes, before, 0.0, "m", ratios, 100.0, soon=1.0)
    longest = max(ratios.table()) * services * 2 * (ahead + busy)
    if longest <= busy:
        assert 0.0 < told <= 1.0
        assert 0.0 < drawn <= 1.0
    elif drawn > 1.0:
        assert told == drawn


def test_it_is_one_draw_that_is_played_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ratios, "table", lambda _: pytest.fail("nothing is drawn"))
    node = Node(M, 100.0, 1.0, expected=0.02, elapsed=0.01)
    assert wait([node], [step(0.02)] * 3, 0.0, "m", AS_PREDICTED, 100.0, soon=1.0) == pytest.approx(0.07)


def test_so_it_is_with_nodes_of_several_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of which those that cannot serve it, and what they have to do, count for nothing."""
    nodes = at(100.0) + at(100.3, models=frozenset({"x"}))
    before = [step(9.0), step(0.1, model="x")]
    assert wait(nodes, before, 0.0, "m", AS_PREDICTED, 100.0, soon=1.0) == pytest.approx(9.0)
    monkeypatch.setattr(Ratios, "table", lambda _: pytest.fail("nothing is drawn"))
    assert wait(nodes, [], 0.0, "x", AS_PREDICTED, 100.0, soon=1.0) == pytest.approx(0.3)
    assert wait(nodes, before, 0.0, "x", AS_PREDICTED, 100.0, soon=1.0) == pytest.approx(0.4)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_told_to_be_less_than_a_second_is_so_in_every_draw(seed: int) -> None:
    random, ratios = Random(seed), uneven()
    kinds = [frozenset("m"), frozenset("x"), frozenset("mx")]
    for _ in range(40):
        nodes = [
            Node(random.choice(kinds), 100.0, random.uniform(0.5, 2.0), random.choice([0.0, 0.3]), random.uniform(0, 3))
            for _ in range(random.randint(1, 5))
        ]
        nodes.append(Node(kinds[0], 100.2, 1.0))
        before = [step(random.uniform(0.001, 0.2), model=random.choice("mx")) for _ in range(random.randint(0, 12))]
        longest = module._longest(nodes, [one.ticket for one in before], [one.secs for one in before], "m", ratios, 100)
        assert wait(nodes, before, 0.0, "m", ratios, 100.0) <= longest + 1e-9
        assert wait(nodes, before, 0.0, "m", ratios, 100.0, soon=inf) <= longest + 1e-9
