"""How many tokens a reply cost, by what servers really send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.usage import TokenMeter

BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}
STREAM = (("content-type", "text/event-stream; charset=utf-8"),)
JSON = (("content-type", "application/json"),)
CHAT, EMBEDDINGS, MESSAGES, RESPONSES, RERANK = (
    "/v1/chat/completions", "/v1/embeddings", "/v1/messages", "/v1/responses", "/v1/rerank",
)  # fmt: skip


def read(path: str, headers: tuple[tuple[str, str], ...], *pieces: bytes, size: int = 400) -> int | None:
    meter = TokenMeter(BY_PATH[path], size)
    meter.begin(headers)
    for piece in pieces:
        meter.feed(piece)
    return meter.tokens


def plain(path: str, usage: Any, **more: Any) -> int | None:
    return read(path, JSON, json.dumps({"id": "x", "usage": usage, **more}).encode())


def events(*values: Any) -> list[bytes]:
    """Events as most servers write them, one a piece."""
    return [b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n" for value in values]


def typed(*values: dict[str, Any]) -> list[bytes]:
    """Events that say their type in a line of its own."""
    return [
        b"event: " + value["type"].encode() + b"\ndata: " + json.dumps(value).encode() + b"\n\n" for value in values
    ]


def chunk(text: str, usage: Any = ...) -> dict[str, Any]:
    said = {"choices": [{"index": 0, "delta": {"content": text}}]}
    return said if usage is ... else {**said, "usage": usage}


DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    ("path", "usage", "tokens"),
    [
        (CHAT, {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}, 25),
        (CHAT, {"prompt_tokens": 20, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 7}}, 25),
        (EMBEDDINGS, {"prompt_tokens": 8, "total_tokens": 8}, 8),
        (RERANK, {"total_tokens": 31}, 31),
        (MESSAGES, {"input_tokens": 9, "output_tokens": 4}, 13),
        (MESSAGES, {"input_tokens": 9, "cache_read_input_tokens": 3, "output_tokens": 4}, 16),
        (MESSAGES, {"input_tokens": 9, "cache_creation_input_tokens": 2, "output_tokens": 4}, 15),
        (RESPONSES, {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 3}, "output_tokens": 4}, 13),
        (CHAT, {"prompt_tokens": 20, "input_tokens": 20, "completion_tokens": 5, "output_tokens": 5}, 25),
        ("/v1/audio/transcriptions", {"type": "duration", "seconds": 3}, None),
        (CHAT, {"prompt_tokens": 10**12}, None),
        (CHAT, {"prompt_tokens": True, "completion_tokens": -1}, None),
        (CHAT, {"prompt_tokens": "20"}, None),
        (CHAT, {}, None),
        (CHAT, None, None),
        (CHAT, "usage", None),
    ],
)  # fmt: skip
def test_a_plain_reply_says_what_it_cost(path: str, usage: Any, tokens: int | None) -> None:
    assert plain(path, usage) == tokens


def test_the_usage_of_a_plain_reply_is_found_wherever_it_stands() -> None:
    usage = b'"usage": {"prompt_tokens": 3, "total_tokens": 3}'
    numbers = b'"data": [' + b"0.125, " * 100_000 + b"0]"
    assert read(EMBEDDINGS, JSON, b"{" + usage + b", " + numbers + b"}") == 3
    assert read(EMBEDDINGS, JSON, b"{" + numbers + b", " + usage + b"}") == 3


def test_a_plain_reply_without_usage_tells_nothing() -> None:
    assert read(CHAT, JSON, b'{"error": {"message": "no"}}') is None
    assert read(CHAT, JSON) is None


def test_what_a_text_says_of_usage_is_no_usage() -> None:
    text = 'data: {"usage": {"prompt_tokens": 9999, "completion_tokens": 1}}\n\ndata: {'
    assert plain(CHAT, None, choices=[{"message": {"content": text}}]) is None
    assert read(CHAT, STREAM, *events(chunk(text), chunk("usage")), DONE) == 102


def test_a_stream_with_usage_at_its_end() -> None:
    """OpenAI's `stream_options.include_usage`: null until the last chunk."""
    usage = {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}
    stream = [*events(chunk("a", None), chunk("b", None), chunk("", None), {"choices": [], "usage": usage}), DONE]
    assert read(CHAT, STREAM, *stream) == 9
    assert read(CHAT, STREAM, b"".join(stream)) == 9


