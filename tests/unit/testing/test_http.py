"""The scripted node's own reading of requests."""

from __future__ import annotations

import pytest

from llmlb.testing.http import Unreadable, chunk, head, take_request

POST = b"POST /v1/x HTTP/1.1\r\nHost: n\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n"


@pytest.mark.parametrize("sent", [POST, CHUNKED])
def test_a_request_is_taken_only_when_whole_and_leaves_what_follows(sent: bytes) -> None:
    buffer = bytearray()
    for number in range(len(sent) - 1):
        buffer += sent[number : number + 1]
        assert take_request(buffer) is None
    buffer += sent[-1:] + b"GET "
    request = take_request(buffer)
    assert request is not None
    assert (request.method, request.body) == ("POST", b"abc")
    assert buffer == b"GET "


def test_headers_are_kept_as_sent_and_found_whatever_their_case() -> None:
    request = take_request(bytearray(POST))
    assert request is not None
    assert request.headers == [("Host", "n"), ("X-A", "1"), ("x-a", "2"), ("Content-Length", "3")]
    assert (request.header("CONTENT-length"), request.header("none")) == ("3", None)


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nspace : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ],
)
def test_what_no_gateway_should_send_is_refused(sent: bytes) -> None:
    with pytest.raises(Unreadable):
        take_request(bytearray(sent))


def test_replies_are_framed_as_http_says() -> None:
    assert head(429, {"A": "b"}) == b"HTTP/1.1 429 Too Many Requests\r\nA: b\r\n\r\n"
    assert head(599, [("A", "b"), ("A", "c")]) == b"HTTP/1.1 599 Unknown\r\nA: b\r\nA: c\r\n\r\n"
    assert chunk(b"x" * 17) == b"11\r\n" + b"x" * 17 + b"\r\n"
    assert chunk(b"") == b"0\r\n\r\n"
