"""Heads that are read at once: each rule of what is plain, and what a remembered one may and may not stand for."""

from __future__ import annotations

import re
import time

import pytest

from llmlb.wire import plain
from llmlb.wire.plain import MAX_HEAD, MOST_FIELDS, Fields, Recall

FIRST = re.compile(rb"GO ([a-z]+)\r\n")
NAMES_OF_FRAMING = [
    "Transfer-Encoding", "Expect", "Upgrade", "TE", "Trailer", "Proxy-Connection", "HTTP2-Settings",
    "Sec-WebSocket-Key1",
]  # fmt: skip
NAMES_OF_ONE = [
    "Host", "Authorization", "X-Api-Key", "Content-Type", "Content-Encoding", "Content-Length", "User-Agent", "Server",
    "ETag", "Max-Forwards", "Content-Range", "Content-Location",
]  # fmt: skip


class Head:
    """What was made of a head; each is another one."""

    def __init__(self, line: str, fields: Fields) -> None:
        self.line = line
        self.fields = fields


def make(line: re.Match[bytes], fields: Fields) -> Head | None:
    return None if line[1] == b"away" else Head(line[1].decode(), fields)


def recall() -> Recall[Head]:
    return Recall(FIRST, make)


def head(*lines: str, length: str = "Content-Length: 5", line: str = "GO on") -> bytes:
    return "".join(f"{text}\r\n" for text in (line, *lines, length, "")).encode("latin-1")


def test_a_plain_head_is_read_and_what_follows_is_left_alone() -> None:
    data = head("Host: x", "X-One: a, b\tc")
    found = recall().read(data + b"hello and more")
    assert found is not None
    read, start, size = found
    assert (read.line, read.fields) == ("on", [("host", "x"), ("x-one", "a, b\tc")])
    assert (start, size) == (len(data), 5)


@pytest.mark.parametrize("text", ["X:a", "X: a", "X:\ta", "x:  a \t ", "X: \t \ta"])
def test_blanks_around_a_value_are_no_part_of_it(text: str) -> None:
    found = recall().read(head(text))
    assert found is not None
    assert found[0].fields == [("x", "a")]


@pytest.mark.parametrize("text", ["X:", "X: ", "X: \t "])
def test_a_value_may_be_empty(text: str) -> None:
    found = recall().read(head(text))
    assert found is not None
    assert found[0].fields == [("x", "")]


@pytest.mark.parametrize(
    "text",
    [
        "X : a", " X: a", "\tX: a", "X a", ": a", "", "X\0: a", "X: a\0", "X: \0", "X: a\x7f", "X: a\x0b", "X: \xe9",
        "X\xe9: a", "X(: a", 'X": a', "X: a\n", "X: a\nY: b", "X: a\rY: b", "X: a\r\n b", "X: a\r\n\tb", "X: a\r",
    ],
)  # fmt: skip
def test_what_could_be_read_in_two_ways_is_not_read_here(text: str) -> None:
    assert recall().read(head("Host: x", text)) is None


@pytest.mark.parametrize("name", NAMES_OF_FRAMING)
def test_what_speaks_of_the_connection_or_of_framing_is_not_read_here(name: str) -> None:
    assert recall().read(head(f"{name}: x")) is None
    assert recall().read(head(f"{name.upper()}:")) is None


@pytest.mark.parametrize("name", NAMES_OF_ONE)
def test_what_may_be_there_once_is_not_read_twice(name: str) -> None:
    value = "5" if name == "Content-Length" else "x"
    once = {"length": f"{name}: {value}"} if name == "Content-Length" else {}
    assert recall().read(head(f"{name}: {value}", f"{name.upper()}: {value}")) is None
    if not once:
        assert recall().read(head(f"{name}: {value}")) is not None


@pytest.mark.parametrize("value", ["keep-alive", "Keep-Alive", "KEEP-ALIVE"])
def test_a_connection_that_is_to_be_kept_is_plain(value: str) -> None:
    assert recall().read(head(f"Connection: {value}")) is not None


@pytest.mark.parametrize("value", ["close", "upgrade", "keep-alive, close", "keep-alive, x", ""])
def test_any_other_word_about_the_connection_is_not(value: str) -> None:
    assert recall().read(head(f"Connection: {value}")) is None
    assert recall().read(head("Connection: keep-alive", f"connection: {value}")) is None


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("5", 5), ("007", 7), ("9" * 12, 10**12 - 1), (" 5 ", 5)])
def test_a_length_is_digits(text: str, size: int) -> None:
    found = recall().read(head(length=f"Content-Length:{text}"))
    assert found is not None
    assert found[2] == size


@pytest.mark.parametrize(
    "text",
    [
        "", "+5", "-5", "5 5", "5,5", "5, 5", "1_0", "0x5", "5.0", "5e1", "\xb2", "\xd9\xa5", "9" * 13, "0" * 13,
    ],
)  # fmt: skip
def test_anything_else_is_not(text: str) -> None:
    reader = recall()
    assert reader.read(head(length=f"Content-Length: {text}")) is None
    assert reader.read(head()) is not None
    assert reader.read(head(length=f"Content-Length: {text}")) is None, "nor after a head that is remembered"


def test_there_must_be_a_length() -> None:
    assert recall().read(head(length="Host: x")) is None


