"""Why a command has no answer of the gateway, and what to do about it."""

from __future__ import annotations

from pathlib import Path

from llmlb.cli.control_client import Forbidden, NotRunning, Unreachable
from llmlb.messages import Locale

_TEXTS: dict[str, dict[Locale, str]] = {
    "not_running": {
        "ja": "{file} で動作中のゲートウェイはありません。",
        "en": "no gateway is running with {file}.",
    },
    "start_it": {
        "ja": "llmlb serve で起動してください。ほかのファイルで動作中なら、それを --config で指定してください。",
        "en": "Start it with llmlb serve; where one runs with another file, name that with --config.",
    },
    "unreachable": {
        "ja": "ゲートウェイに問い合わせできません（{problem}）。",
        "en": "the gateway cannot be asked ({problem}).",
    },
    "forbidden": {
        "ja": "ほかのユーザーのゲートウェイには問い合わせできません。それを動かしているユーザーで実行してください。",
        "en": "the gateway is another user's, and cannot be asked. Do it as the user who runs it.",
    },
}


def why_unanswered(error: NotRunning | Unreachable, file: Path, locale: Locale, more: str = "") -> str:
    """In one sentence or two. `file`: the configuration file; `more`: what is to be said after it."""
    match error:
        case NotRunning():
            key = "not_running"
        case Forbidden():
            key = "forbidden"
        case _:
            key = "unreachable"
    why = _TEXTS[key][locale].format(file=file, problem=error)
    return (why + more if locale == "ja" else f"{why} {more}") if more else why


def how_to_start(locale: Locale) -> str:
    """What to do where none is running."""
    return _TEXTS["start_it"][locale]
