"""What a queue may have been through before a test looks at it."""

from __future__ import annotations

from collections.abc import Mapping

import hypothesis.strategies as st

from tests.unit.scheduler.desk import Desk

Event = tuple[str, str, int]
WEIGHTS = st.sampled_from([{}, {"A": 2.0}, {"A": 1.0, "B": 2.0, "C": 4.0}, {"A": 0.5, "D": 3.0}])


def histories(most: int = 40, keys: str = "ABCD") -> st.SearchStrategy[list[Event]]:
    """Keys come with one request or several, nodes take the next, somebody leaves. Two keys wait at the end."""
    coming = st.tuples(st.just("come"), st.sampled_from(keys), st.integers(1, 4))
    event = st.one_of(
        coming,
        coming,
        st.tuples(st.just("next"), st.just(""), st.integers(0, 5)),
        st.tuples(st.just("next"), st.just(""), st.integers(0, 5)),
        st.tuples(st.just("leave"), st.just(""), st.integers(0, 30)),
    )
    two = st.permutations(keys).map(lambda names: [("come", names[0], 4), ("come", names[1], 2), ("come", names[0], 1)])
    return st.builds(
        lambda start, events, end: [start, *events, *end], coming, st.lists(event, min_size=3, max_size=most), two
    )


def played(
    events: list[Event], weights: Mapping[str, float] | None = None, *, nodes: int = 1, fair: bool = True
) -> Desk:
    """A desk with one pool of nodes after these events."""
    desk = Desk({f"n{number}": "m" for number in range(nodes)}, dict(weights or {}), fair=fair)
    play(desk, events)
    return desk


def play(desk: Desk, events: list[Event]) -> list[str]:
    """Let the events happen at a desk. Returns who was served, in order."""
    served = []
    for what, key, number in events:
        if what == "come":
            for _ in range(number):
                served += desk.come(f"{key}{len(desk.tickets)}")
        elif what == "next":
            served.append(desk.next(sorted(desk.has)[number % len(desk.has)]))
        elif desk.line:
            desk.leave(desk.line[number % len(desk.line)].id)
    return [name for name in served if name != "-"]
