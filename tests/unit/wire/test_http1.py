from __future__ import annotations

import gc
import weakref

import pytest

from llmlb.wire.http1 import JOINED, MAX_HEAD, BadReply, ReplyHead, ReplyParser, header_block, request_bytes

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


def parsed(*pieces: bytes) -> ReplyParser:
    parser = ReplyParser()
    for piece in pieces:
        parser.feed(piece)
    return parser


def refusal(*pieces: bytes) -> str:
    with pytest.raises(BadReply) as refused:
        parsed(*pieces)
    return str(refused.value)


def head(*headers: bytes) -> bytes:
    return OK + b"".join(header + b"\r\n" for header in headers) + b"\r\n"


def test_a_reply_with_a_length_ends_with_its_last_byte() -> None:
    parser = parsed(head(b"Content-Type: text/plain", b"Content-Length: 5"), b"he")
    assert parser.head == ReplyHead(200, (("content-type", "text/plain"), ("content-length", "5")))
    assert (parser.take_body(), parser.complete, parser.reusable) == (b"he", False, False)
    parser.feed(b"llo")
    assert (parser.take_body(), parser.complete, parser.reusable) == (b"llo", True, True)


def test_there_is_no_head_before_all_of_it_has_come() -> None:
    parser = parsed(OK + b"Content-Length: 5\r\n\r")
    assert parser.head is None
    parser.feed(b"\n")
    assert parser.head is not None


def test_body_bytes_are_handed_out_once_and_together() -> None:
    parser = parsed(CHUNKED, b"2\r\nhe\r\n3\r\nllo\r\n", b"1\r\n!\r\n")
    assert parser.has_body
    assert parser.take_body() == b"hello!"
    assert not parser.has_body
    assert parser.take_body() == b""


def test_one_piece_of_body_is_handed_out_as_it_is() -> None:
    parser = parsed(head(b"Content-Length: 5"))
    parser.feed(b"hello")
    parts = parser._parts
    piece = parts[0]
    assert parser.take_body() is piece


def test_chunks_may_have_extensions_and_trailers() -> None:
    parser = parsed(CHUNKED + b'5;a=b;c="d"\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n')
    assert (parser.take_body(), parser.complete, parser.reusable) == (b"hello", True, True)
    assert parser.head == ReplyHead(200, (("transfer-encoding", "chunked"),))


@pytest.mark.parametrize("status", [204, 304])
def test_some_replies_have_no_body_whatever_their_head_says(status: int) -> None:
    parser = parsed(b"HTTP/1.1 %d X\r\nContent-Length: 5\r\n\r\n" % status)
    assert (parser.complete, parser.reusable) == (True, True)


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_without_a_body_is_not_ended_by_the_close(status: int) -> None:
    parser = parsed(b"HTTP/1.1 %d X\r\n\r\n" % status)
    assert parser.complete


def test_interim_replies_are_skipped() -> None:
    parser = parsed(
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
    )
    assert parser.head == ReplyHead(201, (("content-length", "0"),))
    assert parser.reusable


def test_an_interim_reply_is_no_reply() -> None:
    parser = parsed(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert (parser.head, parser.complete, parser.eof()) == (None, False, False)


def test_a_reply_without_a_length_is_ended_by_the_close() -> None:
    parser = parsed(head(), b"hello")
    assert (parser.complete, parser.take_body()) == (False, b"hello")
    assert parser.eof()
    assert (parser.complete, parser.reusable) == (True, False)


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        head(b"Content-Length: 5") + b"hell",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"0\r\n",
    ],
)
def test_the_close_ends_no_reply_that_says_where_it_ends(begun: bytes) -> None:
    parser = parsed(begun)
    assert not parser.eof()
    assert not parser.complete


def test_the_close_after_the_end_leaves_the_reply_complete_but_nothing_to_reuse() -> None:
    parser = parsed(head(b"Content-Length: 0"))
    assert parser.eof()
    assert not parser.reusable


