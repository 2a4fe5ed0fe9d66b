"""All nodes together: which models there are, and whether to wait for one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from llmlb.background import Background
from llmlb.config.model import Health, NodeConfig, Upstream
from llmlb.nodes.fleet import MOST_REMEMBERED, Fleet
from llmlb.nodes.node import Node
from llmlb.scheduler.fair import FairScheduler
from llmlb.testing import ManualClock
from llmlb.turns.local import LocalTurns


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def fleet(clock: ManualClock) -> AsyncIterator[Fleet]:
    background = Background()
    turns = LocalTurns(FairScheduler({}), clock, max_size=10)
    one = Fleet(turns, Upstream(), Health(), clock, background, lambda: None)
    for name in ("a", "b"):
        one.add(NodeConfig(name=name, url="http://127.0.0.1:1"))
    yield one  # no task has had a turn, so nothing was asked
    await background.stop()


def node(fleet: Fleet, name: str) -> Node:
    return next(member.node for member in fleet if member.node.id == name)


async def test_any_model_may_turn_out_to_be_on_a_node_that_has_told_nothing(fleet: Fleet) -> None:
    assert fleet.hopeful("m")
    assert fleet.all_silent
    node(fleet, "a").found("openai", ["n"])
    assert fleet.hopeful("m")
    assert not fleet.all_silent
    node(fleet, "b").is_loading("HTTP 503")
    assert fleet.hopeful("m")
    node(fleet, "b").found("openai", ["n"])
    assert not fleet.hopeful("m")


async def test_there_is_no_hope_in_offline_or_tried_nodes(fleet: Fleet) -> None:
    node(fleet, "a").found("openai", ["m"])
    node(fleet, "b").found("openai", ["m"])
    assert fleet.hopeful("m", {"a"})
    assert not fleet.hopeful("m", {"a", "b"})
    node(fleet, "b").unreachable("gone")
    assert not fleet.hopeful("m", {"a"})
    assert fleet.hopeful("m")


async def test_a_node_that_goes_offline_is_a_warning_in_the_log(fleet: Fleet) -> None:
    with capture_logs() as lines:
        node(fleet, "a").found("openai", ["m"])
        node(fleet, "a").unreachable("gone")
    assert [(line["log_level"], line["state"]) for line in lines] == [("info", "online"), ("warning", "offline")]


async def test_resting_is_hopeful(fleet: Fleet) -> None:
    for name in ("a", "b"):
        node(fleet, name).found("openai", ["m"])
    node(fleet, "b").unreachable("gone")
    node(fleet, "a").rest("busy", 10)
    assert fleet.hopeful("m")


async def test_models_are_known_from_the_first_answer_and_dated_by_it(fleet: Fleet, clock: ManualClock) -> None:
    node(fleet, "b").found("openai", ["m"])
    first = clock.wall()
    clock.advance(10)
    node(fleet, "a").found("openai", ["m", "n"])
    node(fleet, "b").unreachable("gone")
    assert fleet.models() == {"m": first, "n": first + 10}
    assert fleet.knows("m")
    assert not fleet.knows("x")


async def test_back_in_is_the_shortest_pause_of_those_that_might_serve_it(fleet: Fleet) -> None:
    node(fleet, "a").found("openai", ["m"])
    node(fleet, "b").found("openai", ["m"])
    for name, times in (("a", 3), ("b", 2)):
        for _ in range(times):
            node(fleet, name).unreachable("gone")
    assert fleet.back_in("m") == 2


async def test_what_is_said_of_a_model_follows_every_change_of_a_node(fleet: Fleet) -> None:
    """Answers are remembered: each of these asks twice, and what has changed in between is seen."""

    def said() -> tuple[bool, bool]:
        assert (fleet.hopeful("m"), fleet.knows("m")) == (fleet.hopeful("m"), fleet.knows("m"))
        return fleet.hopeful("m"), fleet.knows("m")

    assert said() == (True, False)
    node(fleet, "a").found("openai", ["n"])
    node(fleet, "b").found("openai", ["m"])
    assert said() == (True, True)
    node(fleet, "b").unreachable("gone")
    assert said() == (False, True)
    node(fleet, "a").found("openai", ["n", "m"])
    assert said() == (True, True)
    node(fleet, "a").configure(NodeConfig(name="a", url="http://127.0.0.1:1", drain=True))
    assert said() == (False, True)
    fleet.add(NodeConfig(name="c", url="http://127.0.0.1:2"))
    assert said() == (True, True)
    fleet.apply([NodeConfig(name="c", url="http://127.0.0.1:2")], Upstream(), Health())
    assert said() == (True, False)


async def test_models_that_are_written_down_of_a_node_that_rests_are_known_at_once(fleet: Fleet) -> None:
    """They were taken away while it rested, and are other ones now; it says nothing but that it is loading."""
    resting = node(fleet, "a")
    resting.configure(NodeConfig(name="a", url="http://127.0.0.1:1", models=("m",)))
    resting.is_loading("HTTP 503")
    resting.rest("busy", 10)
    resting.configure(NodeConfig(name="a", url="http://127.0.0.1:1"))
    resting.configure(NodeConfig(name="a", url="http://127.0.0.1:1", models=("x",)))
    assert not fleet.knows("x")
    resting.is_loading("HTTP 503")
    assert fleet.knows("x")


async def test_names_that_clients_make_up_do_not_fill_the_memory(fleet: Fleet) -> None:
    for number in range(3 * MOST_REMEMBERED):
        assert not fleet.knows(f"made up {number}")
    assert len(fleet._known) <= MOST_REMEMBERED
