"""The numbers of a report, against cases that can be worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from llmlb.config.model import Config, Fairness, KeyConfig, Queue
from llmlb.simulate.drive import Run, drive
from llmlb.simulate.job import Job, NodeSpec
from llmlb.simulate.measure import Result, measure, others, quantile
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Arrival, Workload
from llmlb.telemetry.record import Outcome

ONE = [NodeSpec("n", ("m", "x"))]


def ran(
    *arrivals: tuple[float, str, float], length: float = 100.0, nodes: list[NodeSpec] = ONE, **queue: Any
) -> tuple[Run, Result]:
    """Arrivals are given as time, key and seconds."""
    retries = queue.pop("retries", 0)
    workload = Workload(tuple(Arrival(at, Job(key, "m", secs)) for at, key, secs in arrivals), length)
    run = drive(Config(queue=Queue(**queue)), nodes, workload, retries=retries)
    return run, measure(run)


def test_a_quantile_lies_between_its_neighbours() -> None:
    assert quantile([5.0], 0.9) == 5.0
    assert quantile([0.0, 10.0], 0.5) == 5.0
    assert quantile([0.0, 1.0, 2.0, 3.0, 4.0], 0.9) == pytest.approx(3.6)


def test_two_keys_on_one_node() -> None:
    _, result = ran((0, "a", 10), (0, "a", 20), (0, "b", 5), length=50.0)
    assert list(result.keys) == ["a", "b"], "the one that asked for most first"
    a, b = result.keys["a"], result.keys["b"]
    assert (a.asked, a.served, a.full, a.late, b.asked, b.served) == (2, 2, 0, 0, 1, 1)
    assert (a.waits.p50, b.waits.p50) == (7.5, 10.0)  # 0 and 15; b between a's two
    assert (a.share, b.share) == pytest.approx((30 / 50, 5 / 50))
    assert (a.fair, b.fair) == pytest.approx((30 / 50, 5 / 50))
    assert result.utilisation == pytest.approx(35 / 50)
    assert result.total.asked == 3


def test_service_after_the_end_of_the_workload_is_no_share_of_it() -> None:
    _, result = ran((0, "a", 30), (0, "b", 30), length=40.0)
    assert (result.keys["a"].share, result.keys["b"].share) == pytest.approx((0.75, 0.25))
    assert result.keys["b"].served == 1, "it is run to its end all the same"
    assert (result.keys["a"].fair, result.keys["b"].fair) == pytest.approx((0.5, 0.5))


def test_what_was_lost_counts_as_asked_for_but_not_as_a_wait() -> None:
    _, result = ran((0, "a", 30), (1, "a", 30), (2, "b", 30), (3, "b", 30), max_size=1, timeout_secs=10)
    a, b = result.keys["a"], result.keys["b"]
    assert (a.served, a.late, b.full) == (1, 1, 2)
    assert (a.waits.p50, a.waits.p99) == pytest.approx((5.0, 9.9))
    assert b.waits.p50 is None
    assert (b.share, b.fair) == pytest.approx((0.0, 0.5))
    assert result.promises == 2


def test_a_disabled_key_gets_nothing_and_is_owed_nothing() -> None:
    config = Config(api_keys=(KeyConfig(name="a", key="a" * 16, disabled=True), KeyConfig(name="b", key="b" * 16)))
    workload = make_mix(["a: closed=2", "b: closed=2"], 100.0, 1)
    run = drive(config, ONE, workload)
    result = measure(run)
    a, b = result.keys["a"], result.keys["b"]
    assert a.asked == a.failed == 2 * 100, "it asks again after a second"
    assert {fate.status for fate in run.fates if fate.job.key == "a"} == {401}
    assert (a.served, a.share, a.fair) == (0, 0.0, 0.0)
    assert b.failed == 0
    assert (b.share, b.fair) == pytest.approx((1.0, 1.0))


def test_estimates_are_held_against_the_waits() -> None:
    _, result = ran((0, "a", 10), (0, "b", 10), (0, "c", 20), length=60.0)
    # Nothing was known when they came: 10 s are assumed. b waits 10 and was told 10, c waits 20 and was told 20.
    assert result.estimates == 2
    assert result.estimate_error == pytest.approx(0.0, abs=0.01)
    _, result = ran((0, "a", 5), (0, "b", 5), length=60.0)
    assert result.estimate_error == pytest.approx(1.0)  # told 10, waited 5
    assert result.estimate_bias == pytest.approx(-5.0)
    assert result.estimate_miss == pytest.approx(5.0)
    assert result.below == 1.0


def test_a_wait_that_ended_at_the_deadline_counts_unless_more_was_told() -> None:
    _, result = ran((0, "a", 100), (0, "b", 10), (1, "c", 10), timeout_secs=15)
    # b was told 10 and gave up after 15; c, behind b, was told about 19: who knows.
    assert result.estimates == 1
    assert (result.estimate_bias, result.below) == pytest.approx((5.0, 0.0))


def test_refused_clients_would_have_found_a_place_when_told() -> None:
    _, result = ran((0, "a", 4), (0, "a", 4), (0, "b", 4), max_size=1)
    assert (result.promises, result.kept) == (1, 1.0)  # told 5, and after 4 the place is free
    _, result = ran((0, "a", 40), (0, "a", 40), (0, "b", 4), max_size=1)
    assert (result.promises, result.kept) == (1, 0.0)


def test_refused_clients_that_come_back_are_the_same_requests() -> None:
    run, result = ran((0, "a", 4), (0, "a", 4), (0, "b", 4), max_size=1, retries=1)
    assert (result.promises, result.kept) == (1, 1.0)
    b = result.keys["b"]
    assert (b.asked, b.served, b.full) == (1, 1, 0)
    assert [fate.arrived for fate in run.fates if fate.job.key == "b"] == [5.0]
    _, result = ran((0, "a", 40), (0, "a", 40), (0, "b", 4), max_size=1, retries=2)
    assert result.promises == 3, "two returns and a look when it would have been due again"
    assert (result.keys["b"].asked, result.keys["b"].full) == (1, 1)


def test_several_keys_can_be_taken_as_one() -> None:
    run, result = ran((0, "a", 10), (0, "b", 10), (0, "c", 10), length=30.0)
    both = others(run, result, ["b", "c"])
    assert (both.asked, both.served) == (2, 2)
    assert both.waits.p50 == 15.0
    assert (both.share, both.fair) == pytest.approx((2 / 3, 2 / 3))


def test_a_bound_is_given_only_where_one_is_promised() -> None:
    workload = Workload((Arrival(0.0, Job("a", "m", 2.0)),), 10.0)
    one, mixed = [NodeSpec("n", ("m",))], [NodeSpec("n", ("m",)), NodeSpec("o", ("m", "x"))]

    def bound(nodes: list[NodeSpec], config: Config) -> float | None:
        return measure(drive(config, nodes, workload)).bound

    assert bound(one, Config()) == pytest.approx(2.0 + 2 * 2.0)
    assert bound(one, Config(fairness=Fairness(quantum=7.0))) == pytest.approx(7.0 + 2 * 2.0)
    assert bound(mixed, Config()) is None
    assert bound(one, Config(queue=Queue(enable_fairness=False))) is None
    assert bound(one, Config(fairness=Fairness(cost="request"))) is None


def test_standing_demand_is_shared_evenly_and_within_the_bound() -> None:
    workload = make_mix(["a: closed=5, mean=12", "b: closed=5, mean=3", "c: rate=0.05, mean=2"], 1800.0, 1)
    nodes = [NodeSpec(f"n{n}") for n in range(2)]
    fair = measure(drive(Config(queue=Queue(timeout_secs=600)), nodes, workload))
    fifo = measure(drive(Config(queue=Queue(timeout_secs=600, enable_fairness=False)), nodes, workload))
    assert fair.keys["a"].share == pytest.approx(fair.keys["a"].fair, abs=0.03)
    assert fair.keys["b"].share == pytest.approx(fair.keys["b"].fair, abs=0.03)
    assert fair.gap is not None
    assert fair.bound is not None
    assert fair.gap <= fair.bound
    assert fifo.keys["a"].share > fifo.keys["a"].fair + 0.15
    assert fifo.gap is not None
    assert fifo.gap > fair.bound
    assert fair.jain_worst is not None
    assert fifo.jain_mean is not None
    assert fair.jain_worst > fifo.jain_mean
    assert fair.utilisation == pytest.approx(1.0, abs=0.01)


def test_a_client_that_always_wants_more_pauses_where_it_is_refused_or_unserved() -> None:
    workload = make_mix(["a: closed=3, mean=10, cv=0", "b: closed=1, model=none"], 60.0, 1)
    run = drive(Config(queue=Queue(max_size=1)), [NodeSpec("n", ("m",))], workload)
    full = [fate.arrived for fate in run.fates if fate.outcome is Outcome.REJECTED]
    assert full[:2] == [0.0, 5.0]
    unknown = [fate.arrived for fate in run.fates if fate.status == 404]
    assert unknown == [float(at) for at in range(60)]


def test_progress_is_told_from_start_to_end() -> None:
    parts: list[float] = []
    drive(Config(), ONE, Workload((Arrival(0.0, Job("a", "m", 2.0)),), 10.0), progress=parts.append)
    assert parts == sorted(parts)
    assert parts[-1] == 1.0
