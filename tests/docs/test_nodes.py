"""docs/nodes.md: its configurations load, and its table of kinds is the one in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llmlb.config.load import load
from llmlb.nodes.discovery import places
from llmlb.nodes.inquiry import MOST_BYTES
from llmlb.nodes.kinds import BY_NAME, MOST_CHARACTERS, MOST_MODELS
from tests.docs.blocks import Block, blocks_of

FILE = Path(__file__).parents[2] / "docs" / "nodes.md"
TEXT = FILE.read_text(encoding="utf-8")
CONFIGURATIONS = [block for block in blocks_of(FILE) if block.language == "toml"]


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in CONFIGURATIONS])
def test_its_configurations_load(block: Block, tmp_path: Path) -> None:
    certificate = Path(__file__).parents[1] / "integration" / "tls" / "node.pem"
    (tmp_path / "our-ca.pem").write_bytes(certificate.read_bytes())
    (tmp_path / "config.toml").write_text(block.text, encoding="utf-8")
    assert len(load(tmp_path / "config.toml", {}).config.nodes) == 1


def test_its_table_of_kinds_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| (.*?) \| (.*?) \|", TEXT, re.MULTILINE)
    said = {name: (question.strip("`"), status.strip("` ")) for name, question, status in rows}
    known = {name: (kind.question or "/v1/models", kind.status) for name, kind in BY_NAME.items()}
    assert said == known | {"openai": ("being none of these", "")}


def test_its_figures_are_those_of_the_code() -> None:
    assert f"{MOST_MODELS:,} names and {MOST_BYTES // 1024**2} MiB" in TEXT
    assert f"longer than {MOST_CHARACTERS} characters" in TEXT
    ports = {place.port for place in places(8080)}
    assert ports <= {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", TEXT)}
