"""docs/reliability.md names a test for everything it says, and for every setting there is."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from llmlb.config.model import ENTRIES, TABLES
from llmlb.config.settings import settings_of

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds))


def test_every_test_that_is_named_exists() -> None:
    named = TEST.findall(TEXT)
    assert len(named) >= 150
    assert len(named) == TEXT.count("tests/"), "a test is named in another form"
    assert [f"{file}::{name}" for file, name in named if name not in names_in(file)] == []


def test_every_line_names_what_shows_it() -> None:
    shown = TEXT.partition("\n## What it does not do\n")[0]
    lines = re.split(r"\n(?=- )|\n\n", shown)
    claims = [line for line in lines if line.startswith("- ")]
    assert len(claims) >= 70
    assert [claim for claim in claims if not TEST.search(claim)] == []


def test_every_setting_has_a_test_in_which_it_changes_something() -> None:
    rows = dict(re.findall(r"^\| `(\[.*?)` \| `(tests/.*?)` \|$", TEXT, re.MULTILINE))
    tables = [f"[{table}] {key}" for table, model in TABLES.items() for key in settings_of(model)]
    entries = [f"[[{table}]] {key}" for table, model in ENTRIES.items() for key in settings_of(model)]
    assert sorted(rows) == sorted(tables + entries)


def test_the_chaos_can_be_made() -> None:
    assert "`make chaos`" in TEXT
    assert re.search(r"^chaos:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
