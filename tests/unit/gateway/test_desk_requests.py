"""Why a request waits: who is before it, and what the nodes do that could serve it."""

from __future__ import annotations

from typing import Any, cast

import pytest

from llmlb.config.model import NodeConfig, Upstream
from llmlb.gateway import desk_requests
from llmlb.gateway.desk import Why
from llmlb.gateway.desk_requests import meaning, waiting_views
from llmlb.gateway.visit import Visit
from llmlb.nodes.dispatcher import Dispatcher
from llmlb.nodes.fleet import Member
from llmlb.nodes.node import Node
from llmlb.scheduler.lineup import Entry
from llmlb.testing import ManualClock
from tests.unit.gateway.stand import Stand


class Hall:
    """Nodes that are told what they serve, and requests that wait, in the order in which they came."""

    def __init__(self) -> None:
        self.stand = Stand()
        self.clock: ManualClock = self.stand.clock
        self.members: list[Member] = []
        self.visits: dict[str, Visit] = {}
        self.entries: list[Entry] = []

    def node(self, name: str, *models: str) -> Node:
        node = Node(NodeConfig(name=name, url=f"http://{name}.example:80"), self.clock, lambda _: None)
        dispatcher = Dispatcher(node, self.stand.turns, Upstream(), self.clock)
        self.members.append(Member(node, dispatcher, cast(Any, None), (), 1))
        if models:
            node.found("test", models)
        return node

    def wait(self, key: str, node: str | None = None, position: int | None = 1, *, tried: str = "") -> str:
        """A request comes; it is to go to this node."""
        visit = self.stand.visit(key)
        visit.begin()
        visit.ticket.tried.update(tried.split())
        self.visits[visit.ticket.id] = visit
        self.entries.append(Entry(visit.ticket, position, 1.0 if node else None, node))
        return visit.id

    def views(self, find: str = "") -> dict[str, Why]:
        views, _ = waiting_views(self.entries, self.visits, self.members, self.clock.now(), meaning(find))
        return {view.id: why for view, why in views}

    def words(self, tried: str = "") -> list[tuple[str, str, str, bool]]:
        """What is said of the nodes to one that waits for model m."""
        id = self.wait("k", tried=tried)
        return [(node.name, node.state, node.model, node.tried) for node in self.views()[id].nodes]


def test_a_node_that_had_the_model_once_is_named_after_those_that_have_it() -> None:
    hall = Hall()
    hall.node("dropped", "m").found("test", ["other"])
    hall.node("never", "other")
    hall.node("silent")
    hall.node("away", "m").unreachable("connection refused")
    assert hall.words() == [("away", "offline", "has", False), ("dropped", "idle", "had", False)]


def test_while_nobody_has_the_model_those_that_have_told_nothing_may_have_it() -> None:
    hall = Hall()
    hall.node("never", "other")
    hall.node("silent")
    assert hall.words() == [("silent", "pending", "may", False)]


def test_those_at_work_come_first_and_those_that_have_failed_it_last() -> None:
    hall = Hall()
    hall.node("away", "m").unreachable("connection refused")
    hall.node("failed", "m")
    hall.node("resting", "m").rest("busy for others", 10)
    hall.node("loading", "m").is_loading("503")
    hall.node("idle", "m")
    assert hall.words(tried="failed") == [
        ("idle", "idle", "has", False),
        ("resting", "resting", "has", False),
        ("loading", "loading", "has", False),
        ("away", "offline", "has", False),
        ("failed", "idle", "has", True),
    ]


def test_before_it_are_those_that_will_go_to_nodes_that_could_serve_it_most_first() -> None:
    hall = Hall()
    hall.node("n1", "m")
    hall.node("n2", "m")
    hall.node("other", "other")
    hall.wait("alice", "n1")
    hall.wait("carol", "other")
    hall.wait("bob", "n2")
    hall.wait("bob", "n1")
    last, picky = hall.wait("dave", "n2", 4), hall.wait("dave", "n2", 3, tried="n1")
    why = hall.views()
    assert why[last].before == (("bob", 2), ("alice", 1))
    assert why[picky].before == (("bob", 1), ("dave", 1))


def test_one_without_a_place_has_nobody_before_it() -> None:
    hall = Hall()
    hall.node("n1", "m")
    hall.wait("alice", "n1")
    stuck = hall.wait("bob", None, None)
    assert hall.views()[stuck].before == ()


def test_those_whose_node_cannot_be_foreseen_count_by_their_model() -> None:
    hall = Hall()
    hall.node("n1", "m")
    hall.wait("alice", "n1", 1)
    hall.wait("bob", None, 2)
    last = hall.wait("carol", None, 3)
    assert dict(hall.views()[last].before) == {"alice": 1, "bob": 1}


def test_what_is_looked_for_has_those_before_it_that_are_not_shown() -> None:
    hall = Hall()
    hall.node("n1", "m")
    hall.wait("alice", "n1", 1)
    last = hall.wait("Bob", "n1", 2)
    assert {id: why.before for id, why in hall.views("bo").items()} == {last: (("alice", 1),)}


def test_some_of_those_that_nobody_can_serve_stay_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_requests, "MOST_REQUESTS", 4)
    monkeypatch.setattr(desk_requests, "MOST_STUCK", 2)
    hall = Hall()
    hall.node("n1", "m")
    placed = [hall.wait("alice", "n1", position) for position in range(1, 6)]
    assert list(hall.views()) == placed[:4]
    stuck = [hall.wait("bob", None, None) for _ in range(5)]
    assert list(hall.views()) == [*placed[:2], *stuck[:2]]
    hall.entries = hall.entries[4:]
    assert list(hall.views()) == [placed[4], *stuck[:3]], "where few have a place, there is room for more"


def test_more_nodes_than_are_listed_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_requests, "MOST_ABLE", 2)
    hall = Hall()
    for number in range(5):
        hall.node(f"n{number}", "m")
    id = hall.wait("k", "n0")
    why = hall.views()[id]
    assert ([node.name for node in why.nodes], why.nodes_more) == (["n0", "n1"], 3)
