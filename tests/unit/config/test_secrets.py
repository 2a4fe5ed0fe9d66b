"""A secret in the wrong place is not shown either."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.config.document import parse_document
from llmlb.config.load import load, load_document
from llmlb.config.model import KeyConfig, NodeConfig, Server
from llmlb.config.problems import ConfigError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('[[api_keys]]\nname = "a"\nkey = "sk hidden"\n', "key = ***"),
        ('[[api_keys]]\nname = "a"\nkey = ["hidden"]\n', "key = ***"),
        ('[[api_keys]]\nname = "a"\nkey_sha256 = "hidden"\n', "key_sha256 = ***"),
        ('[[api_keys]]\nname = "a"\nkee = "hidden"\n', "kee = ***: unknown key; did you mean key?"),
        ('[[api_keys]]\nname = "a"\n"sk-hidden-1" = "x"\n', '"***" = ***: unknown key.'),
        ('[api_keys]\nalice = "hidden"\n', "api_keys = ***"),
        ('api_keys = ["hidden"]\n', "api_keys = ***"),
        ('api_key = "hidden"\n', "api_key = ***"),
        ('[server]\napi_key = "hidden"\n', "[server] api_key = ***"),
        ('[[nodes]]\nurl = "http://h"\napi_key = "hid den hidden"\n', "api_key = ***"),
        ('[server]\nmetrics_token = "hid den hidden"\n', "metrics_token = ***"),
        ('[server]\nmetrics_tokn = "hidden"\n', "metrics_tokn = ***: unknown key; did you mean metrics_token?"),
        ('[server]\ntoken = "hidden"\n', "token = ***"),
        ('[[nodes]]\nurl = "http://u:hidden@h:1"\n', 'url = "http://***@h:1"'),
        ('[[nodes]]\nurl = "http://h:1/?key=hidden"\n', 'url = "http://h:1/?***"'),
    ],
)
def test_a_wrong_secret_is_shown_as_stars(text: str, shown: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_document(parse_document(text.encode(), "c.toml"), Path("c.toml"), {})
    lines = "\n".join(problem.text("en") for problem in caught.value.problems)
    assert shown in lines
    for said in (lines, repr(caught.value), repr(caught.value.problems), str(caught.value)):
        assert "hidden" not in said


def test_other_values_in_the_wrong_place_are_shown() -> None:
    with pytest.raises(ConfigError, match=r"\[queue\] size = 5: unknown key"):
        load_document(parse_document(b"[queue]\nsize = 5\n", "c.toml"), None, {})


def test_the_model_hides_its_secrets() -> None:
    said = repr(NodeConfig(url="http://h", api_key="hidden")) + repr(
        (KeyConfig(name="a", key="hidden", key_sha256="hidden"), Server(metrics_token="hidden"))
    )
    assert "hidden" not in said


def test_both_ways_to_give_a_key_give_the_same_digest() -> None:
    plain = KeyConfig(name="a", key="sk-1")
    assert KeyConfig(name="a", key_sha256=plain.digest.hex()).digest == plain.digest
    assert len(plain.digest) == 32


def test_a_wrong_secret_in_a_variable_is_shown_as_stars() -> None:
    with pytest.raises(ConfigError) as caught:
        load(None, {"LLMLB_SERVER_METRICS_TOKEN": "hid den hidden"})
    assert str(caught.value).startswith("LLMLB_SERVER_METRICS_TOKEN=***: must be ")
    assert "hid" not in repr(caught.value.problems)
