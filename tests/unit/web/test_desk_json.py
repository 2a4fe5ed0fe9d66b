"""The desk as JSON, and back."""

from __future__ import annotations

import attrs
import pytest

from llmlb.web.desk_json import desk_json, read_desk
from tests.unit.cli.status.a_desk import desk, key, node, usage


def test_what_is_written_is_read_again() -> None:
    one = desk(keys=(key("alice", usage=usage(served=3, wait_p50=0.5)),), running=())
    assert read_desk(desk_json(one, history=True)) == one


def test_figures_are_rounded() -> None:
    content = desk_json(
        desk(keys=(key("alice", share=1 / 3),), nodes=(node("a", history=({"busy": 2 / 3},)),)), history=True
    )
    assert content["keys"][0]["share"] == 0.333
    assert list(content["nodes"][0]["history"]) == [{"busy": 0.667}]


def test_a_request_that_waits_has_in_it_what_it_waits_for() -> None:
    third = desk_json(desk(), history=False)["waiting"][2]
    assert (third["id"], third["position"]) == ("r4", None)
    assert [able["name"] for able in third["why"]["nodes"]] == ["gpu-2"]


def test_the_past_hour_of_nodes_is_left_out_where_it_is_not_wanted() -> None:
    one = desk(nodes=(node("a", history=({"busy": 1.0},) * 120),))
    content = desk_json(one, history=False)
    assert "history" not in content["nodes"][0]
    assert read_desk(content) == attrs.evolve(one, nodes=(node("a"),))


@pytest.mark.parametrize("missing", ["waiting", "nodes", "keys"])
def test_what_another_version_has_written_is_told_apart(missing: str) -> None:
    content = desk_json(desk(), history=False)
    del content[missing]
    with pytest.raises(ValueError, match=missing):
        read_desk(content)
    with pytest.raises(ValueError, match="indices"):
        read_desk({**content, "waiting": ["x"]})
