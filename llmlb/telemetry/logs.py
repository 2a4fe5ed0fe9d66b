"""The log: one line an event, for people on a terminal and as JSON otherwise.

Values come from strangers (a model's name, a header), so nothing in one may end a line, start another or speak
to the terminal: whatever is not printable is written as an escape, in both formats.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import PayloadAccessError, RequestPayloadError

from llmlb.telemetry.lines import console_line, json_line
from llmlb.telemetry.record import Record

if TYPE_CHECKING:
    from llmlb.config.model import Log

Event = MutableMapping[str, Any]

_MALFORMED = (HttpProcessingError, RequestPayloadError, PayloadAccessError)
_LONGEST_NAME = 100


def configure(log: Log, *, stream: TextIO | None = None) -> None:
    """Write every later event as `log` says, to its file, else to `stream`, else to standard error.

    Can be called again when the configuration changes. Raises OSError, and changes nothing, if the file cannot
    be opened. Lines of aiohttp and asyncio take the same way.
    """
    file = Path(log.file).open("a", encoding="utf-8") if log.file else None  # noqa: SIM115 - stays open
    sink = _Sink(file or stream or sys.stderr)
    on_terminal = sink.stream.isatty()
    for_people = log.format == "console" or (log.format == "auto" and on_terminal)
    level = logging.getLevelNamesMapping()[log.level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=not for_people, key="time"),
            _describe_crash,
            partial(_render_console, on_terminal) if for_people else _render_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: sink,
        cache_logger_on_first_use=False,
    )
    _take_over_stdlib(level, sink, owns_stream=bool(log.file))


def request_line(record: Record) -> None:
    """Write the one line of a request that is over. Times in seconds; what does not apply is null."""
    structlog.get_logger().info(
        "request",
        id=record.id,
        key=record.key_name,
        model=_short(record.model),
        node=record.node,
        position=record.position,
        estimate=record.estimate,
        wait=round(record.waited, 3),
        service=None if record.service is None else round(record.service, 3),
        outcome=record.outcome.value,
        status=record.status,
        size=record.size,
        tokens=record.tokens,
        attempts=record.attempts,
        reason=record.reason,
    )


class _Sink:
    """Where finished lines go. A line that cannot be written is lost: no request may fail over its log."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def msg(self, line: str) -> None:
        try:
            self.stream.write(line + "\n")
            self.stream.flush()
        except (OSError, ValueError):
            pass  # disk full, pipe or file closed

    debug = info = warning = error = critical = exception = msg


class _FromStdlib(logging.Handler):
    """Passes what libraries log through our own renderer."""

    def __init__(self, sink: _Sink, *, owns_stream: bool) -> None:
        super().__init__()
        self.sink = sink
        self._owns_stream = owns_stream

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger().bind(logger=record.name)
        crash = record.exc_info[1] if record.exc_info else None
        if isinstance(crash, _MALFORMED):
            # aiohttp would write the request's own bytes, inside a traceback, as an error of ours.
            status = getattr(crash, "code", 400)
            log.warning("malformed_request", kind=type(crash).__name__, status=status)
            return
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        log.log(level, record.getMessage(), exc_info=crash)

    def close(self) -> None:
        if self._owns_stream:
            self.sink.stream.close()
        super().close()


def _take_over_stdlib(level: int, sink: _Sink, *, owns_stream: bool) -> None:
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h, _FromStdlib)]:
        root.removeHandler(handler)
        handler.close()
    root.addHandler(_FromStdlib(sink, owns_stream=owns_stream))
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


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
