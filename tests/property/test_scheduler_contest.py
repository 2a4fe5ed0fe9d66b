"""The heaps of a contest choose as a look at every entrant would."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import hypothesis.strategies as st
from hypothesis import given

from llmlb.scheduler.contest import Contest, Standing

TAGS = st.sampled_from([-1.47, -0.98, -0.49, -0.245, 0.0, 0.01, 0.02, 0.25, 0.5, 0.51, 1.0, 1.02, 1.5, 2.0, 100.0])
KEYS = "ABCDEF"
MOVES = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), TAGS, st.integers(0, 3)),
    st.tuples(st.just("put"), st.sampled_from(KEYS), TAGS, st.integers(0, 3)),
    st.tuples(st.just("put often"), st.sampled_from(KEYS), TAGS, st.just(1)),
    st.tuples(st.just("remove"), st.sampled_from(KEYS), st.just(0.0), st.just(0)),
    st.tuples(st.just("without"), st.text(KEYS, max_size=4), st.just(0.0), st.just(0)),
    st.tuples(st.just("quantum"), st.just(""), st.sampled_from([0.5, 1.0, 4.0]), st.just(0)),
)


class Looked:
    """A contest, and beside it the rule by a look at everybody."""

    def __init__(self) -> None:
        self.contest = Contest()
        self.limit = -inf
        self.quantum = 1.0
        self.heads = 0

    def put(self, key: str, tag: float, last: int) -> None:
        self.heads += 1
        entrant = self.contest.entrants.get(key) or Standing(key, 1.0 + ord(key) % 3, tag)
        entrant.tag, entrant.last, entrant.head = tag, last, self.heads
        self.contest.put(entrant, self.quantum)
        self.limit = min(self.limit, tag + self.quantum / 2)

    def by_looking(self, without: Iterable[str] = ()) -> str | None:
        there = [entrant for entrant in self.contest.entrants.values() if entrant.key not in without]
        if there and min(entrant.tag for entrant in there) >= self.limit:
            self.limit = min(entrant.tag for entrant in there) + self.quantum / 2
        in_round = [entrant for entrant in there if entrant.tag < self.limit]
        for entrant in self.contest.entrants.values():
            if entrant.key in without:
                self.limit = min(self.limit, entrant.tag + self.quantum / 2)
        return min(in_round, key=lambda e: (e.last, e.head)).key if in_round else None


@given(moves=st.lists(MOVES, max_size=60), always=st.booleans())
def test_a_contest_chooses_the_one_served_longest_ago_of_those_in_the_round(
    moves: list[tuple[str, str, float, int]], always: bool
) -> None:
    """Tags that fall as well as rise, ties, keys that come back, a quantum that moves: what the order does and more.

    `always`: whether somebody is chosen after each move, or the heaps are left to grow stale.
    """
    looked = Looked()
    contest = looked.contest
    for what, key, tag, last in moves:
        if what == "put":
            looked.put(key, tag, last)
        elif what == "put often":
            for _ in range(40):
                looked.put(key, tag, last)
        elif what == "quantum":
            looked.quantum = tag
        elif what == "without":
            expected = looked.by_looking(key)
            assert contest.choose(looked.quantum, sorted(set(key))) == expected
        elif key in contest.entrants:
            contest.remove(key)
        if always:
            expected = looked.by_looking()
            twin = contest.copy({key: entrant.copy() for key, entrant in contest.entrants.items()})
            for one in (twin, contest, contest):
                assert one.choose(looked.quantum) == expected
        assert contest.limit == looked.limit
        assert contest.weight == sum(entrant.weight for entrant in contest.entrants.values())
        assert len(contest._ring) + len(contest._ahead) <= 64 + 4 * len(KEYS), "few stale entries are kept"


def test_what_a_copy_is_put_through_leaves_the_contest_as_it_was() -> None:
    looked = Looked()
    for number, key in enumerate(KEYS):
        looked.put(key, float(number), number)
    twin = looked.contest.copy({key: entrant.copy() for key, entrant in looked.contest.entrants.items()})
    twin.entrants["A"].tag = 50.0
    twin.put(twin.entrants["A"], 1.0)
    twin.remove("B")
    assert twin.choose(1.0) == "C"
    assert looked.contest.choose(1.0) == "A"
