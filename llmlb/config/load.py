"""The configuration from a file and the environment, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import attrs

from llmlb.config.checks import clashes, resolved
from llmlb.config.convert import Refused, convert
from llmlb.config.document import Document, read_document
from llmlb.config.environment import Overrides, read_environment, variable_of
from llmlb.config.model import ENTRIES, TABLES, Config
from llmlb.config.placing import problem_at
from llmlb.config.problems import ConfigError, Path, Problem
from llmlb.config.settings import settings_of
from llmlb.config.shown import shown

_LOG_FILE: Path = ("log", "file")


@attrs.frozen(kw_only=True)
class Loaded:
    """A configuration that is right, and where it came from."""

    config: Config
    path: FilePath | None
    sources: Mapping[str, str]
    """By setting, such as `queue.max_size`: `default`, `FILE:LINE`, or the variable. Also `nodes`, `api_keys`."""
    notices: tuple[Problem, ...] = ()
    """What was ignored."""
    digest: bytes = attrs.field(default=b"", eq=False, repr=False)
    """Of the file's content (`llmlb.config.document.digest_of`)."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was ignored, in English, for the log."""
        return tuple(notice.text("en") for notice in self.notices)


def load(path: FilePath | None, environ: Mapping[str, str]) -> Loaded:
    """The configuration in the file at `path` (none: the defaults), with the settings in `environ` over it.

    Raises ConfigError with every problem there is.
    """
    return load_document(Document() if path is None else read_document(path), path, environ)


def load_document(document: Document, path: FilePath | None, environ: Mapping[str, str]) -> Loaded:
    """As `load`, of a file that has been read already."""
    overrides = read_environment(environ)
    directory = path.parent if path is not None else None
    faults: dict[Path, Problem] = {}
    try:
        convert(document.data)
    except Refused as refused:
        faults = {fault.path: problem_at(fault, document) for fault in refused.faults}
    data = _merged(document.data, overrides)
    wrong = {path for path in faults if path not in overrides.values}
    notes = [
        problem_at(fault, document, overrides.values, **values) for fault, values in clashes(data, wrong, directory)
    ]
    problems = sorted([*faults.values(), *notes], key=lambda problem: (problem.line is None, problem.line))
    if problems or overrides.problems:
        raise ConfigError((*problems, *overrides.problems))
    return Loaded(
        config=_placed(convert(data), directory),
        path=path,
        sources=_sources(document, overrides),
        notices=overrides.notices,
        digest=document.digest,
    )


def _merged(data: dict[str, Any], overrides: Overrides) -> dict[str, Any]:
    merged = dict(data)
    for (table, key), value in overrides.values.items():
        given = merged.get(str(table))
        merged[str(table)] = {**(given if isinstance(given, dict) else {}), key: value}
    if file := overrides.values.get(_LOG_FILE):  # a path in a variable starts where the program does
        try:
            merged["log"]["file"] = str(FilePath(file).absolute())
        except FileNotFoundError:  # and that directory can be removed while it runs
            variable = variable_of("log", "file")
            raise ConfigError((Problem(reason="log_file", variable=variable, given=shown(file)),)) from None
    return merged


def _placed(config: Config, directory: FilePath | None) -> Config:
    """Relative paths of the file, made to start in its own directory."""

    def place(file: str) -> str:
        return str(resolved(file, directory).absolute()) if file else ""

    nodes = tuple(attrs.evolve(node, ca_file=place(node.ca_file)) for node in config.nodes)
    return attrs.evolve(config, nodes=nodes, log=attrs.evolve(config.log, file=place(config.log.file)))


def _sources(document: Document, overrides: Overrides) -> dict[str, str]:
    settings: list[Path] = [(table, key) for table, model in TABLES.items() for key in settings_of(model)]
    settings += [(name,) for name in ENTRIES]
    return {".".join(map(str, path)): _source(path, document, overrides) for path in settings}


def _source(path: Path, document: Document, overrides: Overrides) -> str:
    if path in overrides.values:
        return variable_of(*map(str, path))
    given: Any = document.data
    for part in path:
        if part not in given:
            return "default"
        given = given[part]
    return f"{document.file}:{document.line(path)}"
