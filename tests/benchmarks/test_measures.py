"""What the rows compute, against small cases computed by hand."""

from __future__ import annotations

import pytest

from benchmarks.backlog import share_errors
from benchmarks.bound import SHORTEST_SECS, drawn
from benchmarks.clients import had, keep, share, watched
from benchmarks.drain import Queue, drained
from benchmarks.flood import waits_of
from benchmarks.order import served
from benchmarks.stranded import NODES, Stranded
from benchmarks.trace import bursty, light_keys
from benchmarks.worlds import NEVER_SECS, alike, settings
from llmlb.scheduler.ticket import Ticket
from llmlb.simulate.drive import drive
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Job
from llmlb.simulate.mix import make_mix
from llmlb.simulate.workload import Arrival, Workload


def workload(*jobs: tuple[float, str, float], length: float = 600.0) -> Workload:
    return Workload(tuple(Arrival(at, Job(key, "", secs)) for at, key, secs in jobs), length)


def test_light_keys_are_the_least_that_make_up_at_most_a_quarter_of_the_work() -> None:
    asked = workload((0, "a", 10), (1, "b", 10), (2, "c", 20), (3, "d", 60))
    assert light_keys(asked) == {"a", "b"}
    assert light_keys(workload((0, "a", 30), (1, "b", 30), (2, "c", 40))) == frozenset()


def test_bursts_keep_order_and_stretch_of_every_request() -> None:
    asked = bursty(workload((0, "a", 1), (100, "b", 1), (299, "c", 1), (300, "d", 1), (450, "e", 1)), 300, 30)
    assert [arrival.at for arrival in asked.arrivals] == pytest.approx([0, 10, 29.9, 300, 315])
    assert [arrival.job.key for arrival in asked.arrivals] == list("abcde")


def test_shares_are_compared_with_those_by_weight_in_windows_after_the_start() -> None:
    # One node: A has it for the first 300 s (left out), then 100 s, and B 200 s of the next 300.
    run = drive(settings(timeout=NEVER_SECS), alike(1), workload((0, "A", 400), (350, "B", 200)))
    assert share_errors(run, {"A": 1.0, "B": 1.0}) == pytest.approx([2 / 3 - 1 / 2])
    assert share_errors(run, {"A": 1.0, "B": 2.0}) == pytest.approx([0.0])


def test_a_client_keeps_its_requests_up_until_it_stops() -> None:
    simulation = Simulation(settings(), alike(2))
    watch = watched(simulation)
    keep(simulation, ["A: closed=1, mean=4, cv=0", "B: closed=2, mean=4, cv=0, stop=6"], 16, 1)
    simulation.run()
    assert had(watch, "A", 0, 16) == pytest.approx(16)
    assert had(watch, "B", 0, 16) == pytest.approx(12)  # its third came at 4, and waited until 8
    assert share(watch, "B", 0, 4) == pytest.approx(1 / 2)


@pytest.mark.parametrize("seed", range(1, 30))
def test_random_cases_keep_to_the_conditions_of_the_bound(seed: int) -> None:
    case = drawn(seed, 100.0)
    longest = max(client.lengths.cap for client in case.workload.closed)
    others = sum(case.weights.values()) - min(case.weights.values())
    assert longest * others / (min(case.weights.values()) * case.count) < 300
    assert len(case.always) >= 2
    for client in case.workload.closed:
        assert client.count > 2 * case.count
        jobs = client.jobs()
        assert all(SHORTEST_SECS <= next(jobs).secs <= max(longest, SHORTEST_SECS) for _ in range(50))


def test_without_fairness_the_order_is_that_of_arrival() -> None:
    assert served(settings(fair=False, timeout=NEVER_SECS), 1, busy=False) == "AAAAABB"
    assert served(settings(fair=False, timeout=NEVER_SECS), 1, busy=True) == "AAAAABB"


def test_places_without_fairness_are_exact_on_one_node() -> None:
    told = drained(settings(fair=False, max_size=1000, timeout=NEVER_SECS), Queue(1, 0.9, 4), 1)
    assert sorted(place for place, _ in told) == list(range(1, len(told) + 1))
    assert {error for _, error in told} == {0}


def test_the_rest_of_a_flood_is_the_time_until_a_node_comes_free() -> None:
    run = drive(settings(), alike(1), workload((0, "H", 10), (4, "light-1", 1)))
    waits = waits_of([run])
    assert (waits.p50, waits.rest) == (6, 6)
    assert waits.refused == 0


def test_a_node_that_is_idle_while_a_request_waits_for_it_is_noticed() -> None:
    simulation = Simulation(settings(), NODES)
    waiting: list[Ticket] = []
    stranded = Stranded(simulation, lambda: waiting)
    simulation.submit(Job("A", "b", 10.0))  # has one of the three nodes that serve b

    def look(at: float) -> None:
        simulation.call_at(at, stranded.look)
        simulation.run(at)

    look(1.0)
    assert stranded.node_secs == 0
    waiting.append(Ticket("1", "B", "b", 1.0))
    look(1.0)
    look(5.0)
    assert stranded.node_secs == pytest.approx(2 * 4.0)
    waiting[0].tried = {node.name for node in NODES}
    look(5.0)
    look(8.0)
    assert stranded.node_secs == pytest.approx(2 * 4.0)


def test_mix_of_every_row_is_repeatable() -> None:
    assert make_mix(["A: rate=1"], 100, 3).arrivals == make_mix(["A: rate=1"], 100, 3).arrivals
