"""Which of several idle nodes gets a request (N4)."""

from __future__ import annotations

from typing import Any

import pytest

from llmlb.scheduler.placement import Candidate, choose

PLAIN = Candidate("n", loaded=False, models=1, failures=0, mean_secs=5.0, idle_since=0.0)


def chosen(**changes: dict[str, Any]) -> str:
    """The choice among nodes that differ from the plain one as told."""
    return choose([PLAIN._replace(node=node, **change) for node, change in changes.items()]).node


def test_nine_requests_one_after_another_over_three_equal_nodes_give_three_each() -> None:
    nodes = {name: PLAIN._replace(node=name) for name in ("one", "two", "three")}
    served = []
    for now in range(1, 10):
        node = choose(nodes.values()).node
        nodes[node] = nodes[node]._replace(idle_since=float(now))
        served.append(node)
    assert [served.count(name) for name in nodes] == [3, 3, 3]


def test_nine_requests_over_three_nodes_never_used_give_three_each() -> None:
    """Their mean times, a little different, come to be known on the way."""
    nodes = {name: PLAIN._replace(node=name, mean_secs=None) for name in ("one", "two", "three")}
    served = []
    for now in range(1, 10):
        node = choose(nodes.values()).node
        nodes[node] = nodes[node]._replace(idle_since=float(now), mean_secs=5.0 + 0.3 * len(node))
        served.append(node)
    assert [served.count(name) for name in nodes] == [3, 3, 3]


def test_the_model_in_memory_comes_before_everything() -> None:
    worst = {"models": 9, "failures": 9, "mean_secs": 99.0, "idle_since": 9.0}
    assert chosen(cold={}, warm={"loaded": True, **worst}) == "warm"


def test_then_the_node_with_the_fewest_models() -> None:
    assert chosen(many={"models": 3}, few={"models": 2, "failures": 9, "mean_secs": 99.0, "idle_since": 9.0}) == "few"


def test_then_the_one_with_the_fewest_recent_failures() -> None:
    assert chosen(failing={"failures": 2}, sound={"failures": 1, "mean_secs": 99.0, "idle_since": 9.0}) == "sound"


def test_then_the_fastest() -> None:
    assert chosen(slow={"mean_secs": 6.1}, fast={"mean_secs": 5.0, "idle_since": 9.0}) == "fast"


def test_within_twenty_per_cent_they_are_equally_fast_and_the_longest_idle_is_chosen() -> None:
    assert chosen(slower={"mean_secs": 6.0}, faster={"mean_secs": 5.0, "idle_since": 9.0}) == "slower"


def test_a_tenth_of_a_second_says_nothing_about_a_node() -> None:
    assert chosen(slower={"mean_secs": 0.11}, faster={"mean_secs": 0.02, "idle_since": 9.0}) == "slower"


def test_a_node_not_measured_yet_is_no_slower_than_the_fastest() -> None:
    assert chosen(known={"mean_secs": 0.5, "idle_since": 1.0}, new={"mean_secs": None}) == "new"
    assert chosen(known={"mean_secs": 0.5}, new={"mean_secs": None, "idle_since": 1.0}) == "known"


def test_the_slow_one_is_passed_even_when_another_is_not_measured() -> None:
    new = {"mean_secs": None, "idle_since": 1.0}
    assert chosen(slow={"mean_secs": 50.0}, fast={"idle_since": 2.0}, new=new) == "new"


def test_there_has_to_be_a_candidate() -> None:
    with pytest.raises(ValueError, match="no candidates"):
        choose([])
