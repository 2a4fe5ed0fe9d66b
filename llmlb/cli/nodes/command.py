"""`llmlb nodes`: edits the nodes of the configuration file, and has the running gateway follow."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.cli.edit_command import Refused, edit, explained, follow, read_secret
from llmlb.cli.nodes.listing import list_nodes
from llmlb.cli.nodes.texts import say
from llmlb.config.edit import Draft
from llmlb.config.edit_file import Edited
from llmlb.config.node_edits import FoundNode, UnknownNode, change_node, find_node, keep_found, node_base
from llmlb.config.shown import one_line
from llmlb.messages import Locale

MOST_NAMED = 20
"""Nodes that are listed where one is not known."""


def nodes(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code."""
    if options.action == "list":
        return explained(lambda: list_nodes(file, environ, locale, as_json=options.json), file, locale, edits=False)
    work = _add if options.action == "add" else _change
    return explained(lambda: work(options, file, environ, locale), file, locale)


def _add(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    entry = _entry(options, file, locale)
    edited, kept = _edit(file, environ, lambda draft: draft.add("nodes", entry), spare=node_base(options.url))
    node = edited.loaded.config.nodes[-1]
    print(say(locale, "created" if edited.created else "added", name=node.name, url=node.url, file=file))
    return _follow(file, kept, locale)


def _change(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Drain, resume or remove one node."""
    done = {"drain": "drained", "resume": "resumed", "remove": "removed"}[options.action]
    name = ""

    def change(draft: Draft) -> Draft:
        nonlocal name
        try:
            index, name = find_node(draft, options.node)
        except UnknownNode as unknown:
            raise Refused(_unknown(unknown, file, locale)) from None
        return change_node(draft, index, options.action)

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
    found = [node for node in _found(file) if node_base(node.url) != spare]
    kept: list[str] = []

    def with_found(draft: Draft) -> Draft:
        whole = keep_found(draft, found)
        if whole is not draft:
            kept.extend(node.name for node in found)
        return change(whole)

    return edit(file, environ, with_found), kept


def _found(file: Path) -> list[FoundNode]:
    try:
        seen = ask(file, "GET", "/nodes")
    except (NotRunning, Unreachable):
        return []
    return [] if seen["configured"] else [FoundNode(node["name"], node["url"]) for node in seen["nodes"]]


def _follow(file: Path, kept: list[str], locale: Locale) -> int:
    if kept:
        print(say(locale, "kept", names=", ".join(kept)))
    return follow(file, locale)


def _unknown(unknown: UnknownNode, file: Path, locale: Locale) -> str:
    key = "no_node_near" if unknown.near else "no_node"
    text = say(locale, key, given=one_line(unknown.given), file=file, nearest=", ".join(unknown.near))
    if unknown.names:
        more = ", …" if len(unknown.names) > MOST_NAMED else ""
        text += "\n" + say(locale, "known", names=", ".join(unknown.names[:MOST_NAMED]) + more)
    return text


def _entry(options: argparse.Namespace, file: Path, locale: Locale) -> dict[str, Any]:
    """The node as it is to stand in the file. Raises Refused."""
    aliases: dict[str, str] = {}
    for given in options.aliases:
        alias, mark, model = given.partition("=")
        if not (alias and mark and model):
            raise Refused(say(locale, "alias_form", given=one_line(given)), 2)
        aliases[alias] = model
    entry = {
        "name": options.name,
        "url": options.url,
        "models": options.models,
        "aliases": aliases,
        "api_key": options.api_key_file and read_secret(options.api_key_file, locale),
        "ca_file": options.ca_file and _from(file, options.ca_file),
    }
    return {key: value for key, value in entry.items() if value or (key == "name" and value is not None)}


def _from(file: Path, path: str) -> str:
    """A path given where the command runs, as it stands in the file: there it starts in the file's own directory."""
    here = os.path.realpath(file.parent) == os.path.realpath(os.curdir)
    return path if here else os.path.abspath(path)
