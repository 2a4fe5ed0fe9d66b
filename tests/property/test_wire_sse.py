"""After whatever has been sent of a stream, an error event can follow, and ends are seen however they arrive."""

from __future__ import annotations

import json
import re
from itertools import chain, pairwise
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from llmlb.wire.endpoints import Family
from llmlb.wire.envelope import error_data, error_event
from llmlb.wire.sse import StreamEnd

ERROR: Any = {"message": "失敗", "type": "server_error", "code": "node_failed"}
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
@example(Family.OPENAI, b"data: {}\r", 9, [])
def test_the_error_event_comes_last_wherever_the_stream_breaks(
    family: Family, stream: bytes, end: int, at: list[int]
) -> None:
    sent = stream[: end % (len(stream) + 1)]
    error = error_data(family, **ERROR)
    closing = watched(family, cut(sent, at)).closing(error)
    found = events(sent + closing + error_event(family, error))
    assert data(found[-2]) == error
    assert found[-1] == []
    before = events(sent + b"x")[:-1]  # those that were over
    assert found[: len(before)] == before


json_values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    families,
    st.dictionaries(st.text(), json_values, max_size=4),
    st.sampled_from([None, "e"]),
    st.booleans(),
    st.integers(0, 10_000),
    places,
)
def test_an_event_that_breaks_off_becomes_the_error(
    family: Family, sent: dict[str, object], name: str | None, escaped: bool, end: int, at: list[int]
) -> None:
    """As the SDKs see it: every event is JSON, and the first that is none of the node's is an error."""
    written = json.dumps(sent, ensure_ascii=escaped).encode()
    event = (f"event: {name}\n" if name else "").encode() + b"data: " + written
    begun = event[: end % len(event)]
    error = error_data(family, **ERROR)
    closing = watched(family, [b"data: {}\n\n", *cut(begun, at)]).closing(error)
    _, *more, nothing = events(b"data: {}\n\n" + begun + closing + error_event(family, error))
    assert nothing == []
    for one in more:
        (one[-1] + b"\n").decode()  # no half a character
        read = json.loads(data(one))
        assert {member: read[member] for member in json.loads(error)} == json.loads(error)
        assert (b"event: error" in one) == (family is not Family.OPENAI)
    assert data(more[-1]) == error


def data(event: list[bytes]) -> bytes:
    """What the lines of data of an event say."""
    return b"\n".join(line[5:].removeprefix(b" ") for line in event if line.startswith(b"data:"))


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
    last, nothing = events(sent + stream.closing(b'{"error": 1}') + b"data: end\n\n")[-2:]
    assert last[-1] == b"data: end"
    assert nothing == []
