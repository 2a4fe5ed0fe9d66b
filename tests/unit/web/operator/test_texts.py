"""The words of the operator's pages: both languages say the same, and all that is used is there."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import llmlb.web
from llmlb.web.operator.desk_texts import DESK_TEXTS
from llmlb.web.operator.settings_texts import SETTINGS_TEXTS
from llmlb.web.operator.texts import OPERATOR_TEXTS

WEB = Path(llmlb.web.__file__).parent
TEXTS = OPERATOR_TEXTS | DESK_TEXTS | SETTINGS_TEXTS
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
SOURCES = "".join(
    path.read_text(encoding="utf-8")
    for path in [*(WEB / "operator").glob("*.py"), *(WEB / "templates" / "operator").glob("*.html")]
    if not path.name.endswith("texts.py")
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_both_languages_fill_in_the_same(key: str) -> None:
    texts = TEXTS[key]
    assert set(texts) == {"ja", "en"}
    assert fields(texts["ja"]) == fields(texts["en"])
    assert not JAPANESE.search(texts["en"])
    if re.search("[a-z]{4}", re.sub(r"\{.*?\}", "", texts["en"])) and texts["ja"] != texts["en"]:
        assert JAPANESE.search(texts["ja"])


def test_no_page_has_two_words_of_one_name() -> None:
    assert not OPERATOR_TEXTS.keys() & (DESK_TEXTS.keys() | SETTINGS_TEXTS.keys())


def test_what_the_templates_ask_for_is_there() -> None:
    asked = set(re.findall(r'\bo\("([\w.]+)"', SOURCES))
    assert len(asked) > 100
    assert asked <= TEXTS.keys()


def test_every_word_is_used() -> None:
    """By its name, or by one that is put together from a beginning and what follows."""
    begun = set(re.findall(r'f"([\w.]+[._])\{', SOURCES))
    ended = set(re.findall(r'f"\{\w+\}(_\w+)"', SOURCES))
    unused = {
        key for key in TEXTS
        if not re.search(rf"[\"']{re.escape(key)}[\"']", SOURCES)
        and not any(key.startswith(beginning) for beginning in begun)
        and not any(key.endswith(ending) for ending in ended)
        and "." not in key  # called as the setting is
    }  # fmt: skip
    assert unused == set()


def test_every_refusal_has_its_words() -> None:
    raised = set(re.findall(r'NotDone\(\s*(\d+), "(\w+)"', SOURCES))
    assert len(raised) >= 6
    assert {key for _, key in raised} <= OPERATOR_TEXTS.keys()
