"""The commands of docs/operating.md do what it says, one block after another in one folder."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from llmlb.config.load import load
from llmlb.gateway.desk import AbleNode, Desk, KeyView, NodeCard, RequestView, Why
from llmlb.gateway.overview import NodeView, Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.usage import Usage
from tests.docs.blocks import Block, blocks_of

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "operating.md"
TEXT = FILE.read_text(encoding="utf-8")
EDITING = [block for block in blocks_of(FILE) if "llmlb keys" in block.text or "llmlb config" in block.text]
NODES = next(block for block in blocks_of(FILE) if "llmlb nodes" in block.text)
STATUS = TEXT.partition("## Status on the terminal")[2].partition("\n## ")[0]
LEVELS = {level: level for level in ("debug", "info", "warning", "error", "critical")} | {"exception": "error"}
STATUS_NAMES = set(re.findall(r"`(\w+)`", STATUS.partition("| in | names |")[2]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which the program is where the document says."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / ".venv" / "bin" / "python").chmod(0o755)
    return tmp_path


def run(block: Block, folder: Path, after: str = "") -> str:
    """What the block says on standard output. Each of its commands must end well."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", block.text + after],
        cwd=folder,
        env=plain | {"LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "TOKEN": "a-token"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_commands_for_nodes_run(folder: Path) -> None:
    run(NODES, folder)
    assert load(folder / "config.toml", {}).config.nodes == ()


def test_the_commands_for_keys_and_settings_run(folder: Path) -> None:
    keys, script, settings, secret = EDITING
    said = run(keys, folder)
    assert said.count("sk-llmlb-") == 3, "of alice, batch, and the new one of alice"
    (alice,) = load(folder / "config.toml", {}).config.api_keys
    assert (alice.name, alice.weight) == ("alice", 2)
    key = run(script, folder, after='echo "<$KEY>"').strip()
    assert key.startswith("<sk-llmlb-")
    assert key.endswith(">")
    said = run(settings, folder)
    assert "queue.max_size: 100 (default) -> 200 (config.toml:" in said
    run(secret, folder)
    assert load(folder / "config.toml", {}).config.server.metrics_token == "a-token"


@pytest.mark.parametrize("kind", [Overview, NodeView, HourTotals, KeyView, NodeCard, RequestView, AbleNode, Why, Usage])
def test_every_name_of_the_status_is_told(kind: type[attrs.AttrsInstance]) -> None:
    """They stay as they are: scripts use them."""
    assert {field.name for field in attrs.fields(kind)} <= STATUS_NAMES


def test_every_name_of_the_desk_is_told() -> None:
    assert {field.name.removesuffix("_more") for field in attrs.fields(Desk)} <= STATUS_NAMES
    assert {outcome.value for outcome in Outcome} <= STATUS_NAMES


@attrs.frozen
class Said:
    """What one call of the code logs. `more`: other fields as well, of which only the running program knows."""

    event: str
    level: str
    fields: frozenset[str]
    more: bool


def said_by(tree: ast.AST) -> Iterator[Said]:
    """Every line that the code logs under a name of ours. What is logged with a level chosen before has none here."""
    for call in ast.walk(tree):
        match call:
            case ast.Call(func=function, args=[ast.Constant(value=str(event)), *_], keywords=words):
                logger, _, level = ast.unparse(function).rpartition(".")
            case _:
                continue
        if (logger in {"log", "_log"} and level in LEVELS) or (not logger and level == "log"):
            fields = {"exception" if word.arg == "exc_info" else word.arg for word in words if word.arg}
            if level == "exception":
                fields.add("exception")
            yield Said(event, LEVELS.get(level, ""), frozenset(fields), any(word.arg is None for word in words))


def test_every_line_of_the_log_is_told_with_its_level_and_fields() -> None:
    """People search for them, and machines wait for them."""
    code = [*(ROOT / "llmlb").rglob("*.py")]
    all_said = [said for file in code for said in said_by(ast.parse(file.read_text(encoding="utf-8")))]
    told: dict[str, tuple[str, set[str]]] = {}
    for row in TEXT.partition("| event of the log |")[2].partition("\n\n")[0].splitlines()[2:]:
        event, level, fields, _ = re.split(r"\s*\|\s*", row)[1:-1]
        told[event.strip("`")] = level, set(re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", fields)))
    assert {said.event for said in all_said} == set(told)
    for event, (level, fields) in told.items():
        of_this = [said for said in all_said if said.event == event]
        assert all(said.level in level for said in of_this), event
        known = {field for said in of_this for field in said.fields}
        assert fields == known or (fields > known and any(said.more for said in of_this)), event
