"""Where in its stream of server-sent events a reply stands, told from the bytes that pass by."""

from __future__ import annotations

import re
from typing import Final

from llmlb.wire.endpoints import Family

# More than the longest line that ends a stream, with the line breaks around it.
_KEPT: Final = 48

# A line break may be LF, CRLF or CR. How the bytes so far end -> what makes a whole event of them. After a
# CR comes an LF in any case: it either belongs to that CR or does no harm.
_CLOSING: Final = (
    (b"\n\n", b""),
    (b"\n\r\n", b""),
    (b"\r\r\n", b""),
    (b"\n\r", b"\n"),
    (b"\r\r", b"\n"),
    (b"\r\n", b"\r\n"),
    (b"\n", b"\n"),
    (b"\r", b"\n\r\n"),
)
_BLANK_LINE = re.compile(rb"\n[\r\n]|\r\r")

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

    Keeps a few bytes, whatever the length of the stream and of its lines.
    """

    __slots__ = ("_family", "_hints", "_in_last_event", "_line", "_tail", "finished")

    def __init__(self, family: Family) -> None:
        self.finished = False
        """Whether the stream has said its own end, and said it to the end of that event."""
        self._family = family
        self._hints, self._line = _LAST[family]
        self._in_last_event = False
        self._tail = b"\n\n"  # nothing sent is as good as an event that is over

    def feed(self, data: bytes) -> None:
        """These bytes come next in the stream."""
        window = self._tail + data
        if self._in_last_event:
            self._look_for_blank_line(self._tail[-1:] + data)
        elif not self.finished:
            for hint in self._hints:
                if hint in window:
                    self._look_for_last_event(window)
                    break
        self._tail = window[-_KEPT:]

    def closing(self) -> bytes:
        """What must be sent so that the line and the event begun are over, and another event can follow."""
        for ending, closing in _CLOSING:
            if self._tail.endswith(ending):
                return closing
        return b"\n\n"

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
