"""The rule by which a free node chooses among waiting keys.

Deficit round robin kept as tags. A key's tag is the service it has had, per unit of weight; its deficit in the
textbook's sense is (least tag + quantum - tag) x weight. Among the keys less than half a quantum ahead of the
least served one, the key *served longest ago* is next: the ring of the textbook is the order of last turns.
Half a quantum up and half down, in place of "deficit >= cost", keeps turns even when costs wobble.

Source: Shreedhar and Varghese, "Efficient fair queueing using deficit round-robin" (1995), with virtual-time tags
in place of credit. Bound, one node, costs of at most C: two keys that both always wait are never further apart
than quantum + C/w_i + C/w_j in service per weight.

The entries stand in three heaps (least tag, too far ahead, near), with stale entries skipped when they surface: a
choice costs O(log keys), and a dry run of the whole queue O(requests x log keys).
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heapify, heappop, heappush

QUANTUM = 1.0


class Entrant:
    """A key that waits for the nodes of one pool."""

    __slots__ = ("entered_at", "head", "key", "last", "stamp", "tag")

    def __init__(self, key: str, tag: float, entered_at: float, last: int, head: int) -> None:
        self.key = key
        self.tag = tag
        self.entered_at = entered_at
        """The level of the others when it began to wait."""
        self.last = last
        """The turn in which the key was last served, anywhere."""
        self.head = head
        """Arrival number of its oldest request for this pool."""
        self.stamp = 0

    @property
    def level(self) -> float:
        """The tag without the welcome a newcomer gets, so that one welcome is never counted from another."""
        return max(self.tag, self.entered_at)


class Contest:
    """The keys waiting for one pool of nodes, ready to be chosen from."""

    def __init__(self) -> None:
        self.entrants: dict[str, Entrant] = {}
        self._pushed = 0
        self._least: list[tuple[float, int, Entrant, int]] = []
        self._far: list[tuple[float, int, Entrant, int]] = []
        self._near: list[tuple[int, int, int, Entrant, int]] = []

    def __len__(self) -> int:
        return len(self.entrants)

    def put(self, entrant: Entrant) -> None:
        """Enter a key, or take note that its tag, last turn or head has changed."""
        self.entrants[entrant.key] = entrant
        entrant.stamp += 1
        self._pushed += 1
        item = (entrant.tag, self._pushed, entrant, entrant.stamp)
        heappush(self._least, item)
        heappush(self._far, item)
        if max(len(self._least), len(self._far) + len(self._near)) > 64 + 4 * len(self.entrants):
            self._rebuild()

    def remove(self, key: str) -> None:
        """Take a key out."""
        self.entrants.pop(key).stamp += 1

    def level(self, but: str) -> float | None:
        """The least level of the keys other than `but`; None when there are none."""
        return min((e.level for e in self.entrants.values() if e.key != but), default=None)

    def choose(self, without: Iterable[str] = ()) -> str | None:
        """The key to serve next, and None if there is none; as if those `without` did not wait here."""
        aside = [self.entrants[key] for key in without if key in self.entrants]
        for entrant in aside:
            self.remove(entrant.key)
        first = self._first()
        for entrant in aside:
            self.put(entrant)
        return first.key if first is not None else None

    def copy(self) -> Contest:
        """A contest of the same standing that shares nothing with this one."""
        twin = Contest()
        for e in self.entrants.values():
            twin.entrants[e.key] = Entrant(e.key, e.tag, e.entered_at, e.last, e.head)
        twin._rebuild()
        return twin

    def _rebuild(self) -> None:
        self._least = [(e.tag, e.head, e, e.stamp) for e in self.entrants.values()]
        heapify(self._least)
        self._far = list(self._least)
        self._near = []
        self._pushed = max((e.head for e in self.entrants.values()), default=0)

    def _first(self) -> Entrant | None:
        least, far, near = self._least, self._far, self._near
        while least and least[0][3] != least[0][2].stamp:
            heappop(least)
        if not least:
            return None
        limit = least[0][0] + QUANTUM / 2
        while far and far[0][0] < limit:
            _, _, entrant, stamp = heappop(far)
            if stamp == entrant.stamp:
                self._pushed += 1
                heappush(near, (entrant.last, entrant.head, self._pushed, entrant, stamp))
        while near:
            _, _, number, entrant, stamp = near[0]
            if stamp == entrant.stamp and entrant.tag < limit:
                return entrant
            heappop(near)
            if stamp == entrant.stamp:
                # A newcomer has lowered the least: this one is too far ahead again.
                heappush(far, (entrant.tag, number, entrant, stamp))
        return None
