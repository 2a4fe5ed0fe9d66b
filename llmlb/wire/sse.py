"""Where in its stream of server-sent events a reply stands, told from the bytes that pass by."""

from __future__ import annotations

import re
from typing import Final

from llmlb.wire.endpoints import Family
from llmlb.wire.unfinished import closing

# More than the longest line that ends a stream, with the line breaks around it.
_KEPT: Final = 48

_LONGEST_EVENT: Final = 256 * 1024
"""Bytes kept of an event that is not over: more than any but those that carry pictures."""
_NUMBER: Final = re.compile(rb'"sequence_number" *: *(\d{1,15})(?=\D)')
_BLANK_LINE = re.compile(rb"\n[\r\n]|\r\r")

_OVER: Final = b"\n\n"
"""How events end, and all that has to be known of what came before."""

# What a family's last event says: first what is quick to search for, then the line it must be. Texts of a
# model cannot hold such a line, since JSON escapes line breaks.
_LAST: Final[dict[Family, tuple[tuple[bytes, ...], re.Pattern[bytes]]]] = {
    Family.OPENAI: ((b"[DONE]",), re.compile(rb"[\r\n]data: ?\[DONE\] *[\r\n]")),
    Family.RESPONSES: (
        (b"response.completed", b"response.failed", b"response.incomplete"),
        re.compile(rb"[\r\n]event: ?response\.(?:completed|failed|incomplete) *[\r\n]"),
    ),
    Family.ANTHROPIC: ((b"message_stop",), re.compile(rb"[\r\n]event: ?message_stop *[\r\n]")),
}


class StreamEnd:
    """Watches one stream as it is relayed: `feed` it every byte that goes to the client.

    Keeps the event that is not over yet, up to a limit, and a few bytes more.
    """

    __slots__ = (
        "_event", "_family", "_held", "_hints", "_in_last_event", "_line", "_numbered", "_tail", "finished",
        "next_number",
    )  # fmt: skip

    def __init__(self, family: Family) -> None:
        self.finished = False
        """Whether the stream has said its own end, and said it to the end of that event."""
        self.next_number = 0
        """The `sequence_number` of the event after those so far, where the family's events have one."""
        self._family = family
        self._numbered = family is Family.RESPONSES
        self._event: list[bytes] = []
        self._held = 0
        self._hints, self._line = _LAST[family]
        self._in_last_event = False
        self._tail = _OVER  # nothing sent is as good as an event that is over

    def feed(self, data: bytes) -> None:
        """These bytes come next in the stream."""
        if self._tail is _OVER and data.endswith(_OVER):  # whole events: nearly always
            for hint in self._hints:
                if data.rfind(hint) >= 0:  # `in` takes twice as long
                    break
            else:
                if self._numbered:
                    self._look_for_number(data)
                return
        window = self._tail + data
        if self._in_last_event:
            self._look_for_blank_line(self._tail[-1:] + data)
        elif not self.finished:
            for hint in self._hints:
                if hint in window:
                    self._look_for_last_event(window)
                    break
        if self._numbered:
            self._look_for_number(window)
        if data.endswith(_OVER):
            self._tail, self._event, self._held = _OVER, [], 0
        else:
            self._tail = window[-_KEPT:]
            self._hold(window, data)

    def closing(self, error: bytes) -> bytes:
        """What must be sent so that an event can follow. An event that was begun becomes an error, if it can.

        `error`: the error as a JSON object, of a family's event for it.
        """
        if self._held > _LONGEST_EVENT:
            return b"\n" if self._tail.endswith(b"\n") else b"\n\n"
        return closing(b"".join(self._event), error, named=self._family is not Family.OPENAI)

    def _hold(self, window: bytes, data: bytes) -> None:
        """Keep what came since the last blank line."""
        blank = max(window.rfind(b"\n\n"), window.rfind(b"\n\r"), window.rfind(b"\r\r"))
        if blank >= 0:
            self._event = [window[blank + 2 :]]
            self._held = len(self._event[0])
        else:
            self._event.append(data)
            self._held += len(data)
        if self._held > _LONGEST_EVENT:
            self._event = []

    def _look_for_number(self, data: bytes) -> None:
        for number in _NUMBER.finditer(data):
            self.next_number = int(number[1]) + 1

    def _look_for_last_event(self, window: bytes) -> None:
        found = self._line.search(window)
        if found is None:
            return
        if self._family is Family.OPENAI:
            self.finished = True  # a line that is the whole event: clients stop at it
        else:
            self._in_last_event = True
            self._look_for_blank_line(window[found.end() - 1 :])

    def _look_for_blank_line(self, rest: bytes) -> None:
        if _BLANK_LINE.search(rest):
            self._in_last_event = False
            self.finished = True
