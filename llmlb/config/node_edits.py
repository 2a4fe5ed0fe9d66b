"""Changes to the nodes of a configuration file: drain, resume, remove, and keeping those found by themselves."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Literal

import attrs

from llmlb.config.address import parse_address
from llmlb.config.edit import CannotEdit, Draft

NodeChange = Literal["drain", "resume", "remove"]

_NODES = "nodes"


class UnknownNode(ValueError):
    """No node in the file is called so. `near`: names that are much alike; `names`: all there are."""

    def __init__(self, given: str, near: tuple[str, ...], names: tuple[str, ...]) -> None:
        self.given = given
        self.near = near
        self.names = names
        super().__init__("unknown node")


@attrs.frozen
class FoundNode:
    """A node that was found on this machine without being configured."""

    name: str
    url: str


def find_node(draft: Draft, given: str) -> tuple[int, str]:
    """The index and name of the node that is called so, or is at this URL. Raises UnknownNode or CannotEdit."""
    entries = draft.data.get(_NODES, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CannotEdit
    names = [str(entry.get("name") or _netloc(entry.get("url"))) for entry in entries]
    bases = [node_base(entry.get("url")) for entry in entries]
    for known, wanted in ((names, given), (bases, node_base(given))):
        if wanted and wanted in known:
            index = known.index(wanted)
            return index, names[index]
    raise UnknownNode(given, tuple(difflib.get_close_matches(given[:64], names, n=3)), tuple(names))


def change_node(draft: Draft, index: int, what: NodeChange) -> Draft:
    """The draft with this node drained, resumed or removed; the same draft if it is so already. Raises CannotEdit."""
    if what == "remove":
        return draft.remove(_NODES, index)
    drained = draft.data[_NODES][index].get("drain", False)
    if what == "drain":
        return draft if drained is True else draft.set((_NODES, index), "drain", True)
    return draft.unset((_NODES, index), "drain") if drained else draft


def keep_found(draft: Draft, found: Iterable[FoundNode]) -> Draft:
    """The draft with the nodes that a gateway has found by itself, if it has none of its own.

    Once a node is configured none are looked for any more, and these would be gone. Raises CannotEdit.
    """
    if draft.data.get(_NODES):
        return draft
    for node in found:
        draft = draft.add(_NODES, {"name": node.name, "url": node.url})
    return draft


def node_base(url: object) -> str:
    """One way to write each URL of a node; empty for what is none."""
    try:
        return parse_address(str(url)).base
    except ValueError:
        return ""


def _netloc(url: Any) -> str:
    try:
        return parse_address(str(url)).netloc
    except ValueError:
        return ""
