"""The configuration of the demo."""

from __future__ import annotations

import inspect

import pytest

from llmlb.config.model import Config, Log, Server
from llmlb.demo.setting import MODEL, SAMPLE_KEYS, VISITOR_KEY, demo_config, demo_nodes
from llmlb.demo.traffic import trickle

URLS = ("http://127.0.0.1:9001", "http://127.0.0.1:9002")


def test_every_node_has_the_model_of_the_quickstart_and_one_of_its_own() -> None:
    first, second = demo_nodes()
    assert (first.name, second.name) == ("demo-1", "demo-2")
    assert MODEL == "llama-3.2-1b"
    assert MODEL in first.models
    assert MODEL in second.models
    assert set(first.models) - set(second.models)
    assert set(second.models) - set(first.models)
    assert any("embed" in name for name in first.models)


def test_the_sample_traffic_asks_for_models_that_are_there() -> None:
    there = {model for node in demo_nodes() for model in node.models}
    usual = {name: parameter.default for name, parameter in inspect.signature(trickle).parameters.items()}
    assert {*usual["models"], usual["embedding_model"]} <= there


def test_the_visitor_and_the_sample_users_have_keys_and_alice_weighs_two() -> None:
    config = demo_config(URLS)
    assert {key.name: key.key for key in config.api_keys} == {"quickstart": VISITOR_KEY, **SAMPLE_KEYS}
    assert VISITOR_KEY == "sk-your-api-key"
    assert {key.name: key.weight for key in config.api_keys if key.weight != 1} == {"alice": 2.0}


def test_the_nodes_are_named_and_everything_else_is_as_it_was() -> None:
    base = Config(server=Server(port=8090))
    config = demo_config(URLS, base)
    assert [(node.name, node.url) for node in config.nodes] == [("demo-1", URLS[0]), ("demo-2", URLS[1])]
    assert config.server.port == 8090
    assert demo_config(URLS).server == Server(host="127.0.0.1", port=8080)


def test_the_first_estimates_suit_the_nodes_of_the_demo() -> None:
    assert demo_config(URLS).fairness.default_service_secs == 2.0


def test_the_log_is_quiet_unless_something_is_set() -> None:
    """What the demo says when it starts has to stay on the screen."""
    assert demo_config(URLS).log.level == "warning"
    chosen = Log(format="console")
    assert demo_config(URLS, Config(log=chosen)).log is chosen


def test_as_many_urls_as_nodes_are_wanted() -> None:
    with pytest.raises(ValueError, match="zip"):
        demo_config(URLS[:1])
