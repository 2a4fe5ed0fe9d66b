"""What makes a proper event of one that a stream broke off in: the error itself.

The clients of a stream read each event as JSON. The half of one makes them fail as if llmlb had sent nonsense, before
they get to the error behind it. What has been sent cannot be taken back; but the JSON can be finished, with the
error's members in it, so that the event is the error and none of its half text is taken for output.
"""

from __future__ import annotations

import json
import re
from typing import Final

_LINE_BREAK = re.compile(rb"\r\n|\n|\r")
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)|[{}\[\]]', re.DOTALL)
_HALF_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\(u[0-9a-fA-F]{0,3})?$")
_CLOSES: Final = {b"{": b"}", b"[": b"]"}

_IN_TEXT: Final = (b'"', b'":null', b'\\udc00"', b'\\udc00":null')
_WORDS: Final = (b"rue", b"ue", b"e", b"alse", b"lse", b"se", b"ull", b"ll", b"l")
_BETWEEN: Final = (b"", b"null", b'"":null', b":null", b"0", *_WORDS)
"""What may be missing where JSON breaks off: the end of a text or of a name, a value, a member, the rest of a number or
of a word. The first that makes it whole is taken."""


def closing(event: bytes, error: bytes, *, named: bool) -> bytes:
    """What must follow `event`, all that was sent since the last blank line, so that another event can stand behind it.

    `error`: the error as a JSON object. `named`: whether the clients know an error by the name of its event.
    """
    lines = _LINE_BREAK.split(event)
    last = lines.pop()  # empty if the event broke off between two lines
    data = [value for line in lines if (value := _data(line)) is not None]
    begun = _data(last)
    if begun is not None:
        rest = _rest([*data, begun], error)
        if not data and not begun:
            rest = error
        if rest is not None and b":" not in last:
            rest = b": " + rest
    elif data:
        rest = _rest([*data, b""], error)
        rest = rest and (b"\ndata: " if last else b"data: ") + rest
    elif any(line.partition(b":")[0] == b"event" for line in [*lines, last]):
        return (b"\n" if last else b"") + b"event:\n"  # a name without data is passed on to nobody, once it is empty
    else:
        return b"\n" if last else b""
    if rest is None:  # whole, or nothing we could finish
        return b"\n\n" if last or event.endswith(b"\r") else b"\n"  # after CR, the first LF belongs to it
    return rest + (b"\nevent: error\n\n" if named else b"\n\n")


def _data(line: bytes) -> bytes | None:
    """The value of a line of data."""
    name, _, value = line.partition(b":")
    return value.removeprefix(b" ") if name == b"data" else None


def _rest(data: list[bytes], error: bytes) -> bytes | None:
    """What makes a JSON object of data that is the beginning of one, with the error's members last in it."""
    begun = b"\n".join(data)
    if _read(begun) is not None:
        return None
    open_, in_text = _open(begun)
    if not open_ or open_[0] != b"{":
        return None
    whole_characters = _rest_of_character(begun)
    half = _HALF_ESCAPE.search(begun) if in_text else None
    if half is not None:
        whole_characters = b"\\" if half[1] is None else b"0" * (5 - len(half[1]))
    inner = b"".join(_CLOSES[bracket] for bracket in reversed(open_[1:]))
    for missing in _IN_TEXT if in_text else _BETWEEN:
        for comma in (b",", b""):
            rest = whole_characters + missing + inner + comma + error[1:]
            found = _read(begun + rest)
            if isinstance(found, dict) and found.get("error"):
                return rest
    return None


def _open(begun: bytes) -> tuple[list[bytes], bool]:
    """The brackets that are open, and whether the end is inside a text."""
    open_: list[bytes] = []
    for token in _TOKEN.finditer(begun):
        bracket = token[0]
        if bracket in _CLOSES:
            open_.append(bracket)
        elif bracket in (b"}", b"]"):
            if not open_:
                return [], False
            open_.pop()
        elif not token[1]:
            return open_, True
    return open_, False


def _rest_of_character(begun: bytes) -> bytes:
    """The bytes missing of a character that was cut in UTF-8; any will do."""
    for back in (1, 2, 3):
        lead = begun[-back] if back <= len(begun) else 0
        if lead >= 0xC2:
            length = 4 if lead >= 0xF0 else 3 if lead >= 0xE0 else 2
            second = {0xE0: b"\xa0", 0xF0: b"\x90"}.get(lead, b"\x80")
            return ((second if back == 1 else b"\x80") + b"\x80\x80")[: max(0, length - back)]
        if lead < 0x80:
            break
    return b""


def _read(text: bytes) -> object | None:
    try:
        read: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return read
