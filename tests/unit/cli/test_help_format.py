from __future__ import annotations

import pytest

from llmlb.cli.file_commands import FILE_COMMANDS
from llmlb.cli.help_format import wrapped
from llmlb.simulate.table import width
from tests.unit.cli.conftest import Run


def test_english_is_broken_between_words() -> None:
    assert wrapped("try strict order  of\narrival", 12) == ["try strict", "order of", "arrival"]


def test_japanese_is_broken_anywhere_but_before_punctuation() -> None:
    lines = wrapped("設定ファイル。複数指定できます（省略時: ./config.toml があればそれ、なければ既定値）", 20)
    assert all(width(line) <= 20 for line in lines)
    assert not any(line.startswith(("、", "。", "）")) for line in lines)
    assert "".join(lines).replace(" ", "") == (
        "設定ファイル。複数指定できます（省略時:./config.tomlがあればそれ、なければ既定値）"
    )


def test_a_word_that_is_too_long_stands_alone() -> None:
    assert wrapped("a tokens_per_sec b", 5) == ["a", "tokens_per_sec", "b"]


@pytest.mark.parametrize("lang", ["C.UTF-8", "ja_JP.UTF-8"])
@pytest.mark.parametrize("name", FILE_COMMANDS)
def test_help_of_every_command_keeps_to_the_width_of_a_terminal(
    run_llmlb: Run, monkeypatch: pytest.MonkeyPatch, name: str, lang: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    said = run_llmlb(name, "--help", lang=lang)
    assert said.code == 0
    assert [line for line in said.out.splitlines() if width(line) > 80] == []