def test_a_stream_that_tells_its_usage_as_it_grows_may_end_anywhere() -> None:
    stream = events(*(chunk("a", {"prompt_tokens": 7, "completion_tokens": n}) for n in range(1, 6)))
    assert read(CHAT, STREAM, *stream) == 12
    assert read(CHAT, STREAM, *stream[:3]) == 10


def test_a_stream_without_usage_is_counted_and_its_prompt_guessed() -> None:
    stream = events(*(chunk(text) for text in "abcde"))
    assert read(CHAT, STREAM, *stream, DONE, size=400) == 105
    assert read(CHAT, STREAM, b"".join([*stream, DONE]), size=400) == 105
    assert read(CHAT, STREAM, *(piece.replace(b"data: ", b"data:").replace(b"\n", b"\r\n") for piece in stream)) == 105


def test_a_stream_that_ends_early_counts_as_far_as_it_came() -> None:
    assert read(CHAT, STREAM, *events(chunk("a"), chunk("b"))) == 102
    assert read(CHAT, STREAM) == 100


ANTHROPIC = typed(
    {"type": "message_start", "message": {"content": [], "usage": {"input_tokens": 25, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0},
    *({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": t}} for t in "abcdef"),
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}},
    {"type": "message_stop"},
)


def test_an_anthropic_stream_tells_its_prompt_first_and_its_output_last() -> None:
    assert read(MESSAGES, STREAM, *ANTHROPIC) == 40
    assert read(MESSAGES, STREAM, b"".join(ANTHROPIC)) == 40


def test_an_anthropic_stream_that_breaks_is_its_prompt_and_the_output_so_far() -> None:
    assert read(MESSAGES, STREAM, *ANTHROPIC[:5]) == 25 + 1 + 3
    assert read(MESSAGES, STREAM, *ANTHROPIC[:1]) == 25 + 1


def test_the_output_alone_is_added_to_the_guessed_prompt() -> None:
    assert read(MESSAGES, STREAM, *ANTHROPIC[-2:], size=400) == 115


def test_a_responses_stream_says_it_in_its_last_event() -> None:
    usage = {"input_tokens": 11, "output_tokens": 6, "total_tokens": 17}
    stream = typed(
        {"type": "response.created", "response": {"usage": None, "tools": [{"parameters": {"usage": {}}}]}},
        *({"type": "response.output_text.delta", "delta": text} for text in "abc"),
        {"type": "response.output_text.done", "text": "abc"},
        {"type": "response.completed", "response": {"output": ["x" * 100_000], "usage": usage, "user": None}},
    )
    assert read(RESPONSES, STREAM, *stream) == 17
    assert read(RESPONSES, STREAM, *stream[:-1], size=400) == 103


@pytest.mark.parametrize("coding", ["gzip", "br", "x"])
def test_a_compressed_reply_tells_nothing(coding: str) -> None:
    usage = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
    for kind in (JSON, STREAM):
        assert read(CHAT, (*kind, ("content-encoding", coding)), usage) is None
    assert read(CHAT, (*JSON, ("content-encoding", "identity")), usage) == 2


@pytest.mark.parametrize("kind", ["audio/mpeg", "text/plain", "", "application/json-seq"])
def test_what_is_neither_json_nor_a_stream_is_not_read(kind: str) -> None:
    usage = json.dumps({"usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
    assert read(CHAT, (("content-type", kind),), usage) is None


def test_before_the_head_nothing_is_known() -> None:
    assert TokenMeter(BY_PATH[CHAT], 400).tokens is None


def test_a_recording_is_no_prompt() -> None:
    stream = typed({"type": "transcript.text.delta", "delta": "a"}, {"type": "transcript.text.done", "text": "a"})
    assert read("/v1/audio/transcriptions", STREAM, *stream, size=4_000_000) == 2
