"""Nodes that answer what they must not (H4): nothing of theirs gets around our own headers, framing and patience."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from llmlb.testing import ScriptedNode
from tests.integration.bench import CHAT, config
from tests.integration.conftest import NewNode, Start

SECRET = "node-secret"
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Length: 2\r\n\r\nhi"

UNREADABLE = {
    "no HTTP": b"node-secret\r\n\r\n",
    "no status": b"HTTP/1.1 node-secret\r\n\r\n",
    "a status out of range": b"HTTP/1.1 999 node-secret\r\nContent-Length: 2\r\n\r\nhi",
    "switched protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: node-secret\r\nConnection: Upgrade\r\n\r\n",
    "another HTTP": GOOD.replace(b"1.1", b"2.0"),
    "two status lines": OK + GOOD,
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
    "a length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "a coding nobody asked for": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    "a folded line": OK + b"X-A: b\r\n node-secret\r\nContent-Length: 2\r\n\r\nhi",
    "a NUL": OK + b"X-A: node-secret\0\r\nContent-Length: 2\r\n\r\nhi",
    "a bare carriage return": OK + b"X-A: b\rSet-Cookie: node-secret\r\nContent-Length: 2\r\n\r\nhi",
    "interim replies without end": b"HTTP/1.1 100 node-secret\r\n\r\n" * 5000,
    "a head without end": OK + b"X-A: node-secret\r\n" * 10_000,
    "a header of a megabyte": OK + b"X-A: " + b"y" * 1_000_000,
    "a reason of a megabyte": b"HTTP/1.1 200 " + b"y" * 1_000_000,
}


@pytest.mark.parametrize("reply", [*UNREADABLE.values()], ids=[*UNREADABLE])
async def test_a_reply_that_cannot_be_read_safely_is_502_and_hung_up_on(
    reply: bytes, node: ScriptedNode, start: Start, log: Any
) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    received = await node.received()
    with suppress(ConnectionError):  # it may have heard enough
        await received.raw(reply)
    answer = await task
    assert (answer.status, answer.error["code"]) == (502, "node_failed")
    assert SECRET not in str(answer)
    await received.gone()
    assert SECRET not in str(log())
    assert [line for line in log() if line["level"] in {"error", "critical"}] == []


async def test_a_second_reply_behind_the_first_is_nobodys(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    first, second = await gateway.arrive(), await gateway.arrive()
    received = await node.received()
    await received.raw(GOOD + GOOD.replace(b"hi", b"no"))
    await received.end()
    assert (await first).body == b"hi"
    received = await node.received()
    assert not second.done()
    await received.raw(GOOD.replace(b"hi", b"ok"))
    await received.end()
    assert (await second).body == b"ok"


async def test_a_few_interim_replies_are_skipped_and_never_passed_on(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    received = await node.received()
    await received.raw(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </evil.js>; rel=preload\r\n"
        b"Set-Cookie: a=b\r\n\r\n" + GOOD
    )
    await received.end()
    answer = await task
    assert (answer.status, answer.body) == (200, b"hi")
    assert not {"Link", "Set-Cookie"} & set(answer.headers)


async def test_a_node_sets_none_of_our_headers(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    theirs = {
        "Set-Cookie": "session=1", "Server": "evil/1.0", "X-Request-Id": "evil", "X-Queue-Position": "1",
        "X-Estimated-Wait": "99", "Retry-After": "99", "x-should-retry": "true", "Location": "http://evil.example/",
        "Refresh": "0; url=http://evil.example/", "Access-Control-Allow-Origin": "*", "Strict-Transport-Security": "x",
        "Content-Security-Policy": "x", "Clear-Site-Data": '"*"', "Link": "</x>", "Alt-Svc": 'h3="evil:443"',
        "WWW-Authenticate": "Basic", "Trailer": "X-Evil", "Keep-Alive": "timeout=9", "Via": "evil", "Date": "never",
        "X-Accel-Redirect": "/secret", "X-Sendfile": "/etc/passwd", "Proxy-Authenticate": "Basic",
    }  # fmt: skip
    task = await gateway.arrive(headers={"X-Request-Id": "mine"})
    await (await node.received()).reply(b"hi", 200, theirs)
    answer = await task
    assert (answer.headers["Server"], answer.headers["X-Request-Id"]) == ("llmlb", "mine")
    assert "evil" not in str(answer.headers)
    names = {name.lower() for name in answer.headers}
    assert names <= {"content-type", "content-length", "date", "server", "x-request-id"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_leads_nobody_anywhere(
    status: int, new_node: NewNode, start: Start
) -> None:
    node, elsewhere = await new_node(), await new_node()
    gateway = await start(config(node))
    task = await gateway.arrive()
    await (await node.received()).reply(b"moved", status, {"Location": elsewhere.url + CHAT})
    answer = await task
    assert "Location" not in answer.headers
    assert (answer.status, answer.body) == (status, b"moved")
    assert elsewhere.seen == []


async def test_trailers_of_a_node_are_dropped(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    task = await gateway.arrive()
    received = await node.received()
    await received.raw(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSet-Cookie: a=b\r\n\r\n")
    await received.end()
    answer = await task
    assert (answer.body, "Set-Cookie" in answer.headers) == (b"hi", False)


async def test_the_names_of_a_nodes_models_are_text(new_node: NewNode, start: Start, log: Any) -> None:
    names = [
        "<script>alert(1)</script>",
        'm"\n# HELP forged x\nforged 1',
        "\x1b[31mred",
        "a\u202eb",
        "x" * 5000,
        "../m",
    ]
    node = await new_node(*names)
    node.auto()
    gateway = await start(config(node))
    listed = [model["id"] for model in (await gateway.get("/v1/models")).json["data"]]
    assert set(listed) <= set(names)
    for name in listed:
        assert (await gateway.post(json={"model": name})).status == 200
    lines = [line for line in log() if line["event"] == "request"]
    assert len(lines) == len(listed)
    for path in ("/", "/metrics"):
        shown = (await gateway.get(path)).body.decode()
        assert "<script>alert" not in shown
        assert "\nforged" not in shown
    for line in str([line["model"] for line in lines]).splitlines():
        assert len(line) < 2000
