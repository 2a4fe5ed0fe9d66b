"""Settings from the environment: `LLMLB_<TABLE>_<KEY>` wins over the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from llmlb.config.model import TABLES
from llmlb.config.nearest import nearest
from llmlb.config.problems import Path, Problem
from llmlb.config.rules import Unfit
from llmlb.config.settings import Setting, settings_of
from llmlb.config.shown import shown

PREFIX = "LLMLB_"


@attrs.frozen(kw_only=True)
class Overrides:
    """What the environment says."""

    values: Mapping[Path, Any]
    """By `(table, key)`; each has passed its rule."""
    problems: tuple[Problem, ...]
    notices: tuple[Problem, ...]
    """Variables that are no settings. Never an error: orchestrators inject `LLMLB_PORT=tcp://...` and others."""


def variable_of(table: str, key: str) -> str:
    """The variable that sets `key` of `[table]`."""
    return f"{PREFIX}{table}_{key}".upper()


def read_environment(environ: Mapping[str, str]) -> Overrides:
    """The settings among the variables of `environ`."""
    known = _known()
    values: dict[Path, Any] = {}
    problems: list[Problem] = []
    notices: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX):
            continue
        if name not in known:
            notices.append(_notice(name, known))
            continue
        path, about = known[name]
        try:
            values[path] = about.rule.check(about.rule.read(environ[name]))
        except Unfit:
            given = shown(environ[name], secret=about.secret)
            problems.append(Problem(reason="unfit", variable=name, path=path, given=given, rule=about.rule))
    return Overrides(values=values, problems=tuple(problems), notices=tuple(notices))


def _known() -> dict[str, tuple[Path, Setting]]:
    return {
        variable_of(table, key): ((table, key), about)
        for table, model in TABLES.items()
        for key, about in settings_of(model).items()
    }


def _notice(name: str, known: Mapping[str, object]) -> Problem:
    meant = nearest(name, known)
    if meant is None:
        return Problem(reason="unknown_variable", variable=name)
    return Problem(reason="unknown_variable_near", variable=name, values={"nearest": meant})
