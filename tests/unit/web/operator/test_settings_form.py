"""The form of settings in words."""

from __future__ import annotations

import pytest

from llmlb.config.model import Config, Fairness, KeyConfig, Queue
from llmlb.messages import Locale
from llmlb.web.operator.settings_form import MOST_ROWS, Field, SettingsForm, settings_form
from llmlb.web.operator.settings_places import places, row_id
from llmlb.web.operator.settings_submission import Submission, wishes
from llmlb.web.operator.settings_texts import SETTINGS_TEXTS
from llmlb.web.operator.texts import OPERATOR_TEXTS

NAMES = ("alice", "Bob", "夜間")
CONFIG = Config(api_keys=tuple(KeyConfig(name=name, key=f"sk-{name.encode().hex()}") for name in NAMES))


def form(
    config: Config = CONFIG,
    locale: Locale = "en",
    find: str = "",
    locked: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
) -> SettingsForm:
    there = places(config)
    wished = wishes(Submission(version="", was={}, typed=typed or {}), there, locked or {})
    return settings_form(there, wished, locked or {}, locale, version="v", find=find)


def field(name: str, made: SettingsForm) -> Field:
    return next(field for group in made.groups for field in group.fields if field.id == name)


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_every_setting_of_queue_and_fairness_is_there_with_all_that_is_known(locale: Locale) -> None:
    made = form(locale=locale)
    ids = [field.id for group in made.groups for field in group.fields]
    assert len(ids) == len({*ids}) == len(Queue.__attrs_attrs__) + len(Fairness.__attrs_attrs__)
    for group in made.groups:
        for one in group.fields:
            assert one.label
            assert one.meaning
            assert one.default
            assert one.allowed or one.options
            assert one.text == one.was
            assert all(option.label for option in one.options), "a choice without words"
            if locale == "ja":
                assert not any(option.value in one.meaning for option in one.options), "a word that is not on the page"
    assert [column.label for column in made.columns] == [
        SETTINGS_TEXTS[f"of_key.{name}"][locale] for name in ("weight", "max_waiting", "disabled")
    ]


def test_what_was_typed_stays_with_what_is_wrong_and_what_there_is() -> None:
    one = field("queue.max_size", form(typed={"queue.max_size": "many"}))
    assert (one.text, one.was, one.touched) == ("many", "100", True)
    assert (one.error, one.note) == ("Must be a whole number from 1 to 10000.", "Now: 100")
    assert one.allowed == "", "it is not said twice"


def test_a_locked_field_names_the_variable() -> None:
    one = field("queue.max_size", form(locked={"queue.max_size": "LLMLB_QUEUE_MAX_SIZE"}))
    assert "LLMLB_QUEUE_MAX_SIZE" in one.locked
    assert not field("queue.timeout_secs", form()).locked


def test_keys_are_found_by_a_part_of_their_name_whatever_its_case() -> None:
    assert [key.name for key in form(find="B").keys] == ["Bob"]
    assert [key.name for key in form(find="夜").keys] == ["夜間"]
    assert [key.name for key in form(find="zzz").keys] == []


def test_a_key_that_was_touched_is_shown_whatever_is_looked_for() -> None:
    typed = {f"key.{row_id('alice')}.weight": "7"}
    assert [key.name for key in form(find="bob", typed=typed).keys] == ["alice", "Bob"]
    assert f"key.{row_id('夜間')}" not in form(find="bob", typed=typed).was


def test_of_very_many_keys_some_are_shown_and_those_touched() -> None:
    config = Config(api_keys=tuple(KeyConfig(name=f"k{n}", key=f"sk-{n}") for n in range(MOST_ROWS + 5)))
    made = form(config)
    assert (len(made.keys), made.keys_more) == (MOST_ROWS, 5)
    made = form(config, typed={f"key.{row_id(f'k{MOST_ROWS + 2}')}.weight": "3"})
    assert (len(made.keys), made.keys_more) == (MOST_ROWS + 1, 4)
    assert made.keys[-1].name == f"k{MOST_ROWS + 2}"


def test_a_name_is_shown_as_one_line() -> None:
    config = Config(api_keys=(KeyConfig(name="a\u202eb\nc", key="sk"),))  # not from a file, which refuses it
    assert form(config).keys[0].name == "a\\u202eb\\nc"


def test_the_words_of_the_settings_are_nobody_else_s() -> None:
    """The frame's words win over a page's own."""
    assert SETTINGS_TEXTS.keys() & OPERATOR_TEXTS.keys() == set()
