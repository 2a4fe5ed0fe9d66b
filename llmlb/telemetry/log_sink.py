"""Where finished lines go: those of requests some together, all others at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from llmlb.telemetry.record import Record

MOST_TOGETHER = 100
"""Lines of requests that are written together at most: some 30 kB, less than a pipe takes."""


class LogSink:
    """Writes to one stream at a time. A line that cannot be written is lost: no request may fail over its log.

    Requests that are over are kept as records until somebody calls `flush`, there are `MOST_TOGETHER`, or another line
    comes: lines keep their order.
    """

    def __init__(self) -> None:
        self.tells_requests = False
        """Whether requests have lines."""
        self._stream: TextIO | None = None
        self._request_line: Callable[[Record], str] | None = None
        self._over: list[Record] = []

    def turn_to(self, stream: TextIO, request_line: Callable[[Record], str] | None) -> None:
        """Write to this from now on; requests that are over already to what it was before.

        `request_line` makes the line of a request; None where the log's level leaves them out.
        """
        self.flush()
        self._stream = stream
        self._request_line = request_line
        self.tells_requests = request_line is not None

    def request(self, record: Record) -> None:
        """A request is over. Its line is written soon; only where `tells_requests`."""
        self._over.append(record)
        if len(self._over) >= MOST_TOGETHER:
            self.flush()

    def flush(self) -> None:
        """Write the lines of all requests so far."""
        if lines := self._lines():
            self._write(lines)

    def msg(self, line: str) -> None:
        """Write a line now, after those of all requests so far."""
        self._write([*self._lines(), line])

    debug = info = warning = error = critical = exception = msg

    def _lines(self) -> list[str]:
        over, make = self._over, self._request_line
        if not over or make is None:
            return []
        self._over = []
        return [make(record) for record in over]

    def _write(self, lines: list[str]) -> None:
        if self._stream is None:
            return
        try:
            self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            pass  # disk full, pipe or file closed, a terminal that takes nothing now
