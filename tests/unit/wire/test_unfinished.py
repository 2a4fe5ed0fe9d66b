from __future__ import annotations

import json

import pytest

from llmlb.wire.unfinished import closing

ERROR = b'{"error":{"message":"m"}}'
EVENT = (
    'data: {"id":"語\\u3042\\ud83d\\ude00😀é","a":[1,-2.5e+3,true,false,null,{"k":[]}],"s":"a\\"b\\\\",'
    '"choices":[{"delta":{"content":"text"}}],"n":12}'
).encode()


@pytest.mark.parametrize("named", [False, True])
def test_wherever_an_event_breaks_off_it_becomes_the_error_and_can_be_read(named: bool) -> None:
    for end in range(len("data"), len(EVENT)):
        lines = (EVENT[:end] + closing(EVENT[:end], ERROR, named=named)).decode().split("\n")
        assert lines[1:] == ["event: error", "", ""] if named else ["", ""]
        assert json.loads(lines[0].removeprefix("data:"))["error"] == {"message": "m"}, lines[0]


def test_a_whole_event_is_left_as_it_is() -> None:
    assert closing(EVENT, ERROR, named=True) == b"\n\n"
    assert closing(EVENT + b"\n", ERROR, named=True) == b"\n"
    assert closing(EVENT + b"\r", ERROR, named=True) == b"\n\n"


@pytest.mark.parametrize(
    "begun", [b'{"a":', b'{"a":\ndata: 1', b'{"a":\ndata: 1\n', b'{"a":\ndata: 1\nid: 1', b"{\ndata"]
)
def test_data_of_several_lines_is_one_text(begun: bytes) -> None:
    whole = b"data: " + begun + closing(b"data: " + begun, ERROR, named=False)
    assert whole.endswith(b"\n\n")
    data = [line.removeprefix(b"data: ") for line in whole.split(b"\n") if line.startswith(b"data")]
    assert json.loads(b"\n".join(data))["error"] == {"message": "m"}


@pytest.mark.parametrize("begun", [b"[DON", b"[1", b"text", b'"a', b"{]", b"}{", b'{"a\tb', b'{"a" "b', b"{" * 100_000])
def test_what_is_no_object_is_only_ended(begun: bytes) -> None:
    assert closing(b"data: " + begun, ERROR, named=True) == b"\n\n"


def test_the_name_of_an_event_without_data_is_taken_back() -> None:
    assert closing(b"event: ping", ERROR, named=False) == b"\nevent:\n"
    assert closing(b"event: ping\nid: 1\n", ERROR, named=False) == b"event:\n"
