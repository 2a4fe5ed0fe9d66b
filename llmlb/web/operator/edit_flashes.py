"""What is told of a change of the configuration file that was not made, or not taken; on every page that makes some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from llmlb.config.edit import CannotEdit
from llmlb.config.problems import Problem
from llmlb.config.report import why_not_written
from llmlb.gateway.reload import Reload
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.operator.flashes import Flash
from llmlb.web.operator.settings_texts import settings_text


def alert(locale: Locale, key: str, lines: Iterable[str] = (), **values: object) -> Flash:
    """What is wrong, and what to do about it: the words `key` and `key_advice`."""
    shown: dict[str, Any] = {name: printable(str(value)) for name, value in values.items()}
    advice = settings_text(locale, f"{key}_advice", **shown)
    return Flash(level="error", title=settings_text(locale, key, **shown), advice=advice, lines=tuple(lines))


def problems_alert(locale: Locale, key: str, problems: Iterable[Problem], **values: object) -> Flash:
    """The same, with the problems of a file, a line each. They hold no secrets."""
    return alert(locale, key, (problem.text(locale) for problem in problems), **values)


def not_written(locale: Locale, why: CannotEdit | OSError, file: object) -> Flash:
    """Why the file is as it was."""
    if isinstance(why, CannotEdit):
        return alert(locale, "cannot_edit", file=file)
    return alert(locale, "cannot_write", problem=why_not_written(why, locale), file=file)


def taken(locale: Locale, came: Reload, done: Flash) -> Flash:
    """`done`, where the gateway has taken what was written; else what it has to say to that."""
    if came.problems:
        return problems_alert(locale, "not_taken", came.problems)
    if came.stopping:
        title, advice = settings_text(locale, "stopping"), settings_text(locale, "stopping_advice")
        return attrs.evolve(done, level="warning", title=title, advice=advice)
    return done
