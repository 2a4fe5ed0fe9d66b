"""`llmlb operator`: writes the hash of a password to the configuration file, and has the running gateway follow."""

from __future__ import annotations

import argparse
import getpass
import sys
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from llmlb.cli.complaint import complain
from llmlb.cli.edit_command import Refused, edit, explained, follow, read_secret
from llmlb.cli.operator.texts import say
from llmlb.config.edit import Draft
from llmlb.config.environment import variable_of
from llmlb.config.password import LEAST_CHARACTERS, MOST_BYTES, hash_password
from llmlb.messages import Locale

_TABLE, _KEY = ("operator",), "password_hash"
_VARIABLE = variable_of("operator", _KEY)


class _NoPassword(Exception):
    """There is none to be cleared."""


def operator(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code."""
    if options.action == "clear-password":
        return explained(lambda: _clear(file, environ, locale), file, locale)
    return explained(lambda: _set(options.password_file, file, environ, locale), file, locale)


def _set(given: str | None, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    password = read_secret(given, locale, whole_line=True) if given is not None else _asked(locale)
    _check(password, locale)
    password_hash = hash_password(password)
    before = ""

    def change(draft: Draft) -> Draft:
        nonlocal before
        before = _held(draft)
        return draft.set(_TABLE, _KEY, password_hash)

    edit(file, environ, change)
    print(say(locale, "changed" if before else "set", file=file))
    return _follow(file, environ, locale)


def _clear(file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    def change(draft: Draft) -> Draft:
        if not _held(draft):
            raise _NoPassword
        return draft.set(_TABLE, _KEY, "")

    try:
        edit(file, environ, change)
    except _NoPassword:
        print(say(locale, "none", file=file))
        return _variable_wins(environ, locale)
    print(say(locale, "cleared", file=file))
    return _follow(file, environ, locale)


def _follow(file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    code = follow(file, locale)
    _variable_wins(environ, locale)
    return code


def _variable_wins(environ: Mapping[str, str], locale: Locale) -> int:
    if _VARIABLE in environ:
        complain(say(locale, "variable_wins", variable=_VARIABLE))
    return 0


def _held(draft: Draft) -> str:
    """The hash that stands in the file; "" when there is none."""
    table = draft.data.get("operator")
    held = table.get(_KEY, "") if isinstance(table, dict) else ""
    return held if isinstance(held, str) else ""


def _asked(locale: Locale) -> str:
    """The password, typed twice on the terminal without being shown. Raises Refused."""
    if not sys.stdin.isatty():
        raise Refused(say(locale, "no_terminal"), 2)
    try:
        password = getpass.getpass(say(locale, "new", least=LEAST_CHARACTERS))
        _check(password, locale)
        again = getpass.getpass(say(locale, "again"))
    except EOFError:
        raise Refused(say(locale, "not_given")) from None
    if password != again:
        raise Refused(say(locale, "not_same"))
    return password


def _check(password: str, locale: Locale) -> None:
    """Raises Refused for a password that is no protection, or that cannot be typed into the page."""
    if not password:
        raise Refused(say(locale, "not_given"))
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in password):
        raise Refused(say(locale, "not_typed"))
    if len(password) < LEAST_CHARACTERS:
        raise Refused(say(locale, "too_short", least=LEAST_CHARACTERS))
    if len(password.encode()) > MOST_BYTES:
        raise Refused(say(locale, "too_long", most=f"{MOST_BYTES:,}"))
