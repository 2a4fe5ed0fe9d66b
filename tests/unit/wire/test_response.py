"""Heads of responses: what frames the body, and what is said of the connection, for every kind of client."""

from __future__ import annotations

import pytest

from llmlb.wire.response import CHUNK, LAST_CHUNK, has_body, response_head

BLOCK = b"X-One: 1\r\n"


def head(
    status: int = 200, *, length: int | None = 5, http11: bool = True, keep: bool = True, block: bytes = BLOCK
) -> list[bytes]:
    lines = response_head(status, block, length=length, http11=http11, keep=keep).split(b"\r\n")
    assert lines[-2:] == [b"", b""]
    return lines[:-2]


def test_the_common_one() -> None:
    assert head() == [b"HTTP/1.1 200 OK", b"X-One: 1", b"Content-Length: 5"]


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("http11", [True, False])
@pytest.mark.parametrize("length", [0, 5, None])
def test_the_body_is_framed_in_one_way(length: int | None, http11: bool, keep: bool) -> None:
    lines = head(length=length, http11=http11, keep=keep)
    framing = [line for line in lines if line.startswith((b"Content-Length", b"Transfer-Encoding"))]
    if length is not None:
        assert framing == [b"Content-Length: %d" % length]
    else:
        assert framing == ([b"Transfer-Encoding: chunked"] if http11 else [])


@pytest.mark.parametrize(
    ("http11", "keep", "said"),
    [
        (True, True, []),
        (True, False, [b"Connection: close"]),
        (False, True, [b"Connection: keep-alive"]),
        (False, False, []),
    ],
)
def test_only_what_is_not_taken_for_granted_is_said_of_the_connection(
    http11: bool, keep: bool, said: list[bytes]
) -> None:
    assert [line for line in head(http11=http11, keep=keep) if line.startswith(b"Connection")] == said


@pytest.mark.parametrize("status", [100, 103, 204, 304])
@pytest.mark.parametrize("length", [0, 5, None])
def test_where_there_is_no_body_nothing_frames_it(status: int, length: int | None) -> None:
    """A client would wait for it, or take what follows for it."""
    assert not has_body(status)
    assert head(status, length=length)[1:] == [b"X-One: 1"]


@pytest.mark.parametrize("status", [200, 201, 205, 299, 301, 303, 400, 429, 500, 599])
def test_any_other_has_one(status: int) -> None:
    assert has_body(status)
    assert b"Content-Length: 0" in head(status, length=0)


@pytest.mark.parametrize(
    ("status", "line"),
    [(429, b"HTTP/1.1 429 Too Many Requests"), (299, b"HTTP/1.1 299 "), (599, b"HTTP/1.1 599 ")],
)
def test_a_status_without_a_name_still_has_its_blank(status: int, line: bytes) -> None:
    assert head(status)[0] == line


def test_no_headers_of_its_own_are_none() -> None:
    assert head(block=b"") == [b"HTTP/1.1 200 OK", b"Content-Length: 5"]


@pytest.mark.parametrize("size", [1, 9, 10, 15, 16, 255, 256, 70_000])
def test_the_length_of_a_chunk_is_told_in_hexadecimal_digits(size: int) -> None:
    data = b"\r" * size
    length, _, rest = (CHUNK % (b"before", size, data)).removeprefix(b"before").partition(b"\r\n")
    assert int(length, 16) == size
    assert rest == data + b"\r\n"
    assert int(LAST_CHUNK.partition(b"\r\n")[0], 16) == 0
