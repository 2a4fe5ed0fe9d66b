"""What of a log is replayed, and what of a command's words is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.web.operator import settings_trial


def test_the_newest_whole_lines_of_a_log_are_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, copy = tmp_path / "log", tmp_path / "copy"
    log.write_text("".join(f"line {n:03}\n" for n in range(100)))
    assert not settings_trial._copy_newest(log, copy)
    assert copy.read_text() == log.read_text()
    monkeypatch.setattr(settings_trial, "MOST_HISTORY", 32)
    settings_trial._copy_newest(log, copy)
    assert copy.read_text() == "line 097\nline 098\nline 099\n"
    log.write_text('{"event":"request"}\n')
    assert settings_trial._copy_newest(log, copy)
    log.write_text("")
    settings_trial._copy_newest(log, copy)
    assert copy.read_text() == ""


def test_what_a_command_says_is_shown_line_by_line_and_not_without_end() -> None:
    assert settings_trial._lines("a  b\n\x1b[31mr\u202ed\n日本\n".encode()) == "a  b\n\\x1b[31mr\\u202ed\n日本"
    assert len(settings_trial._lines(b"x" * 10**6)) == settings_trial.MOST_OUTPUT
    assert settings_trial._lines(b"\xff") == "\ufffd"
