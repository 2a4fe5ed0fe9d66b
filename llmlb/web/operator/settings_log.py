"""The last changes of the configuration in words: when, who, what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from llmlb.gateway.change_log import Applied
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.operator.settings_texts import settings_text

LONGEST_VALUE = 60
_BEGINNINGS = (("operator at ", "by_operator"), ("command by ", "by_command"))
_WHOLE = {"SIGHUP": "by_signal", "file change": "by_file"}


@attrs.frozen(kw_only=True)
class Entry:
    """One change that was taken."""

    when: str
    """On the clock of the gateway's machine, with its offset from UTC."""
    exact: str
    """The same for programs."""
    who: str
    what: tuple[str, ...]


def entries(log: Iterable[Applied], locale: Locale) -> tuple[Entry, ...]:
    """The changes of a log, in its order."""
    return tuple(_entry(applied, locale) for applied in log)


def _entry(applied: Applied, locale: Locale) -> Entry:
    at = datetime.fromtimestamp(applied.at).astimezone()
    what = [printable(_cut(change.name) + (f": {_arrow(change.values)}" if change.values else ""))
            for change in applied.changed]  # fmt: skip
    if applied.more:
        what.append(settings_text(locale, "and_more", count=applied.more))
    return Entry(
        when=at.strftime("%Y-%m-%d %H:%M:%S %z"),
        exact=at.isoformat(timespec="seconds"),
        who=", ".join(_who(by, locale) for by in applied.by.split(", ")),
        what=tuple(what),
    )


def _who(by: str, locale: Locale) -> str:
    if by in _WHOLE:
        return settings_text(locale, _WHOLE[by])
    for beginning, key in _BEGINNINGS:
        if by.startswith(beginning):
            return settings_text(locale, key, who=printable(by.removeprefix(beginning)))
    return printable(by)


def _arrow(values: str) -> str:
    before, _, after = values.partition(" -> ")
    return f"{_cut(before)} → {_cut(after)}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
