"""The line of a request: the same as any line that says so much, whatever its values are."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import example, given
from msgspec.structs import replace

from llmlb.telemetry.lines import console_line, json_line
from llmlb.telemetry.record import Outcome, Record
from llmlb.telemetry.request_line import console_request, json_request
from tests.unit.telemetry.records import over

TEXTS = st.text(st.characters()) | st.sampled_from(
    ["開発\u3000一課", "\x7f", "half \ud800", "\x1b[2K", 'a "b" \\ c', "m\n"]
)
COUNTS = st.none() | st.integers(0, 2**53)
SECONDS = st.floats(0, 1e6)
RECORDS = st.builds(
    Record,
    id=TEXTS,
    at=st.floats(0, 4e9),
    key_name=TEXTS,
    path=st.just("/v1/chat/completions"),
    model=st.text(st.characters(), max_size=120),
    outcome=st.sampled_from(Outcome),
    status=st.integers(200, 599),
    waited=SECONDS,
    reached_node=st.booleans(),
    node=st.none() | TEXTS,
    position=COUNTS,
    estimate=COUNTS,
    service=st.none() | SECONDS,
    size=st.integers(0, 2**53),
    tokens=COUNTS,
    attempts=st.integers(0, 9),
    reason=TEXTS,
)


def event(record: Record, zone: Any) -> dict[str, Any]:
    """What the line says, as structlog would be told it."""
    time = datetime.fromtimestamp(float(f"{record.at:.6f}"), zone).replace(tzinfo=None)
    return {
        "time": time.isoformat(timespec="microseconds") + ("Z" if zone is UTC else ""),
        "level": "info",
        "event": "request",
        "id": record.id,
        "key": record.key_name,
        "model": record.model if len(record.model) <= 100 else record.model[:100] + "…",
        "node": record.node,
        "position": record.position,
        "estimate": record.estimate,
        "wait": round(record.waited, 3),
        "service": None if record.service is None else round(record.service, 3),
        "outcome": record.outcome.value,
        "status": record.status,
        "size": record.size,
        "tokens": record.tokens,
        "attempts": record.attempts,
        "reason": record.reason,
    }


@given(RECORDS)
@example(over())
def test_in_json_it_is_as_any_other_line(record: Record) -> None:
    assert json_request(record) == json_line(event(record, UTC))


@given(RECORDS, st.booleans())
def test_on_a_terminal_it_is_as_any_other_line(record: Record, colors: bool) -> None:
    assert console_request(record, colors=colors) == console_line(event(record, None), colors=colors)


@pytest.mark.parametrize("at", [0.0, 59.999999, 1_699_999_999.9999999, 1_700_000_000.000001])
def test_its_time_has_a_fraction_always(at: float) -> None:
    time = json_request(replace(over(), at=at)).split('"')[3]
    assert datetime.fromisoformat(time).timestamp() == pytest.approx(at, abs=1e-6)
    assert len(time) == len("2023-11-14T22:13:20.000000Z")
