"""What is said of a change of configuration."""

from __future__ import annotations

from typing import Any

import attrs

from llmlb.config.changes import changes
from llmlb.config.model import Config, KeyConfig, NodeConfig, Queue

A, B = NodeConfig(name="a", url="http://a"), NodeConfig(name="b", url="http://b")
KEY = KeyConfig(name="alice", key="sk-secret")
CONFIG = Config(nodes=(A,), api_keys=(KEY,))


def told(**now: Any) -> tuple[str, ...]:
    return changes(CONFIG, attrs.evolve(CONFIG, **now))


def test_nothing_is_told_of_what_stays() -> None:
    assert told() == ()


def test_settings_are_told_by_name() -> None:
    assert told(queue=Queue(max_size=7)) == ("queue.max_size",)


def test_a_node_is_the_same_as_long_as_its_address_is() -> None:
    assert told(nodes=(A, B)) == ("nodes.b added",)
    assert told(nodes=(B,)) == ("nodes.a removed", "nodes.b added")
    moved = attrs.evolve(A, name="c", url="http://a/v1", drain=True)
    assert set(told(nodes=(moved,))) == {"nodes.c.name", "nodes.c.url", "nodes.c.drain"}


def test_of_a_key_only_its_name_is_told() -> None:
    assert told(api_keys=()) == ("api_keys.alice removed",)
    assert told(api_keys=(attrs.evolve(KEY, key="sk-other"),)) == ("api_keys.alice.key",)
