"""Commands run in this process, in a directory of their own."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from llmlb.cli import main


@attrs.frozen
class Said:
    """What a command has left behind."""

    code: int
    out: str
    err: str


class Terminal(io.StringIO):
    """Somebody who types."""

    def isatty(self) -> bool:
        return True


Run = Callable[..., Said]


@pytest.fixture
def run_llmlb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `llmlb ...`. `given`: its standard input, on a terminal or not."""
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE"):
        monkeypatch.delenv(name, raising=False)

    def one(*arguments: str, lang: str = "C.UTF-8", given: str = "", terminal: bool = False) -> Said:
        monkeypatch.setenv("LANG", lang)
        monkeypatch.setattr("sys.stdin", Terminal(given) if terminal else io.StringIO(given))
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(str(end.code))
        return Said(code, *capsys.readouterr())

    return one
