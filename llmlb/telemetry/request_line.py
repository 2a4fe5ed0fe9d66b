"""The one line that the log has of a request that is over.

It says the same, byte for byte, as if it were made like all others, from a dictionary by `lines`, in a sixth of the
time: there is one for every request.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from llmlb.telemetry.lines import console_line, escaped_json, json_line
from llmlb.telemetry.record import Outcome, Record

_LONGEST_NAME = 100
_OUTCOMES = {outcome: outcome.value for outcome in Outcome}
_DELETE = "\x7f"


class _Line(msgspec.Struct, gc=False):
    """What is told, in this order. Times in seconds; what does not apply is null."""

    time: str
    level: str
    event: str
    id: str
    key: str
    model: str
    node: str | None
    position: int | None
    estimate: int | None
    wait: float
    service: float | None
    outcome: str
    status: int
    size: int
    tokens: int | None
    attempts: int
    reason: str


_encode = msgspec.json.Encoder().encode


def json_request(record: Record) -> str:
    """The line as one JSON object."""
    seconds, _, part = f"{record.at:.6f}".partition(".")
    line = _line(record, f"{_utc(seconds)}.{part}Z")
    try:
        text = _encode(line).decode()
    except UnicodeEncodeError:  # half a character, of which `json_line` knows
        return json_line(msgspec.structs.asdict(line))
    # The encoder has escaped all other controls, and what is not ASCII may be unprintable.
    return text if text.isascii() and _DELETE not in text else escaped_json(text)


def console_request(record: Record, *, colors: bool) -> str:
    """The line for a terminal, with the time as it is where the gateway runs."""
    seconds, _, part = f"{record.at:.6f}".partition(".")
    return console_line(msgspec.structs.asdict(_line(record, f"{_local(seconds)}.{part}")), colors=colors)


def _line(record: Record, time: str) -> _Line:
    model, service = record.model, record.service
    return _Line(
        time,
        "info",
        "request",
        record.id,
        record.key_name,
        model if len(model) <= _LONGEST_NAME else model[:_LONGEST_NAME] + "…",
        record.node,
        record.position,
        record.estimate,
        round(record.waited, 3),
        None if service is None else round(service, 3),
        _OUTCOMES[record.outcome],
        record.status,
        record.size,
        record.tokens,
        record.attempts,
        record.reason,
    )


@lru_cache(maxsize=2)
def _utc(seconds: str) -> str:
    """The date and time of a second: that of many requests in a row."""
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None).isoformat()


@lru_cache(maxsize=2)
def _local(seconds: str) -> str:
    return datetime.fromtimestamp(int(seconds)).isoformat()  # local: what people at a terminal want
