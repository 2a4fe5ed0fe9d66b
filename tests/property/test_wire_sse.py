"""After whatever has been sent of a stream, an error event can follow, and ends are seen however they arrive."""

from __future__ import annotations

import re
from itertools import chain, pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from llmlb.wire.endpoints import Family
from llmlb.wire.envelope import error_event
from llmlb.wire.sse import StreamEnd

ERROR = {"message": "失敗", "type": "server_error", "code": "node_failed"}
ENDS = {
    Family.OPENAI: ["data: [DONE]", "data:[DONE]"],
    Family.ANTHROPIC: ["event: message_stop"],
    Family.RESPONSES: ["event: response.completed", "event:response.failed", "event: response.incomplete"],
}

families = st.sampled_from(Family)
breaks = st.sampled_from(["\n", "\r\n", "\r"])
lines = st.sampled_from(
    ["", "data: {}", ": comment", "event: ping", "data:", "data: [DONE", 'data: "語"', *chain(*ENDS.values())]
)
streams = st.lists(st.tuples(lines, breaks)).map(lambda parts: "".join(map("".join, parts)).encode())
places = st.lists(st.integers(0, 10_000), max_size=8)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in at), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


def watched(family: Family, pieces: list[bytes]) -> StreamEnd:
    stream = StreamEnd(family)
    for piece in pieces:
        stream.feed(piece)
    return stream


def events(stream: bytes) -> list[list[bytes]]:
    """The events of a stream as the standard has them: lines up to a blank one. The last may be unfinished."""
    found: list[list[bytes]] = [[]]
    for line in re.split(rb"\r\n|\n|\r", stream):
        if line:
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return found


@given(families, streams, st.integers(0, 10_000), places)
@example(Family.OPENAI, b"data: 1\r\n\r\n", 8, [])
@example(Family.OPENAI, b"\n", 1, [])
def test_the_error_event_stands_alone_wherever_the_stream_breaks(
    family: Family, stream: bytes, end: int, at: list[int]
) -> None:
    sent = stream[: end % (len(stream) + 1)]
    closing = watched(family, cut(sent, at)).closing()
    assert not closing.strip(b"\r\n")
    error = error_event(family, **ERROR)
    said = [event for event in events(sent) if event]
    assert events(sent + closing + error) == [*said, *events(error)]


def ends(family: Family, stream: bytes) -> bool:
    """Whether the stream says its end, looked up slowly in the whole of it."""
    last = {line.encode() for line in ENDS[family]}
    if family is Family.OPENAI:
        return any(line in last for line in re.split(rb"\r\n|\n|\r", stream)[:-1])
    at_ends = [match.end() for match in re.finditer(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)", stream)]
    whole = stream[: max(at_ends)] if at_ends else b""
    return any(line in last for line in re.split(rb"\r\n|\n|\r", whole))


@given(families, streams, places)
@example(Family.ANTHROPIC, b"event: message_stop\n\n", [19, 20])
@example(Family.RESPONSES, b"data: 1\n\nevent: response.completed\ndata: 2\n\n", [8, 9, 10, 36, 43])
def test_the_end_is_seen_whatever_the_pieces(family: Family, stream: bytes, at: list[int]) -> None:
    bytewise = [stream[place : place + 1] for place in range(len(stream))]
    assert watched(family, [stream]).finished == ends(family, stream)
    assert watched(family, cut(stream, at)).finished == ends(family, stream)
    assert watched(family, bytewise).finished == ends(family, stream)


@given(families, st.lists(st.binary(max_size=50)))
def test_any_bytes_can_be_closed(family: Family, pieces: list[bytes]) -> None:
    stream = watched(family, pieces)
    sent = b"".join(pieces)
    assert events(sent + stream.closing() + b"data: end\n\n")[-2:] == [[b"data: end"], []]
