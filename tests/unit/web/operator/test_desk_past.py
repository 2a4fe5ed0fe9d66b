"""The past hours of nodes, drawn a few at a time."""

from __future__ import annotations

import attrs

from llmlb.gateway.desk import Desk
from llmlb.web.operator.desk_past import AT_ONCE, STALE_SECS, Band, Past
from tests.browser.desk_scene import AT, desk, hours, node

NODES = 2 * AT_ONCE + 5


def look(second: float, lately: str, nodes: int = NODES) -> Desk:
    cards = tuple(node(f"n{number}", history=hours(0, lately, 30)) for number in range(nodes))
    return attrs.evolve(desk(nodes=cards), at=AT + second)


def states(bands: tuple[Band, ...]) -> set[str]:
    return {"offline" if "Offline" in band.text else "loading" for band in bands}


def test_each_node_has_its_own_in_their_order() -> None:
    first, second = Past().bands(desk(nodes=(node("a", history=hours(1, "offline", 60)), node("b"))), "en")
    assert (first.id, second.id) == ("a", "b")
    assert "Offline 58%" in first.text
    assert second.text == "No history yet."


def test_few_nodes_are_always_as_they_are_now() -> None:
    past = Past()
    for second, lately in enumerate(["offline", "loading", "offline"]):
        assert states(past.bands(look(second, lately, AT_ONCE), "en")) == {lately}


def test_of_many_those_are_drawn_that_were_so_longest_ago_until_all_are() -> None:
    past = Past()
    past.bands(look(0, "offline"), "en")
    drawn = [
        sum("Loading" in band.text for band in past.bands(look(second, "loading"), "en")) for second in range(1, 5)
    ]
    assert drawn == [AT_ONCE, 2 * AT_ONCE, NODES, NODES]


def test_nothing_old_is_shown_after_a_while_without_looks() -> None:
    past = Past()
    past.bands(look(0, "offline"), "en")
    assert states(past.bands(look(STALE_SECS, "loading"), "en")) == {"loading"}


def test_languages_are_apart_and_nodes_that_are_gone_forgotten() -> None:
    past = Past()
    past.bands(look(0, "offline"), "en")
    assert "オフライン" in past.bands(look(0, "offline"), "ja")[0].text
    past.bands(look(1, "offline", 3), "en")
    assert states(past.bands(look(2, "loading", NODES), "en")) == {"loading"}
