"""A request that is read at once is read as aiohttp would read it, and as h11 would: to the last byte."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import attrs
import h11
import pytest
from aiohttp import HttpVersion11
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_parser import HttpRequestParser
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from llmlb.web.asked import PLAIN_REQUEST, Asked, asked_plainly
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.plain import Recall
from tests.property.test_request_fuzz import mutated, requests

OFTEN = settings(max_examples=4 * settings().max_examples)
NEXT = b"GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
"""What follows a request shows where that has ended."""


@attrs.frozen
class Read:
    """What a request says. Its query says nothing to us."""

    path: str
    headers: list[tuple[str, str]]
    body: bytes


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        yield runner.get_loop()


def plainly(reader: Recall[Asked], data: bytes) -> tuple[Read, int, int] | None:
    """What is read at once, and where its body begins and ends."""
    found = reader.read(data)
    if found is None:
        return None
    asked, start, size = found
    assert asked.http11
    assert asked.keep
    read = Read(asked.endpoint.path, [*asked._fields], data[start : start + size])
    assert {name: asked.headers[name] for name, _ in read.headers} == dict(reversed(read.headers))
    return read, start, start + size


def by_aiohttp(loop: asyncio.AbstractEventLoop, data: bytes) -> Read:
    """The only request in there. Fails if it is none, is not whole, or is one that asks for anything special."""
    parser = HttpRequestParser(
        BaseProtocol(loop), loop, 2**16, max_line_size=8190, max_field_size=8190, max_headers=128, auto_decompress=False
    )
    messages, upgraded, _ = parser.feed_data(data + NEXT)
    assert not upgraded
    (first, body), (second, _) = messages
    assert second.path == "/next"
    assert (first.method, first.version) == ("POST", HttpVersion11)
    assert (first.should_close, first.upgrade, first.chunked) == (False, False, False)
    assert "Expect" not in first.headers
    assert body.is_eof()
    headers = [(name.lower(), value) for name, value in first.headers.items() if name.lower() != "content-length"]
    return Read(first.path.partition("?")[0], headers, b"" if body.at_eof() else body.read_nowait())


def by_h11(data: bytes) -> Read:
    """The same for h11."""
    reader = h11.Connection(h11.SERVER)
    reader.receive_data(data + NEXT)
    first = reader.next_event()
    assert isinstance(first, h11.Request)
    assert (first.method, first.http_version) == (b"POST", b"1.1")
    body = b""
    while isinstance(part := reader.next_event(), h11.Data):
        body += part.data
    assert isinstance(part, h11.EndOfMessage)
    assert reader.trailing_data == (NEXT, False)
    assert reader.their_state is h11.DONE, "it may be kept"
    headers = [(name.decode(), value.decode()) for name, value in first.headers if name != b"content-length"]
    return Read(first.target.decode().partition("?")[0], headers, body)


names = st.sampled_from([
    "Accept", "Accept", "Accept-Language", "Connection", "Content-Encoding", "Content-Type", "Cookie", "Keep-Alive",
    "ETag", "Max-Forwards", "Origin", "OpenAI-X", "Range", "Server", "User-Agent", "X-Api-Key", "X-Request-Id", "host",
    "Host", "authorization", "Authorization", "Content-Location", "Content-Range", "Sec-WebSocket-Key1", "TE",
    "Expect", "a'b",
])  # fmt: skip
values = st.sampled_from(
    ["", "x", "keep-alive", "Keep-Alive", "close", "a, b", '"a\\"b"', "a:b", "a\tb c", "100-continue"]
)
values |= st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
blanks = st.sampled_from([" ", " ", "", "\t", "  ", " \t "])
lines = st.builds("{}:{}{}{}\r\n".format, names, blanks, values, blanks)
forms = st.sampled_from(["{}"] * 9 + ["0{}", "+{}", "{0}, {0}", "{}.0", "0x{}", "1{}"])
queries = st.just("") | st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=10).map("?{}".format)
lengths = st.builds(
    "{}:{}{}{}\r\n".format, st.sampled_from(["Content-Length", "content-length"]), blanks, forms, blanks
)


@st.composite
def nearly_plain(draw: st.DrawFn) -> bytes:
    """A request for the queue with nothing special about it, or hardly anything."""
    body = draw(st.binary(max_size=20) | st.just(b'{"model":"m"}'))
    path = draw(st.sampled_from([endpoint.path for endpoint in ENDPOINTS]))
    head = draw(st.lists(lines, max_size=5))
    head.insert(draw(st.integers(0, len(head))), "Host: x\r\n")
    head.insert(draw(st.integers(0, len(head))), draw(lengths).format(len(body)))
    return f"POST {path}{draw(queries)} HTTP/1.1\r\n{''.join(head)}\r\n".encode() + body


dirt = st.sampled_from([
    b"", b"\0", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b"\xff", b"\x7f", b"\r\n ", b"/", b"0", b"\r\n\r\n",
    b"Host: y\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n", b"Connection: close\r\n", b"\x0b", b"\r\r\n", b",",
])  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Such a request, with some bytes replaced, left out or added."""
    data = bytearray(draw(nearly_plain()))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(data)))
        data[at : at + draw(st.integers(0, 2))] = draw(dirt)
    return bytes(data)


any_request = nearly_plain() | nearly_plain() | damaged() | requests() | mutated()


@OFTEN
@given(any_request)
@example(b"POST /v1/embeddings HTTP/1.1\r\nHost: x\r\nContent-Length: 007\r\n\r\n{      ")
@example(b"POST /v1/embeddings HTTP/1.1\r\nHost:\r\nContent-Length:3\t\r\nX:\t\r\n\r\nabcdef")
def test_who_reads_it_makes_no_difference(loop: asyncio.AbstractEventLoop, data: bytes) -> None:
    found = plainly(Recall(PLAIN_REQUEST, asked_plainly), data)
    event("read at once" if found else "left to aiohttp")
    if found is None:
        return
    read, start, end = found
    whole = data[:end].ljust(min(end, start + 1000), b"y")
    if len(whole) == end:
        read = attrs.evolve(read, body=whole[start:])
        assert by_aiohttp(loop, whole) == read
        assert by_h11(whole) == read


@OFTEN
@given(st.lists(any_request, min_size=1, max_size=4), st.lists(st.integers(0, 3), min_size=1, max_size=8))
def test_what_is_remembered_changes_nothing(some: list[bytes], order: list[int]) -> None:
    reader = Recall(PLAIN_REQUEST, asked_plainly)
    for number in order:
        data = some[number % len(some)]
        assert plainly(reader, data) == plainly(Recall(PLAIN_REQUEST, asked_plainly), data)


@OFTEN
@given(nearly_plain(), st.integers(0, 400), st.integers(0, 3), dirt, st.binary(max_size=3))
def test_nor_when_only_a_few_bytes_are_others(data: bytes, at: int, away: int, put: bytes, behind: bytes) -> None:
    at %= len(data) + 1
    other = data[:at] + put + data[at + away :] + behind
    reader = Recall(PLAIN_REQUEST, asked_plainly)
    for one in (data, other, data, data[:at]):
        assert plainly(reader, one) == plainly(Recall(PLAIN_REQUEST, asked_plainly), one)


def test_the_examples_are_read_at_once_often_enough() -> None:
    """Where nothing is accepted, nothing is compared."""
    read = 0

    @settings(max_examples=100, database=None, derandomize=True)
    @given(any_request)
    def count(data: bytes) -> None:
        nonlocal read
        read += Recall(PLAIN_REQUEST, asked_plainly).read(data) is not None

    count()
    assert read >= 10
