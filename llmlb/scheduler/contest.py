"""The rule by which a free node chooses among waiting keys.

Deficit round robin kept as tags. A key's tag is the service it has had, per unit of weight. A round takes in the
keys that are less than half a quantum ahead of the least served one; they are served in the order of their last
turns, each until it is beyond that limit, and then the next round begins; so it does when a key begins to wait. Half a
quantum up and half down, in place of the textbook's "deficit >= cost", keeps turns even when costs wobble.

Source: Shreedhar and Varghese, "Efficient fair queueing using deficit round-robin" (1995), with virtual-time tags
in place of credit. Invariant: whoever is chosen is less than half a quantum ahead of every key that waits. From it
follows the bound, for one node and costs of at most C: two keys that both always wait are never further apart than
quantum + C/w_i + C/w_j in service per weight.

A choice costs O(log keys): the keys of the round stand in one heap, by last turn, those ahead of it in another, by
tag. Entries that are out of date are skipped when they surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from math import inf, nextafter

from llmlb.scheduler.lows import Lows


class Standing:
    """How a key stands in one pool of nodes; an entrant of its contest while the key waits there."""

    __slots__ = ("entered_at", "head", "key", "last", "room", "served", "since", "stamp", "tag", "weight")

    def __init__(self, key: str, weight: float, tag: float) -> None:
        self.key = key
        self.weight = weight
        self.tag = tag
        """Service had, per weight."""
        self.entered_at = tag
        """The level of the others when it began to wait."""
        self.last = 0
        """The turn in which the key was last served, in any pool."""
        self.head = 0
        """Arrival number of its oldest request for this pool."""
        self.served = False
        """Whether it has been served here since it began to wait."""
        self.since = -inf
        """When it was last served here, or began to wait."""
        self.room = 0.0
        """How much more of what it has elsewhere may count here before its next turn here."""
        self.stamp = 0

    @property
    def level(self) -> float:
        """The tag without the welcome a newcomer gets, so that one welcome is never counted from another."""
        return max(self.tag, self.entered_at)

    def copy(self) -> Standing:
        """The same, sharing nothing."""
        twin = Standing(self.key, self.weight, self.tag)
        twin.entered_at, twin.last, twin.head = self.entered_at, self.last, self.head
        twin.served, twin.since, twin.room = self.served, self.since, self.room
        return twin


class Contest:
    """The keys waiting for one pool of nodes, ready to be chosen from."""

    def __init__(self) -> None:
        self.entrants: dict[str, Standing] = {}
        self.limit = -inf
        """Keys with a tag below it are in the round. Never above the least tag plus half a quantum."""
        self.weight = 0.0
        """Of all entrants together."""
        self._ring: list[tuple[int, int, int, Standing, int]] = []
        self._ahead: list[tuple[float, int, Standing, int]] = []
        self._pushed = 0
        self._lows = Lows(self.entrants)

    @property
    def used(self) -> bool:
        """Whether anybody has ever entered."""
        return self._pushed > 0

    def put(self, entrant: Standing, quantum: float) -> None:
        """Enter a key, or take note that its tag, last turn or head has changed."""
        if entrant.key not in self.entrants:
            self.entrants[entrant.key] = entrant
            self.weight += entrant.weight
        entrant.stamp += 1
        self._lows.changed(entrant)
        if (limit := entrant.tag + quantum / 2) < self.limit:
            self.limit = limit
        self._push(entrant)
        if len(self._ring) + len(self._ahead) > 64 + 4 * len(self.entrants):
            self._rebuild()

    def widen(self, quantum: float) -> None:
        """Somebody in the round begins to wait: it takes in all within half a quantum of the least, like a new one.

        Newcomers enter below the others. Without this, ever-new ones would keep a round going that the others, who are
        level with each other, are not in.
        """
        least = self._lows.tag()
        if least is not None and least + quantum / 2 > self.limit:
            self.limit = least + quantum / 2
            self._join()

    def narrow(self, quantum: float) -> None:
        """The quantum is another, a smaller one maybe: those too far ahead for it are in the round no more."""
        least = self._lows.tag()
        if least is not None:
            self.limit = min(self.limit, least + quantum / 2)

    def remove(self, key: str) -> None:
        """Take a key out."""
        entrant = self.entrants.pop(key)
        entrant.stamp += 1
        self.weight = self.weight - entrant.weight if self.entrants else 0.0

    def least(self) -> float | None:
        """The least tag; None when nobody waits. Looks at everybody, and changes nothing."""
        return min((e.tag for e in self.entrants.values()), default=None)

    def least_level(self, pace: float) -> float | None:
        """The least level; but up to `pace`, no less than the least tag of those served meanwhile. None if nobody."""
        low = self._lows.level()
        if low is None or (served := self._lows.served_tag()) is None:
            return low
        return max(low, min(pace, served))

    def choose(self, quantum: float, without: Sequence[str] = ()) -> str | None:
        """The key to serve next, and None if there is none; as if those `without` did not wait here."""
        if not without:
            return first.key if (first := self._first(quantum)) is not None else None
        aside = [self.entrants[key] for key in without if key in self.entrants]
        for entrant in aside:
            self.remove(entrant.key)
        first = self._first(quantum)
        for entrant in aside:
            self.put(entrant, quantum)
        return first.key if first is not None else None

    def copy(self, entrants: dict[str, Standing]) -> Contest:
        """A contest of the same standing between these copies of its entrants."""
        twin = Contest()
        twin.entrants, twin.limit, twin.weight = entrants, self.limit, self.weight
        twin._lows = Lows(entrants)
        twin._rebuild()
        return twin

    def _push(self, entrant: Standing) -> None:
        self._pushed += 1
        if entrant.tag < self.limit:
            heappush(self._ring, (entrant.last, entrant.head, self._pushed, entrant, entrant.stamp))
        else:
            heappush(self._ahead, (entrant.tag, self._pushed, entrant, entrant.stamp))

    def _rebuild(self) -> None:
        entrants = list(enumerate(self.entrants.values()))
        self._ring = [(e.last, e.head, n, e, e.stamp) for n, e in entrants if e.tag < self.limit]
        self._ahead = [(e.tag, n, e, e.stamp) for n, e in entrants if e.tag >= self.limit]
        heapify(self._ring)
        heapify(self._ahead)
        self._pushed = len(entrants)

    def _first(self, quantum: float) -> Standing | None:
        ring, ahead = self._ring, self._ahead
        while True:
            while ring:
                *_, entrant, stamp = ring[0]
                if stamp == entrant.stamp and entrant.tag < self.limit:
                    return entrant
                heappop(ring)
                if stamp == entrant.stamp:  # a newcomer has lowered the limit
                    self._push(entrant)
            while ahead and ahead[0][3] != ahead[0][2].stamp:
                heappop(ahead)
            if not ahead:
                return None
            self.limit = round_above(ahead[0][0], quantum)
            self._join()

    def _join(self) -> None:
        """Those who were ahead of the round and are below its limit now are in it."""
        ahead = self._ahead
        while ahead and ahead[0][0] < self.limit:
            _, _, entrant, stamp = heappop(ahead)
            if stamp == entrant.stamp:
                self._push(entrant)


def round_above(least: float, quantum: float) -> float:
    """The limit of a round that begins with this tag: above it, even where half a quantum is lost in rounding."""
    limit = least + quantum / 2
    return limit if limit > least else nextafter(least, inf)
