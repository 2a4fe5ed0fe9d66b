from __future__ import annotations

import pytest

from llmlb.config.model import NodeConfig
from llmlb.simulate.flaws import InputError
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.nodes import configured_nodes, read_nodes, with_models


def test_a_node_has_a_name_models_and_a_speed() -> None:
    assert read_nodes(["fast: models=a llama3:8b a, speed=1.5", "plain", "other:"]) == (
        NodeSpec("fast", ("a", "llama3:8b"), 1.5),
        NodeSpec("plain"),
        NodeSpec("other"),
    )


def test_what_is_wrong_is_told() -> None:
    with pytest.raises(InputError) as caught:
        read_nodes(["a: speed=0", "a: model=x", "b: models=" + "m" * 300])
    assert [flaw.text("en") for flaw in caught.value.flaws] == [
        '--node a: speed = "0": must be a number from 0.001 to 1000.',
        '--node a: "model=x": unknown field; did you mean models? Known here: models, speed.',
        '--node: "a": this name is given twice.',
        f'--node b: models = "{"m" * 80}…": must be a model name of 1 to 256 printable characters.',
    ]


def test_the_nodes_of_a_configuration_serve_their_models_and_aliases() -> None:
    nodes = [
        NodeConfig(url="http://a:1", name="one", models=("m",), aliases={"gpt": "m"}),
        NodeConfig(url="http://b:1", aliases={"gpt": "m"}),
    ]
    assert configured_nodes(nodes) == (NodeSpec("one", ("m", "gpt")), NodeSpec("b:1"))
    assert configured_nodes([]) == (NodeSpec("node-1"),)


def test_a_drained_node_serves_nothing_and_a_configuration_of_no_other_is_refused() -> None:
    drained = NodeConfig(url="http://a:1", drain=True)
    assert configured_nodes([drained, NodeConfig(url="http://b:1")]) == (NodeSpec("b:1"),)
    with pytest.raises(InputError) as caught:
        configured_nodes([drained])
    assert str(caught.value) == "[[nodes]]: all of them have drain = true; give nodes with --nodes or --node."


def test_a_node_whose_models_are_not_listed_serves_all() -> None:
    assert with_models([NodeSpec("a", ("m",)), NodeSpec("b", speed=2.0)], ["m", "x"]) == (
        NodeSpec("a", ("m",)),
        NodeSpec("b", ("m", "x"), 2.0),
    )
