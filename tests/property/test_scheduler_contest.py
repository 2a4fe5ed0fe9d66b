"""The heaps of a contest choose as a look at every entrant would."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from llmlb.scheduler.contest import Contest, Entrant

TAGS = st.sampled_from([-1.47, -0.98, -0.49, -0.245, 0.0, 0.01, 0.02, 0.25, 0.5, 0.51, 1.0, 1.02, 1.5, 2.0, 100.0])
KEYS = st.sampled_from("ABCDEF")


class Chosen(RuleBasedStateMachine):
    """Tags that fall as well as rise, ties, keys that come back: whatever the order does and more."""

    def __init__(self) -> None:
        super().__init__()
        self.contest = Contest()
        self.heads = 0

    @rule(key=KEYS, tag=TAGS, last=st.integers(0, 3))
    def put(self, key: str, tag: float, last: int) -> None:
        self.heads += 1
        entrant = self.contest.entrants.get(key) or Entrant(key, tag, 0.0, last, self.heads)
        entrant.tag, entrant.last, entrant.head = tag, last, self.heads
        self.contest.put(entrant)

    @rule(key=KEYS, tag=TAGS)
    def put_often(self, key: str, tag: float) -> None:
        """So often that the stale entries are swept out."""
        for _ in range(40):
            self.put(key, tag, 1)

    @precondition(lambda self: self.contest.entrants)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.contest.remove(data.draw(st.sampled_from(sorted(self.contest.entrants))))

    @rule(without=st.sets(KEYS))
    def choose_without_some(self, without: set[str]) -> None:
        assert self.contest.choose(without) == self.by_looking(without)

    @invariant()
    def chooses_the_one_served_longest_ago_among_those_near_the_least(self) -> None:
        assert self.contest.choose() == self.by_looking(set())

    @invariant()
    def a_copy_chooses_alike_and_is_another(self) -> None:
        twin = self.contest.copy()
        assert twin.choose() == self.by_looking(set())
        for key in list(twin.entrants):
            twin.remove(key)

    @invariant()
    def keeps_few_stale_entries(self) -> None:
        contest = self.contest
        assert max(len(contest._least), len(contest._far) + len(contest._near)) <= 64 + 4 * 6

    def by_looking(self, without: set[str]) -> str | None:
        there = [entrant for entrant in self.contest.entrants.values() if entrant.key not in without]
        if not there:
            return None
        limit = min(entrant.tag for entrant in there) + 0.5
        return min((e for e in there if e.tag < limit), key=lambda e: (e.last, e.head)).key


TestChosen = Chosen.TestCase
