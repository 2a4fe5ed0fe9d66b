"""What differs between two configurations, by name."""

from __future__ import annotations

import attrs

from llmlb.config.changes import changes
from llmlb.config.model import Config, KeyConfig, NodeConfig, Queue


def test_nothing_is_told_of_what_is_the_same() -> None:
    config = Config(nodes=(NodeConfig(url="http://a:1"),))
    assert changes(config, attrs.evolve(config)) == ()


def test_settings_nodes_and_keys_are_told_by_name_and_never_by_value() -> None:
    before = Config(
        nodes=(NodeConfig(url="http://a:1", name="a"), NodeConfig(url="http://b:1", name="b")),
        api_keys=(KeyConfig(name="alice", key="sk-old"), KeyConfig(name="bob", key="sk-bob")),
    )
    after = Config(
        queue=Queue(max_size=7),
        nodes=(NodeConfig(url="http://a:1", name="first", api_key="sk-node"), NodeConfig(url="http://c:1", name="c")),
        api_keys=(KeyConfig(name="alice", key="sk-new", weight=2), KeyConfig(name="carol", key="sk-carol")),
    )
    assert changes(before, after) == (
        "queue.max_size",
        "nodes.b removed",
        "nodes.first.name",
        "nodes.first.api_key",
        "nodes.c added",
        "api_keys.bob removed",
        "api_keys.alice.key",
        "api_keys.alice.weight",
        "api_keys.carol added",
    )
