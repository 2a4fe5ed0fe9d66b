"""The words of the operator's frame: both languages say the same, and all that is used is there."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import llmlb.web
from llmlb.web.operator.texts import OPERATOR_TEXTS

WEB = Path(llmlb.web.__file__).parent
MINE = ("frame.html", "sign_in.html", "off.html", "refused.html")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", OPERATOR_TEXTS)
def test_both_languages_fill_in_the_same(key: str) -> None:
    texts = OPERATOR_TEXTS[key]
    assert set(texts) == {"ja", "en"}
    assert fields(texts["ja"]) == fields(texts["en"])
    assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", texts["ja"])
    assert texts["en"].isascii()


def test_what_the_templates_ask_for_is_there() -> None:
    asked = {
        key
        for name in MINE
        for key in re.findall(r'\bo\("(\w+)"', (WEB / "templates" / "operator" / name).read_text(encoding="utf-8"))
    }
    assert len(asked) > 10
    assert asked <= set(OPERATOR_TEXTS)


def test_every_refusal_has_its_words() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (WEB / "operator").glob("*.py")]
    raised = {found for source in sources for found in re.findall(r'NotDone\(\s*(\d+), "(\w+)"', source)}
    assert len(raised) >= 6
    missing = {(status, key) for status, key in raised if f"refused_{status}" not in OPERATOR_TEXTS}
    assert missing == set()
