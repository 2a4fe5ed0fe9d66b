"""Whatever has happened to idle nodes, the one chosen is the one that the rule chooses looking at all of them."""

from __future__ import annotations

import attrs
import hypothesis.strategies as st
from hypothesis import example, given, settings

from llmlb.scheduler import placement
from llmlb.scheduler.placement import Candidate
from llmlb.turns.idle import Idle

MODELS = ["a", "b", "c"]
SERVES = st.sampled_from(["a", "a", "a", "a", "b", "a b", "b c"]).map(lambda text: frozenset(text.split()))
LOADED = st.sampled_from(["", "", "", "a", "b"]).map(lambda text: frozenset(text.split()))


@attrs.define(eq=False)
class Machine:
    """A node of which everything can be told."""

    id: str
    serves: frozenset[str] = frozenset("a")
    loaded: frozenset[str] = frozenset()
    failures: int = 0
    mean_secs: float | None = None
    idle_since: float = 0.0

    def candidate(self, model: str) -> Candidate:
        loaded = model in self.loaded
        return Candidate(self.id, loaded, len(self.serves), self.failures, self.mean_secs, self.idle_since)


ASKS = st.tuples(
    st.just("asks"),
    st.integers(0, 7),
    SERVES,
    LOADED,
    st.sampled_from([0, 0, 0, 1]),
    st.sampled_from([None, 1.0, 1.15, 1.25, 9.0]),
    st.integers(0, 9),
)
EVENTS = st.one_of(
    ASKS,
    ASKS,
    ASKS,
    st.tuples(st.just("asks no more"), st.integers(0, 7)),
    st.tuples(st.just("goes"), st.integers(0, 7)),
    st.tuples(st.just("is forgiven"), st.integers(0, 7)),
    st.tuples(st.just("chosen"), st.sampled_from(MODELS), st.just(set()) | st.sets(st.integers(0, 7), max_size=2)),
)


A = frozenset("a")
FAILS_LATER: list[tuple[object, ...]] = [
    ("asks", 4, A, frozenset(), 0, None, 0),
    ("asks", 1, A, frozenset(), 1, None, 0),
    ("chosen", "a", set()),
    ("asks", 4, A, frozenset(), 1, None, 0),
]


@settings(max_examples=4 * settings().max_examples)
@given(events=st.lists(EVENTS, min_size=10, max_size=60))
@example(FAILS_LATER)
def test_the_choice_is_that_of_the_rule(events: list[tuple[object, ...]]) -> None:
    """Nodes with the same models or others, in memory or not; that have failed, and of which that is forgotten."""
    idle = Idle()
    machines = [Machine(str(number)) for number in range(8)]
    asking: dict[str, Machine] = {}
    for event in events:
        match event:
            case ("asks", int(number), frozenset() as serves, frozenset() as loaded, int(failures), mean, int(since)):
                machine = machines[number]
                machine.serves, machine.loaded, machine.failures = serves, loaded & serves, failures
                machine.mean_secs = mean if isinstance(mean, float) else None
                machine.idle_since = float(since)
                idle.put(machine)
                asking.setdefault(machine.id, machine)
            case ("asks no more", int(number)):
                idle.remove(str(number))
                asking.pop(str(number), None)
            case ("goes", int(number)):
                idle.forget(str(number))
                asking.pop(str(number), None)
            case ("is forgiven", int(number)):
                machines[number].failures = 0
                check(idle, asking, "a", set())
            case ("chosen", str(model), set() as tried):
                check(idle, asking, model, {str(number) for number in tried})
    for model in MODELS:
        check(idle, asking, model, set())


def check(idle: Idle, asking: dict[str, Machine], model: str, tried: set[str]) -> None:
    fitting = [one for one in asking.values() if model in one.serves and one.id not in tried]
    chosen = idle.choose(model, tried)
    if not fitting:
        assert chosen is None
    else:
        assert chosen is not None
        assert chosen.id == placement.choose(one.candidate(model) for one in fitting).node
