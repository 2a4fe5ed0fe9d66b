"""The configuration of the demo."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import pytest

from llmlb.config.document import parse_document
from llmlb.config.load import load_document
from llmlb.config.model import Config, Server
from llmlb.config.password import hash_password
from llmlb.demo.setting import MODEL, SAMPLE_KEYS, VISITOR_KEY, demo_file, demo_nodes, demo_settings
from llmlb.demo.traffic import trickle

URLS = ("http://127.0.0.1:9001", "http://127.0.0.1:9002")


def configured(given: Mapping[str, Any] | None = None, password_hash: str = "") -> Config:
    """What comes out when the file of the demo is read."""
    text = demo_file(demo_settings(URLS, given, password_hash))
    return load_document(parse_document(text.encode(), "config.toml"), None, {}).config


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
    config = configured()
    assert {key.name: key.key for key in config.api_keys} == {"quickstart": VISITOR_KEY, **SAMPLE_KEYS}
    assert VISITOR_KEY == "sk-your-api-key"
    assert {key.name: key.weight for key in config.api_keys if key.weight != 1} == {"alice": 2.0}


def test_nodes_and_keys_are_its_own_and_everything_else_is_as_it_was() -> None:
    given = {
        "server": {"port": 8090},
        "queue": {"max_size": 7},
        "nodes": [{"url": "http://real:1"}],
        "api_keys": [{"name": "real", "key": "sk-real"}],
    }
    config = configured(given)
    assert [(node.name, node.url) for node in config.nodes] == [("demo-1", URLS[0]), ("demo-2", URLS[1])]
    assert "real" not in {key.name for key in config.api_keys}
    assert (config.server.port, config.queue.max_size) == (8090, 7)
    assert configured().server == Server(host="127.0.0.1", port=8080)
    assert given["nodes"] == [{"url": "http://real:1"}]


def test_the_first_estimates_suit_the_nodes_of_the_demo() -> None:
    assert configured().fairness.default_service_secs == 2.0
    assert configured({"fairness": {"quantum": 3}}).fairness.default_service_secs == 2.0
    assert configured({"fairness": {"default_service_secs": 5}}).fairness.default_service_secs == 5.0


def test_the_log_is_quiet_unless_something_is_set() -> None:
    """What the demo says when it starts has to stay on the screen."""
    assert configured().log.level == "warning"
    assert configured({"log": {"format": "console"}}).log.level == "info"


def test_the_operator_has_a_password_unless_there_is_another() -> None:
    assert configured().operator.password_hash == ""
    mine, other = hash_password("demo-password"), hash_password("another one")
    assert configured(None, mine).operator.password_hash == mine
    assert configured({"operator": {"session_secs": 60}}, mine).operator.password_hash == mine
    assert configured({"operator": {"password_hash": other}}, mine).operator.password_hash == other


def test_the_file_says_what_it_is_for() -> None:
    assert demo_file(demo_settings(URLS)).startswith("# The demo's own configuration.")


def test_as_many_urls_as_nodes_are_wanted() -> None:
    with pytest.raises(ValueError, match="zip"):
        demo_settings(URLS[:1])
