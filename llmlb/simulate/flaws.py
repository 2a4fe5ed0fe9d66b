"""What is wrong with the input of a simulation: where, what was given, and what is allowed instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from llmlb.config.rules import Rule
from llmlb.config.shown import one_line
from llmlb.messages import Locale
from llmlb.simulate.texts import say

MOST_SHOWN = 20


@attrs.frozen(kw_only=True)
class Flaw:
    """One thing that is wrong."""

    reason: str
    """A key of `llmlb.simulate.texts.TEXTS`."""
    where: str
    """The file, or the option."""
    line: int | None = None
    """Of the file, from 1."""
    name: str = ""
    """The column, or the field of the option."""
    given: str | None = None
    rule: Rule | None = attrs.field(default=None, repr=False)
    values: Mapping[str, Any] = attrs.field(factory=dict, hash=False)

    def text(self, locale: Locale) -> str:
        """The flaw in one line."""
        where = self.where if self.where.isprintable() else one_line(self.where)
        if self.line is not None:
            where += f":{self.line}"
        name = self.name if self.name.isprintable() else one_line(self.name)
        what = " = ".join(part for part in (name, "" if self.given is None else one_line(self.given)) if part)
        allowed = self.rule.allowed(locale) if self.rule is not None else ""
        return ": ".join(
            part for part in (where, what, say(locale, self.reason, allowed=allowed, **self.values)) if part
        )


class InputError(Exception):
    """The input is refused. `flaws` are all that were found, in the order of the input."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        self.flaws = tuple(flaws)
        super().__init__("\n".join(flaw.text("en") for flaw in self.flaws[:MOST_SHOWN]))


def describe_flaws(flaws: Sequence[Flaw], locale: Locale) -> str:
    """The flaws, one a line, under a heading that counts them; a single one stands alone. At most twenty are shown."""
    lines = [flaw.text(locale) for flaw in flaws[:MOST_SHOWN]]
    if len(flaws) == 1:
        return lines[0]
    if len(flaws) > MOST_SHOWN:
        lines.append(say(locale, "more_flaws", count=len(flaws) - MOST_SHOWN))
    return "\n".join([say(locale, "flaws", count=len(flaws)), *(f"  {line}" for line in lines)])
