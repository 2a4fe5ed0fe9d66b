from __future__ import annotations

from random import Random

import attrs
import pytest

from llmlb.scheduler.prices import Cost
from llmlb.simulate.engine import Simulation
from llmlb.simulate.job import Fate, Job, NodeSpec
from llmlb.simulate.observer import Observer
from llmlb.telemetry.record import Outcome
from tests.unit.simulate.stand import Stand, Steps, config


@pytest.mark.parametrize("idle_at_first", [True, False])
def test_two_keys_take_turns_whether_the_first_found_the_node_idle_or_busy(idle_at_first: bool) -> None:
    stand = Stand()
    if not idle_at_first:
        stand.come("X1", secs=1)
    stand.come("A1 A2 A3 A4 A5", 0.1)
    stand.come("B1 B2", 0.2)
    stand.simulation.run()
    assert stand.order.removeprefix("X1 ") == "A1 B1 A2 B2 A3 A4 A5"


def test_without_fairness_requests_go_in_the_order_of_their_arrival() -> None:
    stand = Stand(settings=config(enable_fairness=False))
    stand.come("A1 A2 A3 B1", 0.0)
    stand.come("A4 B2", 0.5)
    stand.simulation.run()
    assert stand.order == "A1 A2 A3 B1 A4 B2"


def test_a_fate_says_what_happened_when() -> None:
    stand = Stand()
    stand.come("A1 B1", 2.0, secs=10.0)
    stand.simulation.run()
    first, second = stand.simulation.fates
    assert first == Fate(
        Job("A", "", 10.0), Outcome.SERVED, 200, 2.0, 0.0, 2.0, 12.0, "n", None, None, None, attempts=1
    )
    assert second.waited == 10.0
    assert (second.arrived, second.started, second.ended, second.position) == (2.0, 12.0, 22.0, 1)
    assert second.estimate == pytest.approx(10.0)  # default_service_secs: nothing has been measured yet


def test_a_faster_node_takes_less_time() -> None:
    simulation = Simulation(config(), [NodeSpec("n", speed=4.0)])
    simulation.submit(Job("A", "", 10.0))
    simulation.run()
    assert simulation.fates[0].ended == 2.5


def test_a_request_goes_only_to_nodes_with_its_model_and_blocks_nobody_else() -> None:
    stand = Stand({"n1": "a", "n2": "b"})
    stand.come("A1 A2 A3", model="a")
    stand.come("B1", 1.0, model="b")
    stand.simulation.run()
    assert [fate.node for fate in stand.simulation.fates if fate.job.model == "b"] == ["n2"]
    assert stand.requests["B1"].fate is not None
    assert stand.requests["B1"].fate.waited == 0


def test_a_request_waits_no_longer_than_the_timeout_in_the_queue() -> None:
    stand = Stand(settings=config(timeout_secs=7))
    stand.come("A1", secs=20.0)
    stand.come("B1 B2", 1.0)
    stand.simulation.run()
    assert stand.status("A1 B1 B2") == [200, 504, 504]
    late = stand.simulation.fates[0]
    assert (late.outcome, late.ended, late.waited, late.started) == (Outcome.TIMED_OUT, 8.0, 7.0, None)
    assert late.retry_after is not None


def test_beyond_the_size_of_the_queue_requests_are_refused_at_once() -> None:
    stand = Stand(settings=config(max_size=2))
    stand.come("A1 A2 A3 A4 A5")
    stand.simulation.run()
    assert stand.status("A1 A2 A3 A4 A5") == [200, 200, 200, 429, 429]
    refused = stand.simulation.fates[0]
    assert (refused.outcome, refused.waited, refused.attempts, refused.retry_after) == (Outcome.REJECTED, 0.0, 0, 5)


def test_a_key_may_have_a_limit_of_its_own() -> None:
    stand = Stand(settings=config(max_per_key=1))
    stand.come("A1 A2 A3 B1")
    stand.simulation.run()
    assert stand.status("A1 A2 A3 B1") == [200, 200, 429, 200]


def test_a_configured_key_may_have_another_limit_than_all_keys() -> None:
    settings = config({"A": 1.0}, max_per_key=2)
    stand = Stand(settings=attrs.evolve(settings, api_keys=(attrs.evolve(settings.api_keys[0], max_waiting=1),)))
    stand.come("A1 A2 A3 B1 B2 B3")
    stand.simulation.run(1.0)
    room = [stand.simulation.has_room(Job(key, "", 1.0)) for key in "ABC"]
    stand.simulation.run()
    assert stand.status("A1 A2 A3 B1 B2 B3") == [200, 200, 429, 200, 200, 429]
    assert room == [False, False, True]


