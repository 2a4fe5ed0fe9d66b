"""A reply reads the same however its bytes arrive, and no bytes do more than make it a bad one."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from hypothesis import example, given
from hypothesis import strategies as st

from llmlb.wire.http1 import BadReply, ReplyHead, ReplyParser

tokens = st.text("abcXYZ019-_", min_size=1, max_size=8).map(lambda name: f"x-{name}")
texts = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
FRAMING = ("length", "chunked", "close")


class Seen(NamedTuple):
    head: ReplyHead | None
    body: bytes
    complete: bool
    reusable: bool
    bad: bool
    ended_by_close: bool


def seen(pieces: list[bytes]) -> Seen:
    parser, body, bad = ReplyParser(), b"", False
    for piece in pieces:
        try:
            parser.feed(piece)
        except BadReply:
            bad = True
        has_body, taken = parser.has_body, parser.take_body()
        assert has_body == bool(taken)
        body += taken
        assert not (parser.reusable and not parser.complete)
    complete, reusable = parser.complete, parser.reusable
    return Seen(parser.head, body, complete, reusable, bad, parser.eof())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@st.composite
def replies(draw: st.DrawFn) -> tuple[bytes, ReplyHead, bytes, str]:
    """A good reply, and what it says: its head, its body, and how its end is told."""
    framing = draw(st.sampled_from(FRAMING))
    status = draw(st.sampled_from([200, 201, 400, 404, 429, 500, 503]))
    headers = [(name.lower(), value) for name, value in draw(st.lists(st.tuples(tokens, texts), max_size=4))]
    chunks = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    body = b"".join(chunks)
    wire = body
    if framing == "length":
        headers.append(("content-length", str(len(body))))
    elif framing == "chunked":
        headers.append(("transfer-encoding", "chunked"))
        extension = draw(st.sampled_from([b"", b";a", b';a="b"']))
        trailer = draw(st.sampled_from([b"", b"x-trailer: 1\r\n"]))
        wire = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks)
        wire += b"0\r\n" + trailer + b"\r\n"
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 X\r\nLink: a\r\n\r\n"]))
    lines = "".join(f"{name}:{draw(st.sampled_from([' ', '']))}{value}\r\n" for name, value in headers)
    head = f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode()
    return interim + head + wire, ReplyHead(status, tuple(headers)), body, framing


places = st.lists(st.integers(0, 10_000), max_size=8)


@given(replies(), places)
def test_a_good_reply_is_read_whatever_its_pieces(reply: tuple[bytes, ReplyHead, bytes, str], at: list[int]) -> None:
    wire, head, body, framing = reply
    told = framing != "close"
    assert seen(cut(wire, at)) == Seen(head, body, told, told, False, True)


@given(replies(), places)
def test_a_reply_cut_short_is_not_complete(reply: tuple[bytes, ReplyHead, bytes, str], at: list[int]) -> None:
    wire, _, body, framing = reply
    result = seen(cut(wire[:-1], at))
    assert not result.complete
    assert result.body == body or body.startswith(result.body)
    if framing != "close":
        assert not result.ended_by_close


damage = st.sampled_from([b"", b"\r\n", b"\r", b"\n", b"\0", b"HTTP/1.1 200 OK\r\n", b"Content-Length: 3\r\n", b"ffff"])


@given(replies() | st.tuples(st.binary(max_size=200)), st.integers(0, 10_000), damage | st.binary(max_size=4), places)
@example((b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",), 38, b"\r\nHTTP", [40])
@example((b"HTTP/1.1 204 X\r\n\r\n",), 18, b"x", [17, 18])
def test_damaged_bytes_are_read_alike_whatever_their_pieces(
    reply: tuple[bytes, ...], place: int, damaged: bytes, at: list[int]
) -> None:
    wire = reply[0]
    place %= len(wire) + 1
    wire = wire[:place] + damaged + wire[place:]
    whole = seen([wire])
    assert seen(cut(wire, at)) == whole
    assert seen([wire[place : place + 1] for place in range(len(wire))]) == whole


@given(st.lists(st.binary(max_size=50)))
def test_garbage_is_never_more_than_a_bad_reply(pieces: list[bytes]) -> None:
    seen(pieces)
