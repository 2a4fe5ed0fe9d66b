"""The log: one line an event, for people on a terminal and as JSON otherwise.

Values come from strangers (a model's name, a header), so nothing in one may end a line, start another or speak
to the terminal: whatever is not printable is written as an escape, in both formats.

Whatever is told by structlog or a library is written at once. The lines of requests that are over are written some
together, as there may be thousands a second; they keep their order with the others.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import PayloadAccessError, RequestPayloadError

from llmlb.clock import Clock
from llmlb.telemetry.lines import console_line, json_line, wants_colors
from llmlb.telemetry.log_sink import LogSink
from llmlb.telemetry.record import Record
from llmlb.telemetry.request_line import console_request, json_request

if TYPE_CHECKING:
    from llmlb.config.model import Log

Event = MutableMapping[str, Any]

WRITTEN_WITHIN_SECS = 0.01
"""How long the line of a request may be kept for others to be written with it: all that a killed process loses."""
_ROOM = 2**18
"""Bytes for more lines than are ever written together. What a full disk takes only a part of is kept, so that its rest
follows: written past such a buffer, that part would be the beginning of the next line."""
_MALFORMED = (HttpProcessingError, RequestPayloadError, PayloadAccessError)
_SINK = LogSink()
"""Where lines go; nowhere until it has been configured."""


def configure(log: Log, *, stream: TextIO | None = None) -> None:
    """Write every later event as `log` says, to its file, else to `stream`, else to standard error.

    Can be called again when the configuration changes: requests that are over by then are told where lines went
    before. Raises OSError, and changes nothing, if the file cannot be opened. Lines of aiohttp and asyncio take the
    same way.
    """
    file: TextIO | None = open(log.file, "a", _ROOM, "utf-8", opener=_at_once) if log.file else None  # noqa: SIM115 - stays open
    target = file or stream or sys.stderr
    on_terminal = target.isatty()
    if on_terminal and file is None:
        file = _opened_again(target)
        target = file or target
    for_people = log.format == "console" or (log.format == "auto" and on_terminal)
    level = logging.getLevelNamesMapping()[log.level.upper()]
    colors = wants_colors(target, os.environ)
    request_line = partial(console_request, colors=colors) if for_people else json_request
    _SINK.turn_to(target, request_line if level <= logging.INFO else None)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not for_people, key="time"),
            _describe_crash,
            partial(_render_console, colors) if for_people else _render_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _SINK,
        cache_logger_on_first_use=False,
    )
    _take_over_stdlib(level, owned=file)


def _at_once(file: str, flags: int) -> int:
    """Open a pipe that nobody reads never rather than when somebody does: everything would wait for that. Nor is a
    terminal waited for, after Ctrl-S or while the network behind it is gone: what it does not take is lost.
    """
    descriptor = os.open(file, flags | os.O_NONBLOCK | os.O_NOCTTY, 0o666)
    os.set_blocking(descriptor, not os.isatty(descriptor))
    return descriptor


def _opened_again(terminal: TextIO) -> TextIO | None:
    """The same terminal, not to be waited for: other programs share how it was opened. None where it may not be."""
    try:
        name = os.ttyname(terminal.fileno())
        return open(name, "w", encoding=terminal.encoding, errors=terminal.errors, opener=_at_once)
    except OSError:
        return None


def flush() -> None:
    """Write the lines of all requests so far. To be called before the process ends, or the log is read."""
    _SINK.flush()


class RequestLog:
    """Is told of each request that is over, and has its line written within `WRITTEN_WITHIN_SECS`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due = False

    def add(self, record: Record) -> None:
        """A request is over now."""
        if not _SINK.tells_requests:
            return
        _SINK.request(record)
        if not self._due:
            self._due = True
            self._clock.call_at(self._clock.now() + WRITTEN_WITHIN_SECS, self._write)

    def _write(self) -> None:
        self._due = False
        _SINK.flush()


class _FromStdlib(logging.Handler):
    """Passes what libraries log through our own renderer."""

    def __init__(self, owned: TextIO | None) -> None:
        super().__init__()
        self._owned = owned
        """The file that is closed with this, if there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        crash = record.exc_info[1] if record.exc_info else None
        if isinstance(crash, _MALFORMED):
            # aiohttp would write the request's own bytes, inside a traceback, as an error of ours.
            status = getattr(crash, "code", 400)
            log.warning("malformed request", kind=type(crash).__name__, status=status)
            return
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        log.log(level, record.getMessage(), exc_info=crash)

    def close(self) -> None:
        super().close()
        if self._owned is not None:
            with suppress(OSError):  # disk full: what it still holds is lost, and the file is closed all the same
                self._owned.close()


def _take_over_stdlib(level: int, owned: TextIO | None) -> None:
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _FromStdlib)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(_FromStdlib(owned))
    # What libraries say for information is of use only to someone who looks for a fault.
    root.setLevel(level if level == logging.DEBUG else max(level, logging.WARNING))


def _describe_crash(_logger: object, _method: str, event: Event) -> Event:
    crash = event.pop("exc_info", None)
    if crash is True:
        crash = sys.exc_info()[1]
    if isinstance(crash, BaseException):
        # A malformed request behind the crash would print its bytes as the cause: leave the chain out then.
        event["exception"] = "".join(traceback.format_exception(crash, chain=not _malformed_behind(crash)))
    return event


def _malformed_behind(crash: BaseException) -> bool:
    seen: set[int] = set()
    behind = crash.__cause__ or crash.__context__
    while behind is not None and id(behind) not in seen:
        if isinstance(behind, _MALFORMED):
            return True
        seen.add(id(behind))
        behind = behind.__cause__ or behind.__context__
    return False


def _render_console(colors: bool, _logger: object, _method: str, event: Event) -> str:
    return console_line(event, colors=colors)


def _render_json(_logger: object, _method: str, event: Event) -> str:
    return json_line(event)
