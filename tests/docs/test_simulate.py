"""docs/simulate.md: its commands run, print what is shown below them, and show what the text says of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from llmlb.simulate.mix import CAP_MEANS, CV, FIELDS, MEAN_SECS, TOKENS_PER_SEC
from llmlb.simulate.texts import TEXTS
from llmlb.simulate.trace import COLUMNS
from tests.docs.blocks import Block, blocks_of

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "simulate.md"
TEXT = FILE.read_text(encoding="utf-8")
BLOCKS = blocks_of(FILE)
COMMANDS = [block for block in BLOCKS if block.language == "bash"]
SHOWN = [(block, after) for block, after in pairwise(BLOCKS) if after.language == "text"]


def run(block: Block, folder: Path, *more: str) -> str:
    """What the commands of a block print."""
    (folder / "config.toml").write_text("", encoding="utf-8")
    script = block.text.replace(".venv/bin/python", sys.executable).rstrip() + " " + " ".join(more)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers(block: Block, folder: Path) -> dict[str, Any]:
    """By configuration, all the numbers that a block's command comes to."""
    run(block, folder, "--json", "numbers.json")
    report = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    return {one["name"]: one for one in report["configurations"]}


def form(text: str) -> list[str]:
    """The words of each line. The figures change with every improvement of the scheduler; what they are of does not."""
    return [
        " ".join(re.sub(r"(?<![\w.])-?\d[\d.%()]*|(?<!\S)-(?!\S)", "#", line).split()) for line in text.splitlines()
    ]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in COMMANDS])
def test_commands_work(block: Block, tmp_path: Path) -> None:
    assert "overall" in run(block, tmp_path)


@pytest.mark.parametrize(("block", "shown"), [pytest.param(*pair, id=pair[1].name) for pair in SHOWN])
def test_they_print_what_is_shown(block: Block, shown: Block, tmp_path: Path) -> None:
    printed = form(run(block, tmp_path))
    at = 0
    for line in form(shown.text):
        if line != "…":
            assert line in printed[at:], line
            at = printed.index(line, at) + 1


def test_fairness_does_for_alice_what_is_said(tmp_path: Path) -> None:
    by_name = numbers(SHOWN[0][0], tmp_path)
    fair, fifo = by_name["config.toml"], by_name["fifo"]
    assert fifo["keys"]["alice"]["late"] > 0.05 * fifo["keys"]["alice"]["asked"]
    assert fair["keys"]["alice"]["late"] == 0
    assert fair["keys"]["alice"]["waits"]["p50"] < 12
    assert fair["utilisation"] > 0.99


def test_pushing_out_does_for_light_keys_what_is_said(tmp_path: Path) -> None:
    by_name = numbers(SHOWN[1][0], tmp_path)
    refused, pushed = by_name["max_size=20"], by_name["max_size=20 when_full=push_out"]

    def lost(one: dict[str, Any]) -> int:
        return sum(result["full"] for key, result in one["keys"].items() if key.startswith("light"))

    assert lost(pushed) == 0 < lost(refused)


def test_every_field_column_and_line_is_told_of() -> None:
    for name in (*FIELDS, *COLUMNS):
        assert f"`{name}" in TEXT, name
    for figure in (
        f"`mean` seconds ({MEAN_SECS:g})",
        f"`cv` ({CV:g})",
        f"({CAP_MEANS:g} means)",
        f"({TOKENS_PER_SEC:g})",
    ):
        assert figure in TEXT, figure
    said = TEXT.partition("## What the numbers mean")[2]
    for name in ("utilisation", "gap", "bound", "kept", "below"):
        assert TEXTS[name]["en"].split(",")[0] in said, name