def test_a_newcomer_pushes_the_newest_of_the_key_with_most_out() -> None:
    stand = Stand(settings=config(max_size=3, when_full="push_out"))
    stand.come("A1 A2 A3 A4")
    stand.come("B1", 1.0)
    stand.simulation.run()
    assert stand.status("A1 A2 A3 A4 B1") == [200, 200, 200, 429, 200]
    pushed = stand.simulation.fates[0]
    assert (pushed.ended, pushed.waited, pushed.started) == (1.0, 1.0, None)
    assert stand.ended[0] == "A4"


def test_an_impatient_client_leaves_the_queue_but_not_its_service() -> None:
    stand = Stand()
    stand.come("A1", secs=8.0, patience=1.0)
    stand.come("B1", 0.5, patience=3.0)
    stand.come("C1", 0.5, patience=30.0)
    stand.simulation.run()
    assert stand.status("A1 B1 C1") == [200, 499, 200]
    assert [(f.job.key, f.ended) for f in stand.simulation.fates] == [("B", 3.5), ("A", 8.0), ("C", 13.0)]


def test_a_client_that_hangs_up_in_service_frees_its_node() -> None:
    stand = Stand()
    stand.come("A1", secs=50.0)
    stand.come("B1", 1.0)
    stand.simulation.run(2.0)
    stand.requests["A1"].cancel()
    stand.simulation.run(20.0)
    assert stand.status("A1 B1") == [499, 200]
    assert stand.requests["B1"].fate is not None
    assert stand.requests["B1"].fate.started == 2.0
    stand.requests["A1"].cancel()
    assert stand.simulation.outcomes == {Outcome.SERVED: 1, Outcome.CANCELLED: 1}


def test_a_node_that_fails_gives_its_request_back_which_goes_first_to_another() -> None:
    stand = Stand({"n1": "m", "n2": "m"})
    steps = Steps()
    stand.simulation.observers.append(steps)
    stand.come("A1", secs=10.0, model="m")
    stand.come("B1", 1.0, secs=4.0, model="m")
    stand.come("C1", 2.0, secs=4.0, model="m")
    stand.simulation.call_at(3.0, lambda: stand.simulation.down("n1"))
    stand.simulation.run()
    assert stand.status("A1 B1 C1") == [200, 200, 200]
    assert steps.said[:6] == ["0 A n1", "1 B n2", "2 C waits", "3 A n1 3", "3 A waits", "5 B n2 4"]
    given_back = stand.requests["A1"].fate
    assert given_back is not None
    assert (given_back.attempts, given_back.node) == (2, "n2")
    assert {fate.node for fate in stand.simulation.fates} == {"n2"}


def test_a_request_that_has_failed_often_enough_fails() -> None:
    stand = Stand({"n1": "m", "n2": "m", "n3": "m"})
    stand.come("A1", secs=10.0, model="m")
    for node, at in (("n1", 1.0), ("n2", 2.0), ("n3", 3.0)):
        stand.simulation.call_at(at, lambda node=node: stand.simulation.down(node))  # type: ignore[misc]
    stand.simulation.run()
    assert stand.status("A1") == [502]
    assert stand.simulation.fates[0].attempts == 2  # [upstream] max_attempts of this stand


def test_while_all_its_nodes_are_down_a_newcomer_is_told_so_and_those_waiting_stay() -> None:
    stand = Stand({"n1": "m"})
    stand.come("A1 A2", secs=3.0, model="m")
    stand.simulation.call_at(1.0, lambda: stand.simulation.down("n1"))
    stand.come("B1", 2.0, model="m")
    stand.come("C1", 2.0, model="other")
    stand.simulation.call_at(10.0, lambda: stand.simulation.up("n1"))
    stand.simulation.run()
    assert stand.status("A1 A2 B1 C1") == [502, 200, 503, 404]
    assert stand.requests["A2"].fate is not None
    assert stand.requests["A2"].fate.started == 10.0


def test_a_node_may_get_other_models_while_it_runs() -> None:
    stand = Stand({"n1": "a", "n2": "b"})
    stand.come("A1 A2", secs=20.0, model="a")
    stand.simulation.call_at(5.0, lambda: stand.simulation.serves("n2", ["a", "b"]))
    stand.simulation.run()
    assert [(fate.node, fate.started) for fate in stand.simulation.fates] == [("n1", 0.0), ("n2", 5.0)]


