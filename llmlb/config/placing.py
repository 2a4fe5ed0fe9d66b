"""From a fault in the values to a problem an operator can find: its file and line or variable, without secrets."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from llmlb.config.convert import Fault
from llmlb.config.document import Document
from llmlb.config.environment import variable_of
from llmlb.config.model import ENTRIES, TABLES
from llmlb.config.nearest import nearest
from llmlb.config.problems import Path, Problem
from llmlb.config.settings import Setting, settings_of
from llmlb.config.shown import MASK, shown

_WORD = re.compile(r"[a-z]+(_[a-z]+){0,4}\Z")


def problem_at(fault: Fault, document: Document, overridden: Collection[Path] = (), **values: Any) -> Problem:
    """The problem behind `fault`. `overridden`: the settings that a variable sets; `values`: those of its text."""
    path, given = fault.path, None
    if fault.reason in ("unknown_key", "unknown_table"):
        return _unknown(fault, document)
    about = _about(path)
    if about is not None and fault.part is not None:
        given = shown(fault.part, secret=about.secret)
    if fault.reason in ("not_a_table", "not_entries"):
        values, given = {"table": path[0]}, _misplaced(path, document)
    values = {name: _entry(value, document) if _is_path(value) else value for name, value in values.items()}
    if path in overridden:
        variable = variable_of(*map(str, path))
        return Problem(reason=fault.reason, variable=variable, path=path, given=given, rule=fault.rule, values=values)
    return Problem(
        reason=fault.reason,
        file=document.file,
        line=document.line(path),
        path=path,
        given=given,
        rule=fault.rule,
        values=values,
    )


def _about(path: Path) -> Setting | None:
    table = str(path[0])
    if table in TABLES and len(path) > 1:
        return settings_of(TABLES[table])[str(path[1])]
    if table in ENTRIES and len(path) > 2:
        return settings_of(ENTRIES[table])[str(path[2])]
    return None


def _is_path(value: object) -> bool:
    return isinstance(value, tuple)


def _entry(path: Path, document: Document) -> str:
    return Problem(reason="", path=path).setting() + f" ({document.file}:{document.line(path)})"


def _unknown(fault: Fault, document: Document) -> Problem:
    """A name that does not exist."""
    *around, last = fault.path
    name, path = str(last), fault.path
    if around:
        table = str(around[0])
        known = list(settings_of(TABLES[table] if table in TABLES else ENTRIES[table]))
        meant = nearest(name, known) or _elsewhere(name)
        if table in ENTRIES and meant is None and not _WORD.match(name):
            path = (*around, MASK)  # perhaps a key put where a name belongs
    else:
        brackets = {table: f"[{table}]" for table in TABLES} | {table: f"[[{table}]]" for table in ENTRIES}
        known = list(brackets.values())
        near = nearest(name, brackets)
        meant = _elsewhere(name) or (brackets[near] if near else None)
    return Problem(
        reason=fault.reason if meant is None else f"{fault.reason}_near",
        file=document.file,
        line=document.line(fault.path),
        path=path,
        given=_misplaced(fault.path, document),
        values={"known": ", ".join(known), "nearest": meant},
    )


def _misplaced(path: Path, document: Document) -> str:
    """A value where none belongs. Who knows what it was to be: any text may be a key."""
    value: Any = document.data
    for part in path:
        value = value[part]
    return shown(value, secret=path[0] in ENTRIES or isinstance(value, str))


def _elsewhere(name: str) -> str | None:
    """The one table that has a key of this name."""
    tables = [table for table, model in TABLES.items() if name in settings_of(model)]
    return f"[{tables[0]}] {name}" if len(tables) == 1 else None
