"""One taxonomy of refusals: each has its HTTP answer in one table, and its text in both languages."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from string import Formatter

import pytest

from llmlb import errors
from llmlb.errors import Refusal
from llmlb.messages import TEXTS

PACKAGE = Path(errors.__file__).parent
REFUSALS = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, Refusal) and kind is not Refusal
}


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_has_its_row_in_the_table_of_answers(name: str) -> None:
    from llmlb.web.faults import FAULTS

    fault = FAULTS[REFUSALS[name]]
    assert 400 <= fault.status <= 599
    assert fault.type


@pytest.mark.parametrize("name", REFUSALS)
def test_every_refusal_has_a_text(name: str) -> None:
    assert REFUSALS[name].message in TEXTS


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_says_the_same_in_both_languages(key: str) -> None:
    assert set(TEXTS[key]) == {"ja", "en"}
    ja, en = TEXTS[key]["ja"], TEXTS[key]["en"]
    assert ja.strip()
    assert en.strip()
    assert placeholders(ja) == placeholders(en)


def test_every_text_that_a_refusal_is_raised_with_exists() -> None:
    """`Malformed("no_model")`: a mistyped key would only show when a client meets it."""
    takes_a_key = {name for name, kind in REFUSALS.items() if kind.__init__ is Refusal.__init__}
    named = [
        (node.args[0].value, f"{path.name}:{node.lineno}")
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in takes_a_key
        and node.args
        and isinstance(node.args[0], ast.Constant)
    ]
    assert [where for key, where in named if key not in TEXTS] == []
