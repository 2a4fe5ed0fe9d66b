"""How many tokens a reply cost, read from the bytes as they pass by."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final

from llmlb.wire.endpoints import Endpoint, Family

_USAGE = re.compile(rb'"usage"\s{0,8}:\s{0,8}\{')
_KEPT: Final = 32
"""As long as the longest thing looked for, or longer: what of it came with the last piece is still there."""
_OBJECT: Final = 4096
"""Bytes within which a usage object must end: the longest known have 500."""
_MOST: Final = 10**9
"""A larger number of tokens is nonsense."""
_BYTES_A_TOKEN: Final = 4
"""The usual guess, for prompts that nobody has counted."""


def _new_from(*markers: bytes) -> tuple[tuple[bytes, int], ...]:
    """Each marker, and where in a window it must begin at the earliest to end in what is new."""
    return tuple((marker, _KEPT + 1 - len(marker)) for marker in markers)


_EVENTS: Final = {
    Family.OPENAI: _new_from(b"\ndata: {", b"\ndata:{"),  # every chunk; the end is `data: [DONE]`
    Family.RESPONSES: _new_from(b'"delta":'),
    Family.ANTHROPIC: _new_from(b'"delta":'),
}
"""What stands once in each event that carries output. A text of the model cannot hold it: JSON escapes line breaks
and quotes."""

_decode = json.JSONDecoder().raw_decode


class TokenMeter:
    """Reads one reply of `endpoint` to a request of `size` bytes: `begin` with its headers, then `feed` it the body.

    What the reply's own `usage` says counts: the last one, for servers repeat it as it grows. A stream that ends
    without one is counted by its events, about a token each, and its prompt guessed. Keeps at most two usage objects
    and a few bytes, whatever the length of the reply, and never raises.
    """

    __slots__ = ("_events", "_family", "_first", "_last", "_markers", "_read", "_size", "_tail")

    def __init__(self, endpoint: Endpoint, size: int) -> None:
        self._size = 0 if endpoint.multipart else size  # a sound or a picture is no prompt
        self._family = endpoint.family
        self._markers: tuple[tuple[bytes, int], ...] = ()
        self._read = False
        self._tail = b"\n" * _KEPT
        self._first = b""
        self._last = b""
        self._events = 0  # since the last usage

    def begin(self, headers: Iterable[tuple[str, str]]) -> None:
        """The head of the reply: names in lower case. Only JSON and event streams that are not compressed are read."""
        kind = coding = ""
        for name, value in headers:
            if name == "content-type":
                kind = kind or value.partition(";")[0].strip().lower()
            elif name == "content-encoding":
                coding = coding or value.strip().lower()
        if coding in ("", "identity"):
            self._read = kind in ("application/json", "text/event-stream")
            if kind == "text/event-stream":
                self._markers = _EVENTS[self._family]

    def feed(self, data: bytes) -> None:
        """These bytes come next in the reply's body."""
        if not self._read:
            return
        window = self._tail + data
        for marker, start in self._markers:
            self._events += window.count(marker, start)
        if self._last:
            self._first = _longer(self._first, data)
            self._last = _longer(self._last, data)
        # `rfind`, since `in` takes twice as long. Most streams say `null` until the end.
        if window.rfind(b'"usage"') >= 0 and _USAGE.search(window):
            self._look(window)
        self._tail = window[-_KEPT:]

    @property
    def tokens(self) -> int | None:
        """Prompt and output together, as far as the reply has come; None where nobody can tell."""
        said = _numbers(self._last)
        prompt, output, total = _prompt(said), _output(said), said.get("total_tokens")
        if prompt is None:
            prompt = _prompt(_numbers(self._first))
        if prompt is None and output is None:
            if total is not None:
                return total + self._events
            if not self._markers:
                return None
        if output is None:
            output = total - prompt if total is not None and prompt is not None and total > prompt else 0
        return (self._size // _BYTES_A_TOKEN if prompt is None else prompt) + output + self._events

    def _look(self, window: bytes) -> None:
        """Take note of the usage objects that begin in what is new of the window."""
        begun = [match.end() for match in _USAGE.finditer(window) if match.end() > _KEPT]
        if not begun:
            return
        if not self._first:
            self._first = self._last or (window[begun[0] - 1 :][:_OBJECT] if len(begun) > 1 else b"")
        self._last = window[begun[-1] - 1 :][:_OBJECT]
        self._events = sum(window.count(marker, begun[-1]) for marker, _ in self._markers)


def _longer(piece: bytes, data: bytes) -> bytes:
    """What is kept of a usage object, with what came next of it."""
    return piece + data[: _OBJECT - len(piece)] if 0 < len(piece) < _OBJECT else piece


def _numbers(piece: bytes) -> dict[str, int]:
    """The numbers of tokens in the JSON object with which the piece begins; empty if it does not."""
    if not piece:
        return {}
    try:
        found: Any = _decode(piece.decode("latin-1"))[0]
    except (ValueError, RecursionError):
        return {}
    return {name: value for name, value in found.items() if type(value) is int and 0 <= value <= _MOST}


def _prompt(said: dict[str, int]) -> int | None:
    if "prompt_tokens" in said or "input_tokens" not in said:
        return said.get("prompt_tokens")
    # Anthropic's `input_tokens` are without what was cached; OpenAI tells that inside the details, as a part.
    cached = said.get("cache_creation_input_tokens", 0) + said.get("cache_read_input_tokens", 0)
    return said["input_tokens"] + cached


def _output(said: dict[str, int]) -> int | None:
    return said.get("completion_tokens", said.get("output_tokens"))
