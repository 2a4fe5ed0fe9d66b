"""Edits of the nodes in a configuration file."""

from __future__ import annotations

import pytest

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.node_edits import FoundNode, UnknownNode, change_node, find_node, keep_found, node_base

FILE = """[[nodes]]
name = "gpu-1"
url = "http://10.0.0.1:8000/v1" # the big one

[[nodes]]
url = "http://10.0.0.2:8000"
"""


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("gpu-1", (0, "gpu-1")),
        ("http://10.0.0.1:8000", (0, "gpu-1")),
        ("http://10.0.0.2:8000/v1/", (1, "10.0.0.2:8000")),
        ("10.0.0.2:8000", (1, "10.0.0.2:8000")),
    ],
)
def test_a_node_is_found_by_name_and_by_url(given: str, found: tuple[int, str]) -> None:
    assert find_node(Draft.of(FILE), given) == found


def test_an_unknown_node_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownNode) as refused:
        find_node(Draft.of(FILE), "gpu-2")
    assert (refused.value.near, refused.value.names) == (("gpu-1",), ("gpu-1", "10.0.0.2:8000"))
    with pytest.raises(UnknownNode):
        find_node(Draft.of(""), "")


def test_what_is_no_list_of_nodes_cannot_be_edited() -> None:
    for text in ("nodes = 1\n", "nodes = [1]\n"):
        with pytest.raises(CannotEdit):
            find_node(Draft.of(text), "gpu-1")


def test_a_node_is_drained_and_resumed_and_all_else_stays() -> None:
    draft = Draft.of(FILE)
    drained = change_node(draft, 0, "drain")
    assert drained.text == FILE.replace("# the big one\n", "# the big one\ndrain = true\n")
    assert change_node(drained, 0, "drain") is drained
    assert change_node(drained, 0, "resume").text == FILE
    assert change_node(draft, 0, "resume") is draft


def test_a_node_is_removed() -> None:
    assert change_node(Draft.of(FILE), 0, "remove").data == {"nodes": [{"url": "http://10.0.0.2:8000"}]}


def test_what_was_found_is_kept_only_where_nothing_is_configured() -> None:
    found = [FoundNode("ollama", "http://127.0.0.1:11434")]
    assert keep_found(Draft.of(""), found).data == {"nodes": [{"name": "ollama", "url": "http://127.0.0.1:11434"}]}
    draft = Draft.of(FILE)
    assert keep_found(draft, found) is draft


def test_urls_of_one_node_are_one() -> None:
    assert node_base("http://gpu:8000/v1/") == node_base("http://gpu:8000") == "http://gpu:8000"
    assert node_base("gpu") == node_base(None) == ""
