"""The configurations to compare: files, and what `--set` and `--compare` make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from llmlb.config.document import Document, read_document
from llmlb.config.environment import variable_of
from llmlb.config.load import load_document
from llmlb.config.model import TABLES, Config
from llmlb.config.nearest import nearest
from llmlb.config.problems import ConfigError, Problem
from llmlb.config.rules import Unfit
from llmlb.config.settings import settings_of
from llmlb.simulate.flaws import Flaw, InputError

FIFO = "fifo"
Settings = Mapping[tuple[str, str], Any]


@attrs.frozen
class Candidate:
    """A configuration under the name it has in the report."""

    name: str
    config: Config = attrs.field(repr=False)


def read_changes(groups: Sequence[Sequence[str]]) -> list[dict[tuple[str, str], Any]]:
    """The settings that each `--set` gives. Raises InputError with everything that is wrong."""
    known = {f"{table}.{key}": about for table, kind in TABLES.items() for key, about in settings_of(kind).items()}
    flaws: list[Flaw] = []
    changes: list[dict[tuple[str, str], Any]] = []
    for group in groups:
        changes.append({})
        for given in group:
            name, equals, text = given.partition("=")
            if name not in known or not equals:
                meant = nearest(name, known) if name not in known else None
                reason = "not_a_setting" if meant is None else "not_a_setting_near"
                flaws.append(Flaw(reason=reason, where="--set", given=given, values={"nearest": meant}))
                continue
            rule = known[name].rule
            table, _, key = name.partition(".")
            try:
                changes[-1][table, key] = rule.check(rule.read(text))
            except Unfit:
                flaws.append(Flaw(reason="unfit", where="--set", name=name, given=text, rule=rule))
    if flaws:
        raise InputError(flaws)
    return changes


def candidates(
    files: Sequence[Path | None],
    changes: Sequence[Settings],
    environ: Mapping[str, str],
    *,
    fifo: bool,
    default_name: str,
) -> tuple[list[Candidate], tuple[Problem, ...]]:
    """Each file's configuration (None: the defaults) as it is, with each of the changes, and without fairness if asked.

    Also what was ignored in the environment. Raises ConfigError with the problems of all files.
    """
    found: list[Candidate] = []
    problems: dict[Problem, None] = {}
    notices: tuple[Problem, ...] = ()
    for file in files:
        variants: list[tuple[str, Settings]] = [("", {})]
        variants += [
            (" ".join(f"{key}={_shown(value)}" for (_, key), value in change.items()), change) for change in changes
        ]
        if fifo:
            variants.append((FIFO, {("queue", "enable_fairness"): False}))
        base = default_name if file is None else file.name
        for name, change in variants:
            try:
                loaded = load_document(_document(file, change), file, _without(environ, change))
            except ConfigError as error:
                problems |= dict.fromkeys(error.problems)
                break
            both = f"{base}: {name}" if len(files) > 1 and name else name or base
            found.append(Candidate(_unlike(both, found), loaded.config))
            notices = loaded.notices
    if problems:
        raise ConfigError(tuple(problems))
    return found, notices


def _document(file: Path | None, change: Settings) -> Document:
    """What the file says and the change on top.

    A simulation opens neither certificates nor a log: on the machine where one tries things out they may be missing.
    """
    document = Document() if file is None else read_document(file)
    nodes, log = document.data.get("nodes"), document.data.get("log")
    for table in [*(nodes if isinstance(nodes, list) else []), log]:
        if isinstance(table, dict):
            for key in ("ca_file", "file"):
                if isinstance(table.get(key), str):
                    table[key] = ""
    for (table, key), value in change.items():
        given = document.data.get(table)
        document.data[table] = {**(given if isinstance(given, dict) else {}), key: value}
    return document


def _without(environ: Mapping[str, str], change: Settings) -> dict[str, str]:
    """The environment without what would win over the change, or open a log."""
    hidden = {variable_of(table, key) for table, key in change} | {variable_of("log", "file")}
    return {name: value for name, value in environ.items() if name not in hidden}


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _unlike(name: str, others: Sequence[Candidate]) -> str:
    """The name, with a number where it is taken."""
    taken = {other.name for other in others}
    number, unlike = 1, name
    while unlike in taken:
        number += 1
        unlike = f"{name} ({number})"
    return unlike
