from __future__ import annotations

import asyncio
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.speed.framing import BadFraming, Chunks, Messages

CONTENTS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
CUTS = st.lists(st.integers(1, 30), max_size=40)


def chunked(parts: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """In pieces of these sizes, and the rest."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [piece for piece in [*pieces, data] if piece]


class Seen(Messages):
    """Takes down whole messages."""

    def __init__(self) -> None:
        super().__init__()
        self.whole: list[tuple[bytes, bytes]] = []
        self._head, self._body = b"", b""

    def head(self, head: bytes) -> None:
        self._head, self._body = head, b""

    def body(self, data: bytes) -> None:
        self._body += data

    def over(self) -> None:
        self.whole.append((self._head, self._body))


def seen(pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    reader = Seen()
    reader.connection_made(Mock(asyncio.Transport))
    for piece in pieces:
        reader.data_received(piece)
    return reader.whole


@given(CONTENTS, CUTS, st.binary(max_size=10))
def test_a_chunked_body_is_the_same_however_it_is_cut(parts: list[bytes], sizes: list[int], rest: bytes) -> None:
    chunks = Chunks()
    got, pieces = b"", cut(chunked(parts), sizes)
    for number, piece in enumerate(pieces):
        assert not chunks.over
        got += chunks.feed(piece + (rest if number == len(pieces) - 1 else b""))
    assert (got, chunks.over, chunks.rest) == (b"".join(parts), True, rest)


@given(st.lists(st.tuples(st.booleans(), CONTENTS), min_size=1, max_size=4), CUTS)
def test_messages_are_the_same_however_they_are_cut(sent: list[tuple[bool, list[bytes]]], sizes: list[int]) -> None:
    wire, heads = b"", []
    for in_chunks, parts in sent:
        body = b"".join(parts)
        length = b"Transfer-Encoding: chunked" if in_chunks else b"Content-Length: %d" % len(body)
        heads.append(b"HTTP/1.1 200 OK\r\n" + length)
        wire += heads[-1] + b"\r\n\r\n" + (chunked(parts) if in_chunks else body)
    bodies = [b"".join(parts) for _, parts in sent]
    assert seen(cut(wire, sizes)) == list(zip(heads, bodies, strict=True))


def test_requests_without_a_length_have_no_body_and_replies_must_have_one() -> None:
    assert seen([b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET "]) == [(b"GET / HTTP/1.1\r\nHost: a", b"")]
    with pytest.raises(BadFraming):
        seen([b"HTTP/1.1 200 OK\r\n\r\nuntil the end"])


def test_a_chunk_whose_size_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="zz"):
        Chunks().feed(b"zz\r\n")
