"""`llmlb nodes`: edits the nodes of the configuration file, and has the running gateway follow."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.cli.nodes_list import list_nodes
from llmlb.cli.nodes_texts import say
from llmlb.config.address import parse_address
from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile, Edited, edit_file
from llmlb.config.problems import ConfigError
from llmlb.config.report import describe_problems
from llmlb.config.shown import one_line
from llmlb.messages import Locale

MOST_NAMED = 20
"""Nodes that are listed where one is not known."""


class _Refused(Exception):
    """The command cannot be done. Its text says why, in the user's language."""

    def __init__(self, text: str, code: int = 1) -> None:
        self.code = code
        super().__init__(text)


def nodes(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code."""
    try:
        if options.action == "list":
            return list_nodes(file, environ, locale, as_json=options.json)
        if options.action == "add":
            return _add(options, file, environ, locale)
        return _change(options, file, environ, locale)
    except _Refused as refused:
        return _complain(str(refused), refused.code)
    except ConfigError as error:
        code = _complain(describe_problems(error.problems, locale), 2)
        if options.action != "list":
            _complain(say(locale, "nothing_changed"))
        return code
    except CannotEdit:
        return _complain(say(locale, "cannot_edit", file=file))
    except ChangedMeanwhile:
        return _complain(say(locale, "changed_meanwhile", file=file))
    except OSError as error:
        return _complain(say(locale, "cannot_write", file=file, problem=error.strerror or str(error)))


def _add(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    entry = _entry(options, file, locale)
    edited, kept = _edit(file, environ, lambda draft: draft.add("nodes", entry), spare=_base(options.url))
    node = edited.loaded.config.nodes[-1]
    print(say(locale, "created" if edited.created else "added", name=node.name, url=node.url, file=file))
    return _follow(file, kept, locale)


def _change(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Drain, resume or remove one node."""
    done = {"drain": "drained", "resume": "resumed", "remove": "removed"}[options.action]
    name = ""

    def change(draft: Draft) -> Draft:
        nonlocal name
        index, name = _find(draft, options.node, file, locale)
        drained = draft.data["nodes"][index].get("drain", False)
        if options.action == "remove":
            return draft.remove("nodes", index)
        if options.action == "drain":
            return draft if drained is True else draft.set(("nodes", index), "drain", True)
        return draft.unset(("nodes", index), "drain") if drained else draft

    edited, kept = _edit(file, environ, change)
    if not edited.changed:
        print(say(locale, f"{done}_before", name=name))
        return 0
    print(say(locale, done, name=name, file=file))
    if not edited.loaded.config.nodes:
        print(say(locale, "none_left"))
    return _follow(file, kept, locale)


def _edit(
    file: Path, environ: Mapping[str, str], change: Callable[[Draft], Draft], spare: str = ""
) -> tuple[Edited, list[str]]:
    """Edit the file. Also returns the names of the nodes written down because they would be gone otherwise.

    These are what a gateway without configured nodes has found on its machine, less the one at the address `spare`.
    """
    found = [node for node in _found(file) if _base(node["url"]) != spare]
    kept: list[str] = []

    def with_found(draft: Draft) -> Draft:
        if not draft.data.get("nodes"):
            for node in found:
                draft = draft.add("nodes", {"name": node["name"], "url": node["url"]})
            kept.extend(node["name"] for node in found)
        return change(draft)

    return edit_file(file, environ, with_found), kept


def _found(file: Path) -> list[dict[str, Any]]:
    try:
        seen = ask(file, "GET", "/nodes")
    except (NotRunning, Unreachable):
        return []
    return [] if seen["configured"] else list(seen["nodes"])


def _follow(file: Path, kept: list[str], locale: Locale) -> int:
    """Have the gateway read the file, and say what came of it."""
    if kept:
        print(say(locale, "kept", names=", ".join(kept)))
    try:
        came = ask(file, "POST", "/reload")
    except NotRunning:
        print(say(locale, "not_running"))
        return 0
    except Unreachable as error:
        print(say(locale, "unreachable", problem=error))
        return 0
    if came["problems"]:
        text = "\n".join([say(locale, "refused"), *(f"  {problem[locale]}" for problem in came["problems"])])
        return _complain(text)
    print(say(locale, "stopping" if came["stopping"] else "applied"))
    if came["restart"]:
        print(say(locale, "restart", settings=", ".join(came["restart"])))
    return 0


def _find(draft: Draft, given: str, file: Path, locale: Locale) -> tuple[int, str]:
    """The index and name of the node that is called so, or is at this URL. Raises _Refused."""
    entries = draft.data.get("nodes", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CannotEdit
    names = [str(entry.get("name") or _netloc(entry.get("url"))) for entry in entries]
    bases = [_base(entry.get("url")) for entry in entries]
    for known, wanted in ((names, given), (bases, _base(given))):
        if wanted and wanted in known:
            index = known.index(wanted)
            return index, names[index]
    near = difflib.get_close_matches(given, names, n=3)
    key = "no_node_near" if near else "no_node"
    text = say(locale, key, given=one_line(given), file=file, nearest=", ".join(near))
    if names:
        more = ", …" if len(names) > MOST_NAMED else ""
        text += "\n" + say(locale, "known", names=", ".join(names[:MOST_NAMED]) + more)
    raise _Refused(text)


def _base(url: object) -> str:
    try:
        return parse_address(str(url)).base
    except ValueError:
        return ""


def _netloc(url: object) -> str:
    try:
        return parse_address(str(url)).netloc
    except ValueError:
        return ""


def _entry(options: argparse.Namespace, file: Path, locale: Locale) -> dict[str, Any]:
    """The node as it is to stand in the file. Raises _Refused."""
    aliases: dict[str, str] = {}
    for given in options.aliases:
        alias, mark, model = given.partition("=")
        if not (alias and mark and model):
            raise _Refused(say(locale, "alias_form", given=one_line(given)), 2)
        aliases[alias] = model
    entry = {
        "name": options.name,
        "url": options.url,
        "models": options.models,
        "aliases": aliases,
        "api_key": options.api_key_file and _key(options.api_key_file, locale),
        "ca_file": options.ca_file and _from(file, options.ca_file),
    }
    return {key: value for key, value in entry.items() if value or (key == "name" and value is not None)}


def _from(file: Path, path: str) -> str:
    """A path given where the command runs, as it stands in the file: there it starts in the file's own directory."""
    here = os.path.realpath(file.parent) == os.path.realpath(os.curdir)
    return path if here else os.path.abspath(path)


def _key(file: str, locale: Locale) -> str:
    fail = partial(say, locale, "key_file", file=file)
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise _Refused(fail(problem=error.strerror or type(error).__name__)) from None
    except ValueError:
        raise _Refused(fail(problem="not UTF-8")) from None
    key = text.strip()
    if not key:
        raise _Refused(say(locale, "key_empty", file=file))
    return key


def _complain(text: str, code: int = 1) -> int:
    print(f"llmlb: {text}", file=sys.stderr)
    return code
