from __future__ import annotations

import json
from typing import Any

import pytest

from llmlb.wire.endpoints import Family
from llmlb.wire.envelope import envelope, error_data, error_event

FULL = {"message": "満杯", "type": "queue_full", "code": "queue_full"}
FAILED = {"message": "失敗\nした", "type": "server_error", "code": "node_failed"}


def event(family: Family) -> tuple[list[str], Any]:
    """The lines of the event before its data, and its data."""
    said = error_event(family, error_data(family, **FAILED, number=7)).decode()
    assert said.endswith("\n\n")
    *before, data = said[:-2].split("\n")
    return before, json.loads(data.removeprefix("data: "))


@pytest.mark.parametrize("family", [Family.OPENAI, Family.RESPONSES])
def test_the_queues_errors_are_as_documented(family: Family) -> None:
    assert json.loads(envelope(family, **FULL, retry_after=5)) == {"error": {**FULL, "retry_after": 5}}


@pytest.mark.parametrize("type", ["invalid_request_error", "server_error"])
def test_openais_own_errors_have_a_param(type: str) -> None:
    error = {"message": "m", "type": type, "code": None}
    assert json.loads(envelope(Family.OPENAI, message="m", type=type, code=None)) == {"error": {**error, "param": None}}


def test_anthropics_errors_say_so_at_the_top() -> None:
    said = json.loads(envelope(Family.ANTHROPIC, **FULL, retry_after=5))
    assert said == {"type": "error", "error": {**FULL, "retry_after": 5}}


def test_japanese_is_written_as_it_is() -> None:
    assert "満杯".encode() in envelope(Family.OPENAI, **FULL)


def test_half_a_surrogate_pair_in_a_quoted_name_does_no_harm() -> None:
    assert json.loads(envelope(Family.OPENAI, message="a\ud800b", type="t", code="c"))["error"]["message"] == "a?b"


def test_a_chat_stream_is_told_by_data_alone() -> None:
    assert event(Family.OPENAI) == ([], {"error": {**FAILED, "param": None}})


def test_a_messages_stream_is_told_by_an_error_event() -> None:
    assert event(Family.ANTHROPIC) == (["event: error"], {"type": "error", "error": FAILED})


def test_a_responses_stream_is_told_in_the_documented_form_and_as_its_sdks_notice_it() -> None:
    before, data = event(Family.RESPONSES)
    assert before == ["event: error"]
    assert data.pop("error") == {**FAILED, "param": None}
    assert data == {
        "type": "error",
        "code": "node_failed",
        "message": FAILED["message"],
        "param": None,
        "sequence_number": 7,
    }
