"""A request as a node gets it."""

from __future__ import annotations

import pytest

from llmlb.config.model import NodeConfig
from llmlb.gateway.outgoing import Outgoing
from llmlb.wire.call import read_call
from llmlb.wire.endpoints import ENDPOINTS
from llmlb.wire.http1 import header_block

BLOCK = header_block([("host", "n:1")])


def outgoing(body: bytes) -> Outgoing:
    return Outgoing("7", read_call(ENDPOINTS[0], "application/json", body), b"accept: */*\r\nx-request-id: id-1\r\n")


def node(**settings: object) -> NodeConfig:
    return NodeConfig(name="n", url="http://n:1/prefix/v1", **settings)  # type: ignore[arg-type]


def test_it_is_written_with_the_nodes_headers_the_clients_and_the_id() -> None:
    head, _, body = b"".join(outgoing(b'{"model":"m"}').pieces(node(), BLOCK)).partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    assert first == b"POST /prefix/v1/chat/completions HTTP/1.1"
    assert sorted(headers) == [b"accept: */*", b"content-length: 13", b"host: n:1", b"x-request-id: id-1"]
    assert body == b'{"model":"m"}'


def test_each_node_gets_its_own_name_for_the_model() -> None:
    request = outgoing(b'{ "model" : "a" }')
    assert request.pieces(node(aliases={"a": "real"}), BLOCK)[0].endswith(b'{ "model" : "real" }')
    assert request.pieces(node(), BLOCK)[0].endswith(b'{ "model" : "a" }')


def test_after_the_body_was_let_go_it_cannot_be_sent_again() -> None:
    request = outgoing(b'{"model":"m"}')
    request.let_go()
    with pytest.raises(AssertionError):
        request.pieces(node(), BLOCK)
