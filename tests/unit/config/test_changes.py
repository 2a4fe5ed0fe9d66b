"""What differs between two configurations, by name."""

from __future__ import annotations

import attrs

from llmlb.config.changes import changes, differences
from llmlb.config.model import Config, KeyConfig, NodeConfig, Operator, Queue, Server


def test_nothing_is_told_of_what_is_the_same() -> None:
    config = Config(nodes=(NodeConfig(url="http://a:1"),))
    assert changes(config, attrs.evolve(config)) == ()


def test_settings_nodes_and_keys_are_told_by_name() -> None:
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


def test_values_are_told_but_no_secret_and_no_list() -> None:
    before = Config(api_keys=(KeyConfig(name="alice", key="sk-old"),), nodes=(NodeConfig(url="http://a:1"),))
    after = Config(
        server=Server(metrics_token="token", allowed_hosts=("a.example",)),
        queue=Queue(max_size=7, enable_fairness=False, when_full="push_out"),
        operator=Operator(password_hash="hash"),
        nodes=(NodeConfig(url="http://a:1", api_key="sk-node", name="a\nb"),),
        api_keys=(KeyConfig(name="alice", key="sk-new", weight=2.0, disabled=True),),
    )
    assert {change.name: change.values for change in differences(before, after)} == {
        "server.allowed_hosts": "",
        "server.metrics_token": "",
        "queue.max_size": "100 -> 7",
        "queue.enable_fairness": "true -> false",
        "queue.when_full": '"refuse" -> "push_out"',
        "operator.password_hash": "",
        "nodes.a\nb.name": '"a:1" -> "a\\nb"',
        "nodes.a\nb.api_key": "",
        "api_keys.alice.key": "",
        "api_keys.alice.weight": "1 -> 2",
        "api_keys.alice.disabled": "false -> true",
    }
