from __future__ import annotations

import pytest

from llmlb.wire.endpoints import Family
from llmlb.wire.sse import StreamEnd


def watched(family: Family, *pieces: bytes) -> StreamEnd:
    stream = StreamEnd(family)
    for piece in pieces:
        stream.feed(piece)
    return stream


@pytest.mark.parametrize(
    ("sent", "closing"),
    [
        (b"", b""),
        (b"data: 1\n\n", b""),
        (b"data: 1\r\n\r\n", b""),
        (b"data: 1\r\r", b"\n"),
        (b"data: 1\r\n\r", b"\n"),
        (b"data: 1\n", b"\n"),
        (b"data: 1\r\n", b"\r\n"),
        (b"data: 1\r", b"\n\r\n"),
        (b"data: 1", b"\n\n"),
        (b'data: {"a', b"\n\n"),
        (b":", b"\n\n"),
    ],
)
def test_what_was_begun_is_finished(sent: bytes, closing: bytes) -> None:
    assert watched(Family.OPENAI, sent).closing() == closing


@pytest.mark.parametrize(
    ("family", "end"),
    [
        (Family.OPENAI, b"data: [DONE]\n"),
        (Family.OPENAI, b"data:[DONE]\r\n"),
        (Family.ANTHROPIC, b'event: message_stop\ndata: {"type": "message_stop"}\n\n'),
        (Family.ANTHROPIC, b'event:message_stop\r\ndata: {"type": "message_stop"}\r\n\r\n'),
        (Family.RESPONSES, b'event: response.completed\ndata: {"response": "' + b"x" * 100_000 + b'"}\n\n'),
        (Family.RESPONSES, b"event: response.failed\ndata: {}\n\n"),
        (Family.RESPONSES, b"event: response.incomplete\rdata: {}\r\r"),
    ],
)
@pytest.mark.parametrize("before", [b"", b"data: 1\n\n", b": comment\n"])
def test_a_stream_says_its_own_end(family: Family, end: bytes, before: bytes) -> None:
    assert watched(family, before + end).finished
    unfinished = end[:-2] if end.endswith(b"\r\n") else end[:-1]
    assert not watched(family, before + unfinished).finished


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize(
    "sent",
    [
        b'data: {"text": "data: [DONE]\\n event: message_stop\\n event: response.completed\\n"}\n\n',
        b"data: [DONE] or not\n\n",
        b": data: [DONE]\n\n",
        b"event: response.completed.not\ndata: 1\n\n",
        b"event: message_stopped\ndata: 1\n\n",
        b'data: {"type":"message_stop"}\n\n',
        b'data: {"type":"response.completed"}\n\n',
    ],
)
def test_what_only_looks_like_an_end_is_none(family: Family, sent: bytes) -> None:
    assert not watched(family, sent).finished


def test_the_end_of_another_family_is_none() -> None:
    assert not watched(Family.ANTHROPIC, b"data: [DONE]\n\n").finished
    assert not watched(Family.OPENAI, b"event: message_stop\ndata: {}\n\n").finished


def test_the_blank_line_before_the_last_event_does_not_end_it() -> None:
    assert not watched(Family.ANTHROPIC, b"data: 1\n\nevent: message_stop\n", b"data: ", b"{}").finished


def test_an_end_stays_an_end() -> None:
    stream = watched(Family.OPENAI, b"data: [DONE]\n\n", b": goodbye\n\n", b"x" * 100)
    assert stream.finished
    assert stream.closing() == b"\n\n"


def test_nothing_is_kept_of_a_long_line() -> None:
    stream = watched(Family.RESPONSES, *[b"x" * 100_000] * 3)
    assert len(stream._tail) < 100
