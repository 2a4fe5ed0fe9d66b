"""Tokens are the same however the bytes of a reply are cut, and no bytes do any harm."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from llmlb.wire.endpoints import ENDPOINTS, Endpoint, Family
from llmlb.wire.usage import TokenMeter

endpoints = st.sampled_from(ENDPOINTS)
kinds = st.sampled_from(["text/event-stream", "application/json"])
fragments = st.sampled_from(
    [
        b'"usage"', b'"usage":{', b'"usage" : {', b'"usage":null', b'{"usage":{"usage":{',
        b'"prompt_tokens":3', b'"completion_tokens":4', b'"input_tokens":5', b'"output_tokens":6', b'"total_tokens":9',
        b"\ndata: {", b"\ndata:{", b"\r\n", b"\n\n", b'"delta":', b"data: [DONE]\n\n",
        b",", b":", b"{", b"}", b'"', b"\\", b"\xff", b" ", b"[" * 3000,
    ]
)  # fmt: skip
bodies = st.lists(st.one_of(fragments, st.binary(max_size=20))).map(b"".join)
places = st.lists(st.integers(0, 100_000), max_size=12)


def read(endpoint: Endpoint, kind: str, pieces: list[bytes], size: int = 40) -> TokenMeter:
    meter = TokenMeter(endpoint, size)
    meter.begin([("content-type", kind)])
    for piece in pieces:
        meter.feed(piece)
    return meter


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@given(endpoints, kinds, bodies, places)
@example(ENDPOINTS[0], "application/json", b'{"usage":{"prompt_tokens":1,"completion_tokens":2}}', [4, 9, 10, 30])
@example(
    ENDPOINTS[4], "text/event-stream", b'{"usage":{"usage":{"input_tokens":1}}}' + b" " * 5000 + b'"usage":{}', [13]
)
def test_any_bytes_in_any_pieces_tell_the_same(endpoint: Endpoint, kind: str, body: bytes, at: list[int]) -> None:
    whole = read(endpoint, kind, [body]).tokens
    assert whole is None or whole >= 0
    assert read(endpoint, kind, cut(body, at)).tokens == whole
    assert read(endpoint, kind, [body[place : place + 1] for place in range(len(body))]).tokens == whole


@given(endpoints, kinds, st.lists(st.one_of(fragments, st.binary(max_size=2000))))
def test_what_it_keeps_does_not_grow(endpoint: Endpoint, kind: str, pieces: list[bytes]) -> None:
    meter = read(endpoint, kind, pieces)
    assert len(meter._tail) + len(meter._first) + len(meter._last) <= 2 * 4096 + 32


numbers = st.integers(0, 10**6)


@given(
    st.lists(st.text(max_size=30), max_size=20),
    st.one_of(st.none(), st.tuples(numbers, numbers)),
    st.booleans(),
    places,
)
def test_a_chat_stream_costs_what_its_usage_says_or_a_token_a_chunk(
    texts: list[str], usage: tuple[int, int] | None, escaped: bool, at: list[int]
) -> None:
    """Whatever the model says in it, quoted events and usage included."""
    chunks: list[dict[str, Any]] = [
        {"choices": [{"delta": {"content": text + '"usage":{"total_tokens":7}\ndata: {'}}]} for text in texts
    ]
    if usage is not None:
        chunks.append({"choices": [], "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}})
    written = [json.dumps(chunk, ensure_ascii=escaped) for chunk in chunks]
    stream = "".join(f"data: {chunk}\n\n" for chunk in [*written, "[DONE]"]).encode()
    expected = 10 + len(texts) if usage is None else sum(usage)
    assert ENDPOINTS[0].family is Family.OPENAI
    assert read(ENDPOINTS[0], "text/event-stream", cut(stream, at)).tokens == expected
