"""Settings by name: reading, showing and setting them."""

from __future__ import annotations

import attrs
import pytest

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.model import TABLES, Config
from llmlb.config.rules import Unfit
from llmlb.config.values import (
    UnknownKey,
    UnknownSetting,
    all_settings,
    as_written,
    key_setting,
    present,
    read_value,
    set_key,
    set_value,
    setting_named,
    unset_key,
    unset_value,
)

FILE = """# mine
[queue]
max_size = 100 # enough

[[api_keys]]
name = "alice"
key = "sk-a"
weight = 2

[[api_keys]]
name = "bob"
key = "sk-b"
"""


def test_every_setting_has_a_name_and_a_default_that_fits_it() -> None:
    assert len(all_settings()) == sum(len(attrs.fields(table)) for table in TABLES.values())
    for name, named in all_settings().items():
        assert setting_named(name) is named
        assert named.setting.rule.check(named.default) == named.default == present(Config(), name)


def test_a_setting_knows_its_place() -> None:
    named = setting_named("queue.max_size")
    assert (named.table, named.key, named.name, named.variable) == (
        "queue", "max_size", "queue.max_size", "LLMLB_QUEUE_MAX_SIZE",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("queue.max_sise", "queue.max_size"),
        ("queue.max-size", "queue.max_size"),
        ("max_size", "queue.max_size"),
        ("QUEUE.MAX_SIZE", "queue.max_size"),
        ("timeout_secs", None),
        ("zzz", None),
        ("", None),
    ],
)
def test_an_unknown_name_is_refused_with_what_was_meant(name: str, meant: str | None) -> None:
    with pytest.raises(UnknownSetting) as refused:
        setting_named(name)
    if name != "timeout_secs":  # of which there are several tables
        assert refused.value.nearest == meant
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("queue.max_size", " 200 ", 200),
        ("queue.enable_fairness", "off", False),
        ("queue.enable_fairness", "Yes", True),
        ("queue.enable_fairness", "0", False),
        ("queue.when_full", "push_out", "push_out"),
        ("fairness.quantum", "2.5", 2.5),
        ("fairness.quantum", "3", 3.0),
        ("server.allowed_hosts", "gpu.example, b.example", ("gpu.example", "b.example")),
    ],
)
def test_a_text_is_read_as_the_model_holds_it(name: str, text: str, value: object) -> None:
    read = read_value(setting_named(name).setting, text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("queue.max_size", "0"),
        ("queue.max_size", "10001"),
        ("queue.max_size", "1e3"),
        ("queue.max_size", "１００"),
        ("queue.max_size", ""),
        ("queue.enable_fairness", "maybe"),
        ("queue.when_full", "explode"),
        ("fairness.quantum", "nan"),
        ("fairness.quantum", "-1"),
    ],
)
def test_a_text_that_fits_no_rule_is_refused(name: str, text: str) -> None:
    with pytest.raises(Unfit):
        read_value(setting_named(name).setting, text)


def test_values_are_written_as_in_a_file() -> None:
    assert [as_written(value) for value in (200, 2.0, 2.5, True, "refuse", ("a", "b"))] == [
        "200", "2", "2.5", "true", '"refuse"', '["a", "b"]',
    ]  # fmt: skip


def test_a_value_is_set_and_all_else_stays() -> None:
    draft = set_value(Draft.of(FILE), "queue.max_size", 200)
    assert draft.text == FILE.replace("100", "200")
    assert set_value(draft, "server.allowed_hosts", ("a.example",)).text == draft.text + (
        '\n[server]\nallowed_hosts = ["a.example"]\n'
    )
    assert unset_value(draft, "queue.max_size").text == FILE.replace("max_size = 100 # enough\n", "")
    assert unset_value(draft, "queue.timeout_secs") is draft
    assert unset_value(draft, "log.level") is draft


def test_a_field_of_a_key_is_set_by_the_name_of_the_key() -> None:
    draft = Draft.of(FILE)
    assert set_key(draft, "alice", "weight", 3.0).text == FILE.replace("weight = 2", "weight = 3")
    assert set_key(draft, "bob", "disabled", True).text == FILE + "disabled = true\n"
    assert unset_key(draft, "alice", "weight").text == FILE.replace("weight = 2\n", "")
    assert unset_key(draft, "bob", "weight") is draft


def test_an_unknown_key_or_field_is_refused() -> None:
    draft = Draft.of(FILE)
    with pytest.raises(UnknownKey) as refused:
        set_key(draft, "alise", "weight", 3.0)
    assert refused.value.nearest == "alice"
    with pytest.raises(UnknownSetting) as unknown:
        set_key(draft, "alice", "wieght", 3.0)
    assert unknown.value.nearest == "weight"
    assert key_setting("weight").rule.check(2) == 2.0


@pytest.mark.parametrize("text", ["queue = 1\n", "api_keys = 1\n", "api_keys = [1]\n"])
def test_what_is_no_table_cannot_be_edited(text: str) -> None:
    draft = Draft.of(text)
    if text.startswith("queue"):
        with pytest.raises(CannotEdit):
            set_value(draft, "queue.max_size", 1)
        with pytest.raises(CannotEdit):
            unset_value(draft, "queue.max_size")
    else:
        with pytest.raises(CannotEdit):
            set_key(draft, "alice", "weight", 1.0)
