"""`llmlb keys`: edits the API keys of the configuration file, and has the running gateway follow.

A new key is all there is on standard output, so that `KEY=$(llmlb keys add alice)` has it; every word goes to standard
error then.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from llmlb.cli.complaint import complain
from llmlb.cli.edit_command import Refused, edit, explained, follow
from llmlb.cli.keys.listing import list_keys
from llmlb.cli.keys.texts import say
from llmlb.cli.output import say_no_more
from llmlb.config.edit import Draft
from llmlb.config.edit_file import Edited
from llmlb.config.key_edits import KnownKey, add_key, new_key, remove_key, rotate_key, switch_key
from llmlb.config.model import KeyConfig
from llmlb.config.shown import one_line, shown
from llmlb.config.values import UnknownKey, as_written, key_entry, plain, set_key
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable

_FIELDS = ("weight", "max_waiting")
_DEFAULTS = KeyConfig(name="-")


def keys(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code."""
    if options.action == "list":
        return explained(lambda: list_keys(file, environ, locale, as_json=options.json), file, locale, edits=False)
    works = {"add": _give, "rotate": _give, "set": _set}
    work = works.get(options.action, _change)
    return explained(lambda: work(options, file, environ, locale), file, locale)


def _give(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Add or rotate a key, and show the new one."""
    if sys.__stdout__ is None:  # closed (`>&-`)
        raise Refused(say(locale, "nowhere_to_show"))
    key = new_key()
    first = False

    def change(draft: Draft) -> Draft:
        nonlocal first
        if options.action == "rotate":
            return rotate_key(draft, options.name, key)
        first = not draft.data.get("api_keys")
        return add_key(draft, options.name, key, weight=options.weight, max_waiting=options.max_waiting)

    edited = _edit(options, file, environ, locale, change)
    done = "rotated" if options.action == "rotate" else "created" if edited.created else "added"
    notes = [say(locale, done, name=printable(options.name), file=file)]
    if first:
        notes.append(say(locale, "first"))
    elif _named(edited, options.name).disabled:
        notes.append(say(locale, "still_disabled", name=printable(options.name)))
    try:
        print("\n".join([*notes, say(locale, "shown_once")]), file=sys.stderr, flush=True)
    except OSError:  # a full disk, say: the key is still to be shown
        say_no_more(sys.stderr)
    try:
        print(key, flush=True)  # before the gateway is waited for: whoever interrupts that has the key
    except OSError as error:
        complain(say(locale, "not_shown", name=one_line(options.name), problem=error.strerror))
        follow(file, locale, sys.stderr)
        raise
    return follow(file, locale, sys.stderr)


def _set(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    given = {field: getattr(options, field) for field in _FIELDS if getattr(options, field) is not None}
    if not given:
        raise Refused(say(locale, "nothing_to_set"), 2)

    before: list[str] = []

    def change(draft: Draft) -> Draft:
        entry = key_entry(draft, options.name)
        before.extend(shown(plain(entry.get(field, getattr(_DEFAULTS, field)))) for field in given)
        for field, value in given.items():
            draft = set_key(draft, options.name, field, value)
        return draft

    edited = _edit(options, file, environ, locale, change)
    if not edited.changed:
        print(say(locale, "same", name=printable(options.name)))
        return 0
    pairs = zip(given.items(), before, strict=True)
    told = ", ".join(f"{field} {former} -> {as_written(value)}" for (field, value), former in pairs)
    print(say(locale, "changed", name=printable(options.name), changes=told))
    return follow(file, locale)


def _change(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Disable, enable or remove a key."""
    done = {"disable": "disabled", "enable": "enabled", "remove": "removed"}[options.action]

    def change(draft: Draft) -> Draft:
        if options.action == "remove":
            return remove_key(draft, options.name)
        return switch_key(draft, options.name, disabled=options.action == "disable")

    edited = _edit(options, file, environ, locale, change)
    name = printable(options.name)
    if not edited.changed:
        print(say(locale, f"{done}_before", name=name))
        return 0
    print(say(locale, done, name=name, file=file))
    code = follow(file, locale)
    left = edited.loaded.config.api_keys
    if code == 0 and all(key.disabled for key in left):
        print(say(locale, "none_enabled" if left else "none_left"))
    return code


def _edit(
    options: argparse.Namespace,
    file: Path,
    environ: Mapping[str, str],
    locale: Locale,
    change: Callable[[Draft], Draft],
) -> Edited:
    try:
        return edit(file, environ, change)
    except UnknownKey as unknown:
        key = "no_key_near" if unknown.nearest else "no_key"
        nearest = printable(unknown.nearest or "")
        raise Refused(say(locale, key, given=one_line(unknown.name), file=file, nearest=nearest)) from None
    except KnownKey:
        raise Refused(say(locale, "known", name=printable(options.name))) from None


def _named(edited: Edited, name: str) -> KeyConfig:
    return next(key for key in edited.loaded.config.api_keys if key.name == name)
