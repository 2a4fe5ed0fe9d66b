"""What is told of edits of the configuration file that came to nothing."""

from __future__ import annotations

import errno

import pytest

from llmlb.config.edit import CannotEdit
from llmlb.config.problems import Problem
from llmlb.gateway.reload import Reload
from llmlb.messages import Locale
from llmlb.web.operator.edit_flashes import alert, not_written, problems_alert, taken
from llmlb.web.operator.flashes import Flash

DONE = Flash(level="good", title="Done.", lines=("a: 1 → 2",))
PROBLEM = Problem(reason="emptied", file="config.toml")


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (CannotEdit(), "edit lab.toml by hand"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(), "OSError"),
    ],
)
def test_why_nothing_was_written_is_told_with_what_to_do(why: CannotEdit | OSError, words: str) -> None:
    flash = not_written("en", why, "lab.toml")
    assert flash.level == "error"
    assert words in f"{flash.title} {flash.advice}"
    assert "lab.toml" in flash.advice


def test_names_from_strangers_are_text_on_one_line() -> None:
    assert alert("en", "node_unknown", name="a\nb\u202e").title == "There is no node a\\nb\\u202e."


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_problems_are_told_a_line_each(locale: Locale) -> None:
    assert problems_alert(locale, "broken", [PROBLEM, PROBLEM]).lines == (PROBLEM.text(locale),) * 2


def test_what_was_taken_is_told_as_it_is() -> None:
    assert taken("en", Reload(changed=("queue.max_size",)), DONE) == DONE


def test_what_was_written_but_not_taken_is_told() -> None:
    refused = taken("en", Reload(problems=(PROBLEM,)), DONE)
    assert (refused.level, refused.lines) == ("error", (PROBLEM.text("en"),))
    later = taken("en", Reload(stopping=True), DONE)
    assert (later.level, later.title, later.lines) == ("warning", "Written.", DONE.lines)
    assert "when it is started again" in later.advice