@pytest.mark.parametrize(
    ("reply", "kept"),
    [
        (head(b"Content-Length: 0", b"Connection: close"), False),
        (head(b"Content-Length: 0", b"Connection: Keep-Alive, Close"), False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n", False),
        (head(b"Content-Length: 0", b"Upgrade: h2c", b"Connection: upgrade"), True),
    ],
)
def test_a_connection_is_reused_if_the_node_keeps_it(reply: bytes, kept: bool) -> None:
    parser = parsed(reply)
    assert parser.complete
    assert parser.reusable is kept


@pytest.mark.parametrize("stray", [b"x", b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"\r\n\r\nH", b"\x00"])
@pytest.mark.parametrize("connection", [b"keep-alive", b"close"])
@pytest.mark.parametrize("apart", [True, False])
def test_bytes_after_the_end_forbid_reuse_and_are_no_body(stray: bytes, connection: bytes, apart: bool) -> None:
    reply = head(b"Content-Length: 2", b"Connection: " + connection) + b"hi"
    parser = parsed(reply, stray) if apart else parsed(reply + stray)
    assert parser.complete
    assert not parser.reusable
    assert parser.take_body() == b"hi"


@pytest.mark.parametrize("apart", [True, False])
def test_a_line_break_after_the_end_does_not(apart: bool) -> None:
    reply = head(b"Content-Length: 2") + b"hi"
    parser = parsed(reply, b"\r\n") if apart else parsed(reply + b"\r\n")
    assert parser.reusable


@pytest.mark.parametrize(
    "reply",
    [
        b"garbage",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 600 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 20 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz",
        head(b"Content-Length: 1", b"Content-Length: 2"),
        head(b"Content-Length: 2", b"Content-Length: 2"),
        head(b"Content-Length: 1, 2"),
        head(b"Content-Length: -1"),
        head(b"Content-Length: +1"),
        head(b"Content-Length:"),
        head(b"Content-Length: 99999999999999999999"),
        head(b"Content-Length: 1", b"Transfer-Encoding: chunked"),
        head(b"Transfer-Encoding: chunked", b"Content-Length: 1"),
        head(b"Transfer-Encoding: gzip, chunked"),
        head(b"Transfer-Encoding: chunked, gzip"),
        head(b"Transfer-Encoding: xchunked"),
        head(b"Transfer-Encoding: identity"),
        head(b"Transfer-Encoding:"),
        head(b"Transfer-Encoding: chunked\t"),
        head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        head(b"Content-Length : 0"),
        head(b"X: a\r\n folded", b"Content-Length: 0"),
        head(b"X: a\x00b", b"Content-Length: 0"),
        head(b"X: a\rb", b"Content-Length: 0"),
        head(b": nameless", b"Content-Length: 0"),
        CHUNKED + b"-1\r\n",
        CHUNKED + b"g\r\n",
        CHUNKED + b"0x1\r\n",
        CHUNKED + b"fffffffffffffffff\r\n",
        CHUNKED + b"2\nhi\n",
        CHUNKED + b"1\r\nhi\r\n",
    ],
)
def test_what_could_be_read_in_two_ways_is_bad(reply: bytes) -> None:
    assert refusal(reply)


def test_a_bad_reply_stays_bad() -> None:
    parser = ReplyParser()
    for _ in range(2):
        with pytest.raises(BadReply):
            parser.feed(b"garbage")
    assert not parser.eof()


def test_body_bytes_before_what_is_bad_can_be_taken() -> None:
    parser = ReplyParser()
    with pytest.raises(BadReply):
        parser.feed(CHUNKED + b"5\r\nhello\r\n?")
    assert parser.take_body() == b"hello"
    assert not parser.complete


def test_why_a_reply_is_bad_quotes_nothing_of_it() -> None:
    assert "secret" not in refusal(b"secret")
    assert "secret" not in refusal(head(b"secret secret: secret"))


def reply_with_a_head_of(size: int) -> bytes:
    return head(b"Content-Length: 2", b"X: " + b"x" * (size - len(head(b"Content-Length: 2", b"X: "))))


@pytest.mark.parametrize("piece", [1_000, MAX_HEAD, MAX_HEAD + 10])
def test_a_head_may_be_so_long_and_no_longer(piece: int) -> None:
    fits = reply_with_a_head_of(MAX_HEAD) + b"hi"
    parser = parsed(*(fits[at : at + piece] for at in range(0, len(fits), piece)))
    assert parser.complete
    assert parser.take_body() == b"hi"
    long = reply_with_a_head_of(MAX_HEAD + 1) + b"hi"
    assert "too long" in refusal(*(long[at : at + piece] for at in range(0, len(long), piece)))


def test_interim_replies_do_not_go_on_for_ever() -> None:
    assert "too long" in refusal(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 10_000)


@pytest.mark.parametrize("endless", [b"x" * 1_000, b"X: y\r\n" * 100])
def test_trailers_do_not_go_on_for_ever(endless: bytes) -> None:
    assert "without any of the body" in refusal(CHUNKED + b"0\r\nX: y\r\nX:", *[endless] * 200)


def test_a_name_is_lower_case_and_a_value_keeps_its_letters() -> None:
    parser = parsed(head("X-Name: Größe \t".encode(), b"X-Old: Gr\xf6\xdfe", b"X-Empty:", b"x-name: again"))
    assert parser.head is not None
    assert parser.head.headers == (("x-name", "Größe"), ("x-old", "Größe"), ("x-empty", ""), ("x-name", "again"))


def test_a_finished_parser_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        sized, until_close = parsed(head(b"Content-Length: 0")), parsed(head())
        until_close.eof()
        gone = [weakref.ref(sized), weakref.ref(until_close)]
        del sized, until_close
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


def test_a_request_has_its_blocks_and_its_length() -> None:
    node = header_block([("Host", "node:8000"), ("Authorization", "Bearer k")])
    common = header_block([("content-type", "application/json")])
    assert request_bytes("/v1/chat/completions", node, common, b"{}") == (
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: node:8000\r\nAuthorization: Bearer k\r\n"
        b"content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    )


def test_a_large_body_is_not_copied_to_stand_behind_its_head() -> None:
    body = bytes(JOINED)
    pieces = request_bytes("/v1/x", b"", b"", body)
    assert len(pieces) == 2
    assert pieces[1] is body
    assert len(request_bytes("/v1/x", b"", b"", bytes(JOINED - 100))) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nY: b"),
        ("X", "a\n"),
        ("X", "a\r"),
        ("X", "a\0"),
        ("X\r\nY", "a"),
        ("X:", "a"),
        ("X Y", "a"),
        ("", "a"),
        ("X\n", "a"),
        ("Ü", "a"),
        ("X", "\ud800"),
    ],
)
def test_a_header_that_would_be_more_than_one_line_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"header|surrogates"):
        header_block([(name, value)])


def test_a_header_value_goes_out_in_the_bytes_it_came_in() -> None:
    came = b"caf\xe9 \xe8\xaa\x9e"
    assert header_block([("X", came.decode("utf-8", "surrogateescape"))]) == b"X: " + came + b"\r\n"


@pytest.mark.parametrize("path", ["", "v1", "/v1 x", "/v1\r\n", "/v1\n", "/v1/ü", "/\x7f"])
def test_a_path_that_would_break_the_request_line_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        request_bytes(path, b"", b"", b"")
