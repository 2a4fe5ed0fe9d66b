from __future__ import annotations

import pytest

from llmlb.wire.endpoints import Family
from llmlb.wire.sse import StreamEnd


def watched(family: Family, *pieces: bytes) -> StreamEnd:
    stream = StreamEnd(family)
    for piece in pieces:
        stream.feed(piece)
    return stream


ERROR = b'{"error": {"message": "m"}}'


@pytest.mark.parametrize(
    ("sent", "closing"),
    [
        (b"", b""),
        (b"data: 1\n\n", b""),
        (b"data: 1\r\n\r\n", b""),
        (b"data: 1\r\r", b""),
        (b"data: 1\r\n\r", b""),
        (b"data: 1\n", b"\n"),
        (b"data: 1\r\n", b"\n"),
        (b"data: 1\r", b"\n\n"),
        (b"data: 1", b"\n\n"),
        (b"data: [DON", b"\n\n"),
        (b":", b"\n"),
        (b"da", b"\n"),
        (b"event: x", b"\nevent:\n"),
        (b"data", b": " + ERROR + b"\n\n"),
        (b"data: ", ERROR + b"\n\n"),
        (b'data: {"a', b'":null,' + ERROR[1:] + b"\n\n"),
        (b'data: {"a": 1', b"," + ERROR[1:] + b"\n\n"),
    ],
)
def test_what_was_begun_is_finished(sent: bytes, closing: bytes) -> None:
    assert watched(Family.OPENAI, b"data: 0\n\n" + sent).closing(ERROR) == closing
    assert watched(Family.OPENAI, sent).closing(ERROR) == closing


@pytest.mark.parametrize("pieces", [[b'data: {"a": [1'], [b"data", b': {"a"', b": [", b"1"]])
def test_what_was_begun_is_finished_however_it_came(pieces: list[bytes]) -> None:
    stream = watched(Family.RESPONSES, b"data: {}\r\n\r\n", *pieces)
    assert stream.closing(ERROR) == b"]," + ERROR[1:] + b"\nevent: error\n\n"


def test_an_event_too_long_to_keep_is_only_ended() -> None:
    stream = watched(Family.OPENAI, b'data: {"a": "', *[b"x" * 100_000] * 3)
    assert stream.closing(ERROR) == b"\n\n"
    stream.feed(b'"}\n')
    assert stream.closing(ERROR) == b"\n"
    stream.feed(b"\ndata: {")
    assert stream.closing(ERROR) == ERROR[1:] + b"\n\n"


def test_the_number_of_the_next_event_goes_on_from_the_last() -> None:
    stream = watched(Family.RESPONSES)
    assert stream.next_number == 0
    for piece in (b'data: {"sequence_number":9}\n\ndata: {"sequence_number": 1', b"0", b"}\n\n", b"data: {}\n\n"):
        stream.feed(piece)
    assert stream.next_number == 11


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
    assert stream.closing(ERROR) == b"\n"


def test_nothing_is_kept_of_a_long_line() -> None:
    stream = watched(Family.RESPONSES, *[b"x" * 100_000] * 3)
    assert len(stream._tail) < 100
    assert stream._event == []
