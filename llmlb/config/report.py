"""What `check` and `serve` print about a configuration."""

from __future__ import annotations

from collections.abc import Sequence

from llmlb.config.problems import Problem
from llmlb.config.texts import say
from llmlb.messages import Locale


def describe_problems(problems: Sequence[Problem], locale: Locale) -> str:
    """The problems, one a line, under a heading that counts them; a single one stands alone.

    Ends without a line end.
    """
    lines = [problem.text(locale) for problem in problems]
    if len(lines) == 1:
        return lines[0]
    return "\n".join([say(locale, "heading", count=len(lines)), *(f"  {line}" for line in lines)])
