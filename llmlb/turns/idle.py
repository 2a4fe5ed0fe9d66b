"""The idle nodes that have asked for requests, kept so that a choice among a thousand costs what one among three does.

`placement` is the rule. Here nodes that it cannot tell apart but by their speed and by how long they have been idle
stand in one line each; so it has to look at one node a line, and not at all of them.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable
from typing import NamedTuple

from llmlb.scheduler import placement
from llmlb.turns.port import Puller


class _Place(NamedTuple):
    """Where a node stands in its line."""

    idle_since: float
    number: int
    """Of those alike, who asked first comes first."""
    mean_secs: float | None
    node: Puller


class _Line:
    """Nodes that serve the same models, have the same of them in memory, and have not failed lately."""

    __slots__ = ("loaded", "means", "places", "serves")

    def __init__(self, serves: frozenset[str], loaded: frozenset[str]) -> None:
        self.serves = serves
        self.loaded = loaded
        self.places: list[_Place] = []
        """Longest idle first."""
        self.means: list[float] = []
        """The mean service times that are known, least first."""

    def add(self, place: _Place) -> None:
        """A node joins."""
        insort(self.places, place)
        if place.mean_secs is not None:
            insort(self.means, place.mean_secs)

    def remove(self, place: _Place) -> None:
        """A node leaves."""
        del self.places[bisect_left(self.places, place)]
        if place.mean_secs is not None:
            del self.means[bisect_left(self.means, place.mean_secs)]

    def first(self, limit: float) -> _Place | None:
        """The node that has been idle for longest of those that are fast enough, or have not served yet.

        Slower ones, which nobody has wanted and so have been idle for longer still, are passed by one by one.
        """
        for place in self.places:
            if place.mean_secs is None or place.mean_secs <= limit:
                return place
        return None


class Idle:
    """Nodes by their ids. What `Puller` says of itself is taken when it asks, but for failures: they are forgotten."""

    def __init__(self) -> None:
        self._nodes: dict[str, Puller] = {}
        """All of them, by the order in which they asked."""
        self._unplaced: dict[str, Puller] = {}
        """Those that nobody has had to choose among yet."""
        self._places: dict[str, _Place] = {}
        self._lines: dict[tuple[frozenset[str], frozenset[str]], _Line] = {}
        self._line_of: dict[str, _Line] = {}
        """Where each stood last: looking that up takes time where there are many models."""
        self._failing: dict[str, Puller] = {}
        """Those that have failed lately: in no line, and looked at one by one."""
        self._numbers = 0

    def put(self, node: Puller) -> None:
        """The node asks, or asks again as something about it is different."""
        id = node.id
        if (place := self._places.get(id)) is not None:
            if self._failing.pop(id, None) is None:
                self._line_of[id].remove(place)
            self._stand(node, place.number)
        elif id not in self._nodes:
            self._nodes[id] = self._unplaced[id] = node

    def remove(self, id: str) -> None:
        """It asks no more. Harmless when it did not."""
        if self._nodes.pop(id, None) is None or self._unplaced.pop(id, None) is not None:
            return
        place = self._places.pop(id)
        if self._failing.pop(id, None) is None:
            self._line_of[id].remove(place)

    def forget(self, id: str) -> None:
        """It is gone for good."""
        self.remove(id)
        self._line_of.pop(id, None)

    def choose(self, model: str, tried: Collection[str] = ()) -> Puller | None:
        """The node for a request by the rule of `placement`, none of those that it has `tried`; None if none fits."""
        if len(self._nodes) < 2:  # nearly always, where there is anything to wait for
            for node in self._nodes.values():
                if model in node.serves and node.id not in tried:
                    return node
            return None
        if tried:
            return _by_rule(model, (node for node in self._nodes.values() if node.id not in tried))
        for node in self._unplaced.values():
            self._numbers += 1
            self._stand(node, self._numbers)
        self._unplaced.clear()
        if self._failing:
            self._look_at_failing()
        best: tuple[bool, int] | None = None
        lines: list[_Line] = []
        for line in self._lines.values():
            if line.places and model in line.serves:
                rank = model not in line.loaded, len(line.serves)
                if best is None or rank < best:
                    best, lines = rank, [line]
                elif rank == best:
                    lines.append(line)
        if self._failing:
            before = _by_rule(model, sorted(self._failing.values(), key=self._number), best)
            if before is not None:
                return before
        if not lines:
            return None
        limit = placement.limit(min([line.means[0] for line in lines if line.means], default=0.0))
        first = min([place for line in lines if (place := line.first(limit)) is not None])
        return first.node

    def _stand(self, node: Puller, number: int) -> None:
        seen = node.candidate("")
        place = self._places[node.id] = _Place(seen.idle_since, number, seen.mean_secs, node)
        if seen.failures:
            self._failing[node.id] = node
        else:
            self._line(node).add(place)

    def _number(self, node: Puller) -> int:
        return self._places[node.id].number

    def _line(self, node: Puller) -> _Line:
        line = self._line_of.get(node.id)
        if line is None or line.serves is not node.serves or line.loaded is not node.loaded:
            which = node.serves, node.loaded
            line = self._lines.get(which)
            if line is None:
                line = self._new_line(*which)
            self._line_of[node.id] = line
        return line

    def _new_line(self, serves: frozenset[str], loaded: frozenset[str]) -> _Line:
        if len(self._lines) > 2 * len(self._line_of):  # of model sets that no node has any more
            used = {id(line) for line in self._line_of.values()}
            self._lines = {which: line for which, line in self._lines.items() if id(line) in used}
        line = self._lines[serves, loaded] = _Line(serves, loaded)
        return line

    def _look_at_failing(self) -> None:
        """Those whose failures are forgotten by now stand in line again, where they would have stood."""
        for id, node in list(self._failing.items()):
            if not node.candidate("").failures:
                del self._failing[id]
                self._line(node).add(self._places[id])


def _by_rule(model: str, nodes: Iterable[Puller], before: tuple[bool, int] | None = None) -> Puller | None:
    """The one of these that the rule chooses for the model, of those only that come `before` nodes of this rank."""
    fitting = {node.id: node for node in nodes if model in node.serves}
    candidates = [node.candidate(model) for node in fitting.values()]
    if before is not None:
        candidates = [one for one in candidates if (not one.loaded, one.models) < before]
    return fitting[placement.choose(candidates).node] if candidates else None
