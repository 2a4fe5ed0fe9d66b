"""`llmlb config`: shows and edits the settings of the configuration file, and has the running gateway follow."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlb.cli.edit_command import Refused, edit, explained, follow, read_secret
from llmlb.cli.settings.holding import held_variables
from llmlb.cli.settings.listing import get_setting, list_settings
from llmlb.cli.settings.texts import say
from llmlb.config.edit import Draft
from llmlb.config.rules import Unfit
from llmlb.config.shown import MASK, one_line, shown
from llmlb.config.values import (
    Named,
    UnknownSetting,
    as_written,
    plain,
    read_value,
    set_value,
    setting_named,
    unset_value,
)
from llmlb.messages import Locale
from llmlb.simulate.table import cut

STDIN = "-"
WIDEST = 120
"""Columns of a terminal that a value takes at most."""
_ABSENT = object()


def settings(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code."""
    edits = options.action in ("set", "unset")
    return explained(lambda: _run(options, file, environ, locale), file, locale, edits=edits)


def _run(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    if options.action == "list":
        return list_settings(file, environ, locale, as_json=options.json)
    named = _named(options.key, locale)
    if options.action == "get":
        return get_setting(named, file, environ)
    if options.action == "set":
        return _set(named, options.value, file, environ, locale)
    return _unset(named, file, environ, locale)


def _set(named: Named, text: str, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    value = _value(named, text, locale)
    variable, running = held_variables(file, environ).of(named)
    if variable:
        raise Refused(say(locale, "held_gateway" if running else "held", variable=variable, name=named.name), 2)
    before: list[Any] = []

    def change(draft: Draft) -> Draft:
        before.append(_given(draft, named))
        same = type(before[0]) is type(plain(value)) and before[0] == plain(value)
        return draft if same else set_value(draft, named.name, value)

    edited = edit(file, environ, change)
    source = edited.loaded.sources[named.name]
    if not edited.changed:
        print(say(locale, "same", name=named.name, value=_shown(named, value), source=source))
        return 0
    former = _default(named, locale) if before[0] is _ABSENT else _shown(named, before[0])
    print(say(locale, "changed", name=named.name, before=former, after=_shown(named, value), source=source))
    return follow(file, locale)


def _unset(named: Named, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    before: list[Any] = []

    def change(draft: Draft) -> Draft:
        before.append(_given(draft, named))
        return unset_value(draft, named.name)

    edit(file, environ, change)
    if before[0] is _ABSENT:
        print(say(locale, "not_given", name=named.name, file=file, value=_shown(named, named.default)))
        return 0
    former = _shown(named, before[0])
    print(say(locale, "changed", name=named.name, before=former, after=_default(named, locale), source=file))
    variable, _ = held_variables(file, environ).of(named)
    if variable:
        print(say(locale, "held_still", variable=variable))
    return follow(file, locale)


def _named(given: str, locale: Locale) -> Named:
    try:
        return setting_named(given)
    except UnknownSetting as unknown:
        if given.partition(".")[0] in ("nodes", "api_keys"):
            key = "entries"
        else:
            key = "unknown_near" if unknown.nearest else "unknown"
        raise Refused(say(locale, key, given=one_line(given), nearest=unknown.nearest), 2) from None


def _value(named: Named, text: str, locale: Locale) -> Any:
    """The value that is meant. A secret is read from elsewhere: what is typed stays in the history of the shell."""
    secret = named.setting.secret
    if secret:
        if text != STDIN:
            raise Refused(say(locale, "secret", name=named.name), 2)
        if sys.stdin.isatty():
            text = getpass.getpass(say(locale, "prompt", name=named.name)).strip()
        else:
            text = read_secret(STDIN, locale)
    try:
        return read_value(named.setting, text)
    except Unfit:
        given, allowed = shown(text, secret=secret), named.setting.rule.allowed(locale)
        raise Refused(say(locale, "unfit", name=named.name, given=given, allowed=allowed), 2) from None


def _given(draft: Draft, named: Named) -> Any:
    """What the file says, right or wrong; _ABSENT if nothing."""
    table = draft.data.get(named.table)
    return table.get(named.key, _ABSENT) if isinstance(table, dict) else _ABSENT


def _shown(named: Named, value: Any) -> str:
    if named.setting.secret and value:
        return MASK
    return cut(as_written(value), WIDEST)


def _default(named: Named, locale: Locale) -> str:
    return say(locale, "default", value=_shown(named, named.default))
