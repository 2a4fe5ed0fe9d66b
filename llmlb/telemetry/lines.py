"""Events as text: one line each, in which nothing of a value can pass for something of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TextIO

import msgspec

_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"
_COLORS = {"debug": "\x1b[36m", "info": "\x1b[32m", "warning": "\x1b[33m"}
_RED = "\x1b[31m"


def wants_colors(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether what is written there is seen on a terminal by somebody who has not asked for none (NO_COLOR)."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def json_line(event: Mapping[str, Any]) -> str:
    """`event` as one JSON object, time, level and event first. Values JSON does not know are written as text."""
    fields = _in_order(event)
    try:
        encoded = msgspec.json.encode(fields, enc_hook=repr)
    except UnicodeEncodeError:  # half a character: bytes of a header that were not UTF-8
        encoded = msgspec.json.encode({key: _encodable(value) for key, value in fields.items()})
    return escaped_json(encoded.decode())


def escaped_json(text: str) -> str:
    """`text`, which is JSON, with whatever of it is not printable as an escape of JSON."""
    return _escaped(text, _json_escape)


def console_line(event: Mapping[str, Any], *, colors: bool) -> str:
    """`event` for a terminal: time, level, event, then `key=value`; a traceback follows on lines marked with `|`."""
    fields = _in_order(event)
    time, level, name = (str(fields.pop(key, "")) for key in ("time", "level", "event"))
    trace = str(fields.pop("exception", ""))
    dim, bold, plain = (_DIM, _BOLD, _PLAIN) if colors else ("", "", "")
    color = _COLORS.get(level, _RED) if colors else ""
    parts = [
        f"{dim}{time[11:23]}{plain}",
        f"{color}{level:<7}{plain}",
        f"{bold}{printable(name)}{plain}",
        *(f"{dim}{key}={plain}{_token(value)}" for key, value in fields.items() if value not in (None, "")),
    ]
    return "\n  | ".join([" ".join(parts), *(printable(line) for line in _lines(trace))])


def _in_order(event: Mapping[str, Any]) -> dict[str, Any]:
    first = {key: event[key] for key in ("time", "level", "event") if key in event}
    return first | {key: value for key, value in event.items() if key not in first}


def _lines(trace: str) -> list[str]:
    # Not splitlines(): that would split at characters which an exception's text may hold.
    return [line for line in trace.split("\n") if line]


def _token(value: Any) -> str:
    if not isinstance(value, str):
        return printable(repr(value))
    plain = value.isprintable() and not (set(value) & set(" =\"'\\|"))
    return value if plain else printable(repr(value))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value if isinstance(value, int | float | None) else ascii(value)


def printable(text: str) -> str:
    """`text` with whatever does not print as itself written as an escape: one line that means what it looks like."""
    return _escaped(text, _text_escape)


def _escaped(text: str, escape: Callable[[str], str]) -> str:
    # Not printable are controls, line ends, and the marks that reorder or hide text.
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\u3000" else escape(char) for char in text)


def _text_escape(char: str) -> str:
    return char.encode("unicode_escape").decode()


def _json_escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
