"""A problem with the configuration: where it is, what was given, and what is allowed instead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from llmlb.config.rules import Rule
from llmlb.config.shown import one_line, shown_key
from llmlb.config.texts import say
from llmlb.messages import Locale

Path = tuple[str | int, ...]
"""Where a value is in the document, such as `("nodes", 0, "url")`."""


@attrs.frozen(kw_only=True)
class Problem:
    """One thing that is wrong. Holds no secret: `given` is masked before it comes here."""

    reason: str
    """A key of `llmlb.config.texts.TEXTS`."""
    file: str = ""
    line: int | None = None
    """From 1; None when the problem is not at a line."""
    column: int | None = None
    """From 1; only for what is not TOML at all."""
    variable: str = ""
    """The environment variable that is wrong, if it is one."""
    path: Path = ()
    given: str | None = None
    """The value as it stands in the file, `***` for a secret; None when there is none to show."""
    rule: Rule | None = attrs.field(default=None, repr=False)
    values: Mapping[str, Any] = attrs.field(factory=dict, hash=False)

    @property
    def table(self) -> str:
        """The table, such as `queue` or `nodes`; empty for the file as a whole."""
        return str(self.path[0]) if self.path else ""

    @property
    def entry(self) -> int | None:
        """Which of several tables of the same name, from 1."""
        return self.path[1] + 1 if len(self.path) > 1 and isinstance(self.path[1], int) else None

    @property
    def key(self) -> str:
        """The key inside the table, such as `max_size` or `models[0]`; empty when it is the table itself."""
        rest = self.path[2:] if self.entry is not None else self.path[1:]
        text = ""
        for part in rest:
            text += f"[{part}]" if isinstance(part, int) else f".{shown_key(part)}"
        return text.removeprefix(".")

    def allowed(self, locale: Locale) -> str:
        """What may be given instead; empty when `text` says it all."""
        return self.rule.allowed(locale) if self.rule else ""

    def where(self) -> str:
        """`file:line`, as editors and terminals understand it, or the variable."""
        if self.variable:
            return self.variable if self.variable.isidentifier() else one_line(self.variable)
        file = self.file if self.file.isprintable() else one_line(self.file)
        return ":".join([file, *(str(n) for n in (self.line, self.column) if n is not None)])

    def setting(self) -> str:
        """The table and key in question, such as `[queue] max_size` or `[[nodes]] #2 url`."""
        if not self.path:
            return ""
        table = shown_key(self.table)
        if self.entry is not None:
            return f"[[{table}]] #{self.entry} {self.key}".rstrip()
        return f"[{table}] {self.key}" if self.key else table

    def text(self, locale: Locale) -> str:
        """The problem in one line."""
        sentence = say(locale, self.reason, allowed=self.allowed(locale), **self.values)
        if self.variable:
            given = "" if self.given is None else f"={self.given}"
            return f"{self.where()}{given}: {sentence}"
        what = self.setting()
        if what and self.given is not None:
            what += f" = {self.given}"
        return ": ".join(part for part in (self.where(), what, sentence) if part)


class ConfigError(Exception):
    """The configuration is refused. `problems` are all that were found, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.text("en") for problem in problems))
