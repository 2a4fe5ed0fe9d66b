"""What every source file keeps to, beyond what ruff, mypy and the import contracts see."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "llmlb"
LONGEST = 400
OUTERMOST_GUARDS = 3

TREES = {
    path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
    for path in sorted(PACKAGE.rglob("*.py"))
}

Suspect = Callable[[ast.AST], bool]


def found(suspect: Suspect, *, besides: str = "") -> list[str]:
    """Where in llmlb a node is suspect, as file:line."""
    return [
        f"{file}:{getattr(node, 'lineno', 1)}"
        for file, tree in TREES.items()
        if file != besides
        for node in ast.walk(tree)
        if suspect(node)
    ]


def imported(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement names."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module


def called(node: ast.AST) -> str:
    """The dotted name of what a call calls, "" for anything else."""
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def imports_time(node: ast.AST) -> bool:
    return "time" in imported(node)


def reads_a_clock(node: ast.AST) -> bool:
    return bool(re.search(r"loop(\(\))?\.time$|\b(datetime|date)\.(now|utcnow|today)$", called(node)))


def configures_logging(node: ast.AST) -> bool:
    doing = r"(basicConfig|dictConfig|fileConfig|addHandler|removeHandler|setLevel|structlog\.configure)$"
    return bool(re.search(doing, called(node)))


def catches_everything(node: ast.AST) -> bool:
    broad = r"\b(Base)?Exception\b"
    if isinstance(node, ast.ExceptHandler):
        return node.type is None or bool(re.search(broad, ast.unparse(node.type)))
    return called(node).endswith("suppress") and bool(re.search(broad, ast.unparse(node)))


def test_the_rules_see_what_they_look_for() -> None:
    """A rule that finds nothing anywhere would pass for ever."""
    seen = {
        imports_time: ["import time", "from time import monotonic"],
        reads_a_clock: ["asyncio.get_running_loop().time()", "self._loop.time()", "datetime.now(UTC)"],
        configures_logging: ["logging.getLogger().setLevel(1)", "structlog.configure()"],
        catches_everything: [
            "try: pass\nexcept: pass",
            "try: pass\nexcept (OSError, Exception): pass",
            "with contextlib.suppress(BaseException): pass",
        ],
    }
    for rule, samples in seen.items():
        for sample in samples:
            assert any(rule(node) for node in ast.walk(ast.parse(sample))), sample
    innocent = "import timeit\nfrom datetime import time\nclock.now()\ntry: pass\nexcept OSError: pass"
    assert not any(rule(node) for rule in seen for node in ast.walk(ast.parse(innocent)))


def test_only_the_clock_reads_the_time() -> None:
    assert found(imports_time, besides="llmlb/clock.py") == []
    assert found(reads_a_clock, besides="llmlb/clock.py") == []


def test_only_telemetry_logs_configures_logging() -> None:
    assert found(configures_logging, besides="llmlb/telemetry/logs.py") == []


def test_only_the_outermost_guards_catch_everything() -> None:
    assert len(found(catches_everything)) <= OUTERMOST_GUARDS, found(catches_everything)


@pytest.mark.parametrize("file", TREES)
def test_says_what_it_is_for(file: str) -> None:
    tree = TREES[file]
    assert ast.get_docstring(tree), "the module has no docstring"
    silent = [
        f"{file}:{node.lineno} {node.name}"
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("file", TREES)
def test_is_one_idea_long(file: str) -> None:
    assert len((ROOT / file).read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_every_folder_with_code_is_a_package() -> None:
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_every_foreign_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {_plain(Requirement(line).name) for line in project["dependencies"]}
    brought = packages_distributions()  # argon2 comes with argon2-cffi
    nodes = (node for tree in TREES.values() for node in ast.walk(tree))
    used = {name.partition(".")[0] for node in nodes for name in imported(node)}
    foreign = used - sys.stdlib_module_names - {"llmlb"}
    assert [name for name in foreign if not declared & {_plain(by) for by in brought.get(name, [name])}] == []


def _plain(name: str) -> str:
    """The name of a distribution as an index compares it."""
    return name.lower().replace("_", "-")
