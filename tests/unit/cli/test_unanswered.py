"""Why a command has no answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.cli.control_client import NotRunning, Unreachable, unreachable
from llmlb.cli.unanswered import why_unanswered

FILE = Path("a.toml")


@pytest.mark.parametrize(
    ("error", "english", "japanese"),
    [
        (NotRunning(), "no gateway is running with a.toml.", "a.toml で動作中のゲートウェイはありません。"),
        (Unreachable("HTTP 500"), "the gateway cannot be asked (HTTP 500).", "問い合わせできません（HTTP 500）。"),
        (unreachable(OSError(36, "File name too long")), "cannot be asked (File name too long).", "too long）。"),
        (
            unreachable(PermissionError(13, "Permission denied")),
            "the gateway is another user's, and cannot be asked. Do it as the user who runs it.",
            "ほかのユーザーのゲートウェイには問い合わせできません。それを動かしているユーザーで実行してください。",
        ),
    ],
)
def test_it_is_said_with_what_to_do(error: NotRunning | Unreachable, english: str, japanese: str) -> None:
    assert why_unanswered(error, FILE, "en").endswith(english)
    assert why_unanswered(error, FILE, "ja").endswith(japanese)


def test_what_is_said_after_it_follows_as_sentences_do() -> None:
    assert why_unanswered(NotRunning(), FILE, "en", "More.") == "no gateway is running with a.toml. More."
    assert why_unanswered(NotRunning(), FILE, "ja", "続き。") == "a.toml で動作中のゲートウェイはありません。続き。"
