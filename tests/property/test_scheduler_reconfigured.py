"""Other rules of fairness while requests wait and are served: nobody is lost, and within a key nobody is passed.

The comparison is a plain list of who waits. The bound of `contest` is checked anew after the last change: two keys that
both always wait on one node are never further apart than quantum + C/w_i + C/w_j in service per weight.
"""

from __future__ import annotations

from typing import get_args

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmlb.scheduler.fair import FairScheduler
from llmlb.scheduler.prices import Cost
from llmlb.scheduler.ticket import Ticket
from tests.unit.turns.hall import Hall

KEYS = "ABC"
WEIGHTS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from([0.5, 1.0, 2.0, 4.0]))
QUANTA = st.sampled_from([0.0, 1.0, 20.0])


class Reconfigured(RuleBasedStateMachine):
    """Any change at any moment, with nodes that come and go."""

    @initialize(fair=st.booleans())
    def start(self, fair: bool) -> None:
        self.fair = fair
        self.hall = Hall({"n0": "a b", "n1": "a"}, fair=fair, max_size=50, timeout=1e9)
        self.ids = 0
        self.seen = 0

    @rule(key=st.sampled_from(KEYS), model=st.sampled_from("ab"), times=st.integers(1, 3))
    def come(self, key: str, model: str, times: int) -> None:
        for _ in range(times):
            self.ids += 1
            self.hall.come(f"{key}{self.ids}", model)

    @precondition(lambda self: any(node.has for node in self.hall.nodes.values()))
    @rule(data=st.data(), complete=st.booleans())
    def end(self, data: st.DataObject, complete: bool) -> None:
        busy = sorted(name for name, node in self.hall.nodes.items() if node.has)
        self.hall.end(data.draw(st.sampled_from(busy)), complete=complete)

    @precondition(lambda self: any(node.has for node in self.hall.nodes.values()))
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        busy = sorted(name for name, node in self.hall.nodes.items() if node.has)
        name = data.draw(st.sampled_from(busy))
        node = self.hall.nodes[name]
        drained = not node.open
        assert node.has is not None
        self.hall.fail(name, counts=len(node.has.tried) < 1)
        if not drained:
            self.hall.reopen(name)

    @precondition(lambda self: self.hall.line)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        self.hall.leave(data.draw(st.sampled_from(sorted(self.hall.line))))

    @rule(seconds=st.sampled_from([0.5, 8.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.hall.clock.advance(seconds)

    @rule(data=st.data())
    def drain_or_resume(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(["n0", "n1"]))
        node = self.hall.nodes[name]
        if node.open:
            self.hall.close(name)
            self.hall.turns.forget_node(name)
        else:
            node.open = True
            self.hall.node(name, " ".join(node.serves))

    @rule(weights=WEIGHTS, fair=st.booleans(), cost=st.sampled_from(get_args(Cost)), quantum=QUANTA)
    def configure(self, weights: dict[str, float], fair: bool, cost: Cost, quantum: float) -> None:
        before = self.hall.turns.snapshot()
        self.fair = fair
        self.hall.turns.reschedule(weights, fair=fair, cost=cost, quantum=quantum, default_service_secs=10.0)
        assert self.hall.turns.snapshot() == before

    @invariant()
    def all_who_wait_are_known(self) -> None:
        snapshot = self.hall.turns.snapshot()
        assert snapshot.waiting == len(self.hall.line)
        assert snapshot.running_by_node == {
            name: node.has.id for name, node in self.hall.nodes.items() if node.has is not None
        }

    @invariant()
    def nobody_is_passed_within_key_and_model(self) -> None:
        """Nor within a model, where fairness is off."""
        for id, name in self.hall.grants[self.seen :]:
            taken = self.hall.waiters[id].ticket
            for other in self.hall.line.values():
                mine = other.model == taken.model and (other.key == taken.key or not self.fair)
                assert not (mine and other.number < taken.number and name not in other.tried), (taken, other)
        self.seen = len(self.hall.grants)

    @invariant()
    def no_node_idles_while_somebody_waits_for_it(self) -> None:
        for name, node in self.hall.nodes.items():
            if node.open and node.has is None:
                assert not [t for t in self.hall.line.values() if t.model in node.serves and name not in t.tried]

    def teardown(self) -> None:
        """Everybody is served in the end."""
        if not hasattr(self, "hall"):
            return
        for name, node in self.hall.nodes.items():
            if not node.open:
                node.open = True
                self.hall.node(name, " ".join(node.serves))
        for ticket in self.hall.line.values():
            ticket.tried.clear()
        for name in self.hall.nodes:
            self.hall.pull(name)
        while busy := [name for name, node in self.hall.nodes.items() if node.has]:
            self.hall.end(busy[0])
        assert self.hall.turns.snapshot().waiting == 0


TestReconfigured = Reconfigured.TestCase


@given(
    weights=st.fixed_dictionaries({"A": st.sampled_from([1.0, 2.0, 4.0]), "B": st.sampled_from([1.0, 2.0])}),
    first=st.fixed_dictionaries({"A": st.sampled_from([1.0, 3.0]), "B": st.sampled_from([0.5, 1.0])}),
    fair=st.booleans(),
    cost=st.sampled_from(["seconds", "request"]),
    after=st.integers(0, 12),
)
@settings(max_examples=30)
def test_from_the_change_on_two_keys_that_always_wait_are_within_the_bound(
    weights: dict[str, float], first: dict[str, float], fair: bool, cost: Cost, after: int
) -> None:
    """Every service takes 10 s, so that C is 10 s or one request, and so is the quantum."""
    hall = Hall(weights=first, fair=fair, max_size=500, timeout=1e9)
    scheduler: FairScheduler = hall.scheduler
    hall.come(" ".join(f"{key}{n}" for n in range(60) for key in "AB"))
    for _ in range(after):
        hall.clock.advance(10)
        hall.end()
    hall.turns.reschedule(weights, fair=True, cost=cost, quantum=0.0, default_service_secs=10.0)
    per = dict.fromkeys("AB", 0.0)
    c = 10.0 if cost == "seconds" else 1.0
    lead = (scheduler.debts().get("A", 0.0), scheduler.debts().get("B", 0.0))
    going_on = hall.nodes["n"].has
    assert going_on is not None
    paid = c / weights[going_on.key]  # what is in service has been charged before the change, and is counted after it
    bound = c + c / weights["A"] + c / weights["B"] + max(lead) + paid
    for _ in range(40):
        hall.clock.advance(10)
        begun: Ticket | None = hall.nodes["n"].has
        assert begun is not None
        hall.end()
        per[begun.key] += c / weights[begun.key]
        assert abs(per["A"] - per["B"]) <= bound + 1e-6