@pytest.mark.parametrize("data", [b"", b"G", b"GO on\r\n", head()[:-1], head()[:-2], head()[:-4]])
def test_a_head_in_pieces_is_not_read_here(data: bytes) -> None:
    assert recall().read(data) is None


@pytest.mark.parametrize("line", ["go on", "GO ON", "GO on ", " GO on", "\r\nGO on", "GO on\n", "STOP"])
def test_the_first_line_must_be_the_one_that_is_asked_for(line: str) -> None:
    assert recall().read(head(line=line)) is None


def test_bare_line_feeds_are_no_line_breaks() -> None:
    assert recall().read(head("Host: x").replace(b"\r\n", b"\n")) is None
    assert recall().read(head("Host: x").replace(b"\r\n\r\n", b"\n\n")) is None


def test_a_head_is_as_long_as_it_may_be_and_no_longer() -> None:
    room = MAX_HEAD - len(head("X: "))
    assert recall().read(head("X: " + "a" * room) + b"hello") is not None
    assert recall().read(head("X: " + "a" * (room + 1)) + b"hello") is None


def test_there_are_as_many_fields_as_there_may_be_and_no_more() -> None:
    assert recall().read(head(*["X: a"] * MOST_FIELDS)) is not None
    assert recall().read(head(*["X: a"] * (MOST_FIELDS + 1))) is None


def test_what_is_not_wanted_after_all_is_not_remembered_either() -> None:
    reader = recall()
    assert reader.read(head(line="GO away")) is None
    assert reader.read(head(line="GO away")) is None


@pytest.mark.parametrize(
    "text", ["X:" + " " * 60_000 + "a\0", "X: a" + " " * 60_000 + "\0", "X: " + "a " * 30_000 + "\0", "x" * 60_000]
)
def test_no_head_takes_long(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as its bytes, not their square: the whole gateway waits meanwhile."""
    monkeypatch.setattr(plain, "MAX_HEAD", 100_000)
    began = time.process_time()
    assert recall().read(head(text)) is None
    assert time.process_time() - began < 1.0


# What is remembered


def test_the_same_head_with_another_length_is_the_same() -> None:
    reader = recall()
    first = reader.read(head("Host: x") + b"hello")
    assert first is not None
    for size in (0, 7, 41, 5, 10**12 - 1, 123):
        data = head("Host: x", length=f"Content-Length: {size}")
        again = reader.read(data + b"y" * 20)
        assert again is not None
        assert again[0] is first[0]
        assert again[1:] == (len(data), size)


def test_what_comes_before_and_after_the_length_counts() -> None:
    reader = recall()
    data = b"GO on\r\nA: 1\r\nContent-Length: 5\r\nB: 2\r\n\r\n"
    known = reader.read(data)
    assert known is not None
    for other in (data.replace(b"A: 1", b"A: 2"), data.replace(b"B: 2", b"B: 3"), data.replace(b"GO on", b"GO up")):
        found = reader.read(other)
        assert found is not None
        assert found[0] is not known[0]
        assert found[0].fields != known[0].fields or found[0].line != known[0].line


def test_another_plain_head_takes_its_place() -> None:
    reader = recall()
    one, other = head("A: 1"), head("A: 2")
    first, second, third = reader.read(one), reader.read(other), reader.read(other)
    assert first is not None
    assert second is not None
    assert third is not None
    assert third[0] is second[0]
    assert second[0] is not first[0]


def test_one_that_is_not_plain_does_not() -> None:
    reader = recall()
    first = reader.read(head())
    assert reader.read(head("TE: x")) is None
    again = reader.read(head())
    assert first is not None
    assert again is not None
    assert again[0] is first[0]


@pytest.mark.parametrize(
    "data",
    [
        b"GO on\r\nContent-Length: \r\nB: 2\r\n\r\n",
        b"GO on\r\nContent-Length: 5",
        b"GO on\r\nContent-Length: 5\r\nB: 2\r\n",
        b"GO on\r\nContent-Length: 5\r\nB: 2\r\nTE: x\r\n\r\n",
        b"GO on\r\nContent-Length: 5\r\n b: 2\r\nB: 2\r\n\r\n",
        b"GO on\r\nContent-Length: 5\r\nContent-Length: 6\r\nB: 2\r\n\r\n",
        b"GO on\r\nContent-Length: 5\nB: 2\r\n\r\n",
        b"GO on\r\nContent-Length: -5\r\nB: 2\r\n\r\n",
        b"GO on\r\nContent-Length: 5\r\r\nB: 2\r\n\r\n",
    ],
)
def test_a_head_that_only_begins_like_it_is_not_taken_for_it(data: bytes) -> None:
    reader = recall()
    assert reader.read(b"GO on\r\nContent-Length: 5\r\nB: 2\r\n\r\n") is not None
    assert reader.read(data) is None


def test_more_bytes_in_the_head_are_read_and_not_overlooked() -> None:
    reader = recall()
    reader.read(b"GO on\r\nContent-Length: 5\r\nB: 2\r\n\r\n")
    found = reader.read(b"GO on\r\nContent-Length: 5\r\nB: 2\r\nC: 3\r\n\r\n")
    assert found is not None
    assert found[0].fields == [("b", "2"), ("c", "3")]
    found = reader.read(b"GO on\r\nContent-Length: 5\r\n\r\n")
    assert found is not None
    assert found[0].fields == []