def test_a_client_that_sends_the_next_when_one_is_over_keeps_the_node_busy() -> None:
    simulation = Simulation(config(), [NodeSpec("n")])
    left = 10

    def next_one(fate: Fate | None = None) -> None:
        nonlocal left
        if left:
            left -= 1
            simulation.submit(Job("A", "", 2.0), next_one)

    next_one()
    simulation.run()
    assert [fate.ended for fate in simulation.fates] == [2.0 * n for n in range(1, 11)]


def test_a_run_stops_at_its_time_and_goes_on_from_there() -> None:
    stand = Stand()
    stand.come("A1", secs=5.0)
    stand.simulation.run(3.0)
    assert (stand.simulation.clock.now(), stand.simulation.fates) == (3.0, [])
    assert stand.simulation.busy == {"n": (Job("A", "", 5.0), 0.0)}
    stand.simulation.run(9.0)
    assert (stand.simulation.clock.now(), len(stand.simulation.fates)) == (9.0, 1)


def test_there_is_room_while_a_node_is_idle_or_the_queue_is_not_full() -> None:
    stand = Stand({"n1": "a", "n2": "b"}, config(max_size=2, max_per_key=1))
    a, b, c = (Job(key, "a", 5.0) for key in "ABC")
    stand.come("A1 A2", model="a")
    stand.simulation.run(1.0)
    assert [stand.simulation.has_room(job) for job in (a, b, Job("A", "b", 1.0))] == [False, True, True]
    stand.come("B1", 1.0, model="a")
    stand.simulation.run(2.0)
    assert not stand.simulation.has_room(c)


def test_there_is_room_where_a_newcomer_would_push_another_out() -> None:
    stand = Stand(settings=config(max_size=2, when_full="push_out"))
    stand.come("A1 A2 A3")
    stand.simulation.run(1.0)
    assert stand.simulation.has_room(Job("B", "", 1.0))
    assert not stand.simulation.has_room(Job("A", "", 1.0))


class Lawful(Observer):
    """Sees to it that no node idles while a request waits, and that a node has one request at a time."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.busy: dict[str, Job] = {}
        self.waiting = 0

    def waits(self, job: Job, now: float) -> None:
        self.waiting += 1

    def left(self, job: Job, now: float) -> None:
        self.waiting -= 1

    def started(self, job: Job, node: str, now: float) -> None:
        assert node not in self.busy
        self.busy[node] = job

    def ended(self, job: Job, node: str, held: float, now: float) -> None:
        assert self.busy.pop(node) is job
        self.simulation.call_at(now, self.nobody_idles)

    def nobody_idles(self) -> None:
        assert not self.waiting or len(self.busy) == 3


@pytest.mark.parametrize("seed", range(5))
def test_no_node_idles_while_something_waits_and_every_request_ends_once(seed: int) -> None:
    simulation = Simulation(config(max_size=8, timeout_secs=6), [NodeSpec(f"n{n}") for n in range(3)])
    simulation.observers.append(Lawful(simulation))
    random = Random(seed)
    for _ in range(300):
        job = Job(random.choice("ABCD"), "", random.expovariate(0.5), patience=random.choice([None, 3.0]))
        simulation.submit_at(random.uniform(0, 150), job)
    simulation.run()
    assert simulation.arrivals == 300 == len(simulation.fates) == sum(simulation.outcomes.values())
    assert {Outcome.SERVED, Outcome.REJECTED, Outcome.TIMED_OUT, Outcome.CANCELLED} == set(simulation.outcomes)
    assert simulation.busy == {}
    assert simulation.turns.snapshot().waiting == 0


def test_the_same_input_gives_the_same_run() -> None:
    def run() -> list[Fate]:
        stand = Stand({"n1": "", "n2": ""})
        random = Random(7)
        for number in range(100):
            stand.come(f"{random.choice('AB')}{number}", random.uniform(0, 200), secs=random.expovariate(0.2))
        stand.simulation.run()
        return stand.simulation.fates

    assert run() == run()


def test_weights_and_the_unit_of_cost_come_from_the_configuration() -> None:
    def served(cost: Cost) -> list[int]:
        stand = Stand(settings=config({"A": 3.0, "B": 1.0}, cost=cost, timeout_secs=3600))
        for number in range(40):
            stand.come(f"A{number} B{number}", secs=2.0, tokens=100)
        stand.simulation.run(81.0)
        return [sum(fate.job.key == key for fate in stand.simulation.fates) for key in "AB"]

    units: tuple[Cost, ...] = ("seconds", "request", "tokens")
    for unit in units:
        a, b = served(unit)
        assert abs(a - 3 * b) <= 4, unit
