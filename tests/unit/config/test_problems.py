"""Problems in words."""

from __future__ import annotations

import errno
from pathlib import Path
from string import Formatter

import pytest

from llmlb.config import report
from llmlb.config.problems import Problem
from llmlb.config.report import describe_problems, why_not_written
from llmlb.config.rules import Whole
from llmlb.config.texts import TEXTS, say

ONE = Problem(reason="unfit", file="c.toml", line=3, path=("queue", "max_size"), given="0", rule=Whole(1, 9))
FILE = Problem(reason="no_file", file="c.toml")


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_there_in_both_languages_with_the_same_places(key: str) -> None:
    places = [{name for _, name, _, _ in Formatter().parse(TEXTS[key][locale]) if name} for locale in ("ja", "en")]
    assert TEXTS[key].keys() == {"ja", "en"}
    assert places[0] == places[1]
    assert TEXTS[key]["ja"] != TEXTS[key]["en"]


def test_every_text_is_used() -> None:
    package = Path(report.__file__).parents[1]
    code = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py") if path.name != "texts.py")
    assert [key for key in TEXTS if f'"{key.removesuffix("_near")}"' not in code] == []


def test_an_unknown_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        say("ja", "nothing like this")


@pytest.mark.parametrize(
    ("error", "ja", "en"),
    [
        (OSError(errno.EBUSY, "Device or resource busy"), "ディレクトリごとマウント", "mount its directory instead"),
        (PermissionError(errno.EPERM, "Operation not permitted"), "権限がありません", "no permission"),
        (OSError(errno.ENOENT, "No such file or directory"), "ディレクトリがありません", "there is no such directory"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error", "Input/output error"),
        (OSError(), "OSError", "OSError"),
    ],
)
def test_why_a_file_was_not_written_is_told_in_the_language_of_the_reader(error: OSError, ja: str, en: str) -> None:
    assert ja in why_not_written(error, "ja")
    assert en in why_not_written(error, "en")


def test_a_single_problem_is_one_plain_line() -> None:
    assert describe_problems([FILE], "en") == "c.toml: there is no such file."
    assert describe_problems([ONE], "en") == "c.toml:3: [queue] max_size = 0: must be a whole number from 1 to 9."


def test_problems_are_counted_and_listed() -> None:
    assert describe_problems([ONE, ONE], "ja") == (
        "設定に問題が2件あります。\n"
        "  c.toml:3: [queue] max_size = 0: 1から9までの整数を指定してください。\n"
        "  c.toml:3: [queue] max_size = 0: 1から9までの整数を指定してください。"
    )


@pytest.mark.parametrize(
    ("path", "table", "entry", "key", "text"),
    [
        (("queue",), "queue", None, "", "queue"),
        (("queue", "max_size"), "queue", None, "max_size", "[queue] max_size"),
        (("nodes", 1), "nodes", 2, "", "[[nodes]] #2"),
        (("nodes", 1, "url"), "nodes", 2, "url", "[[nodes]] #2 url"),
        (("nodes", 0, "models", 2), "nodes", 1, "models[2]", "[[nodes]] #1 models[2]"),
        (("nodes", 0, "aliases", "a b"), "nodes", 1, 'aliases."a b"', '[[nodes]] #1 aliases."a b"'),
    ],
)
def test_the_place_of_a_problem(
    path: tuple[str | int, ...], table: str, entry: int | None, key: str, text: str
) -> None:
    problem = Problem(reason="unfit", path=path)
    assert (problem.table, problem.entry, problem.key, problem.setting()) == (table, entry, key, text)


def test_what_is_allowed_is_said_in_each_language() -> None:
    assert ONE.allowed("en") == "a whole number from 1 to 9"
    assert ONE.allowed("ja") == "1から9までの整数"
    assert FILE.allowed("en") == ""


def test_an_odd_name_of_a_file_or_variable_stays_on_its_line() -> None:
    assert Problem(reason="no_file", file="a\nb").where() == '"a\\nb"'
    assert Problem(reason="unknown_variable", variable="LLMLB_\n").where() == '"LLMLB_\\n"'
