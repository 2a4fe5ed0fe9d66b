"""What is told of changes before they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.config.model import Config, KeyConfig, Queue, Server
from llmlb.web.operator.settings_difference import effects, rows, trial
from llmlb.web.operator.settings_form import was_of
from llmlb.web.operator.settings_places import places, row_id
from llmlb.web.operator.settings_submission import Submission, Wish, wishes

KEYS = (KeyConfig(name="alice", key="sk-a"), KeyConfig(name="bob", key="sk-b", disabled=True))
CONFIG = Config(api_keys=KEYS)
WEIGHT, ACCESS = f"key.{row_id('alice')}.weight", f"key.{row_id('alice')}.disabled"


def news(config: Config = CONFIG, /, **typed: str) -> tuple[Wish, ...]:
    fields = {name.replace("__", "."): text for name, text in typed.items()}
    fields["was"] = was_of(list(places(config).values()))
    return wishes(Submission.of(fields), places(config), {}).news


def told(config: Config = CONFIG, waiting: int = 0, /, **typed: str) -> list[str]:
    return [effect.text for effect in effects(news(config, **typed), config, waiting, "en")]


def test_each_change_is_told_with_how_it_will_stand_in_the_file() -> None:
    changes = news(queue__when_full="push_out", queue__timeout_secs="30", fairness__quantum="2.50", **{WEIGHT: "2"})
    assert [(row.key, row.label, row.written, row.before, row.after) for row in rows(changes, "en")] == [
        ("", "Longest wait", "[queue] timeout_secs = 30", "60 s", "30 s"),
        ("", "Whom a full queue refuses", '[queue] when_full = "push_out"', "The newcomer",
         "The newest of the key with most waiting"),
        ("", "Quantum", "[fairness] quantum = 2.5", "0", "2.5"),
        ("alice", "Weight", "[[api_keys]] weight = 2", "1", "2"),
    ]  # fmt: skip


def test_a_length_of_time_is_written_as_its_reader_writes_it() -> None:
    (row,) = rows(news(queue__timeout_secs="30"), "ja")
    assert (row.before, row.after) == ("60秒", "30秒")


def test_a_value_that_is_the_default_is_marked() -> None:
    changes = news(Config(queue=Queue(max_size=5)), queue__max_size="100")
    assert [row.default for row in rows(changes, "en")] == [True]


@pytest.mark.parametrize(
    ("waiting", "size", "words"), [(5, "4", "5 requests wait now"), (4, "4", None), (0, "1", None)]
)
def test_a_queue_smaller_than_what_waits_is_warned_of(waiting: int, size: str, words: str | None) -> None:
    said = told(CONFIG, waiting, queue__max_size=size)
    assert (words is None and said == []) or (words is not None and said[0].startswith(words))


def test_the_limit_of_connections_is_told_where_it_is_lower() -> None:
    config = Config(server=Server(max_connections=50))
    assert told(config, queue__max_size="40") == []
    assert "allows 50 connections" in told(config, queue__max_size="60")[0]


def test_limits_for_those_who_come_are_told_where_somebody_waits() -> None:
    assert told(queue__timeout_secs="30") == told(queue__max_per_key="3") == []
    assert "keep the former limit of 60 s" in told(CONFIG, 1, queue__timeout_secs="30")[0]
    assert "Requests that wait now stay." in told(CONFIG, 1, queue__max_per_key="3")[0]


def test_another_rule_of_fairness_makes_keys_level() -> None:
    level = "all start level"
    assert level in told(fairness__cost="tokens")[0]
    assert level in told(Config(queue=Queue(enable_fairness=False)), queue__enable_fairness="true")[0]
    (off,) = told(queue__enable_fairness="false", fairness__cost="tokens")
    assert "in order of arrival" in off
    assert told(Config(queue=Queue(enable_fairness=False)), fairness__cost="tokens") == []
    assert told(fairness__quantum="3") == []


def test_weights_are_told_to_apply_at_once_or_not_at_all() -> None:
    assert "apply at once" in told(**{WEIGHT: "2"})[0]
    assert "no effect" in told(Config(queue=Queue(enable_fairness=False), api_keys=KEYS), **{WEIGHT: "2"})[0]
    assert len(told(queue__enable_fairness="false", **{WEIGHT: "2"})) == 1


def test_the_last_key_that_may_is_warned_of_and_the_gravest_comes_first() -> None:
    found = effects(news(**{ACCESS: "true", WEIGHT: "2"}), Config(api_keys=KEYS), 0, "en")
    assert [effect.grave for effect in found] == [True, True, False]
    assert "(alice)" in found[0].text
    assert "nobody can" in found[1].text


def test_many_disabled_keys_are_counted() -> None:
    keys = tuple(KeyConfig(name=f"k{n}", key=f"sk-{n}") for n in range(9))
    config = Config(api_keys=(*keys, KeyConfig(name="last", key="sk-last")))
    said = told(config, **{f"key.{row_id(key.name)}.disabled": "true" for key in keys})
    assert len(said) == 1
    assert "(k0, k1, k2, k3, k4, 4 more)" in said[0]


def test_a_trial_is_a_command_that_a_shell_takes_as_it_is() -> None:
    changes = news(queue__max_size="200", fairness__default_service_secs="2.5", **{WEIGHT: "2"})
    assert trial(changes, Path("my config.toml"), "/var/log/it's") == trial(
        changes, Path("my config.toml"), "/var/log/it's"
    )
    one = trial(changes, Path("my config.toml"), "/var/log/it's")
    assert one.command == (
        "llmlb simulate --history '/var/log/it'\"'\"'s' --config 'my config.toml' "
        "--set queue.max_size=200 fairness.default_service_secs=2.5"
    )
    assert one.only_keys
    assert trial(news(**{WEIGHT: "2"}), Path("c"), "").command == ""
