"""What docs/security.md says is so: its figures are those of the code, and its configuration does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from aiohttp.web_protocol import MAX_MSG_QUEUE_SIZE
from argon2.profiles import RFC_9106_LOW_MEMORY

from llmlb.config import password
from llmlb.config.document import parse_document
from llmlb.config.load import load_document
from llmlb.config.model import Config
from llmlb.testing import ScriptedNode
from llmlb.web import body, connection, live, server
from llmlb.web.operator import attempts, checking, forms, sessions, sign_in
from llmlb.wire import http1
from llmlb.wire.endpoints import ENDPOINTS
from tests.docs.blocks import blocks_of
from tests.integration.bench import CHAT, bench, config

FILE = Path(__file__).parents[2] / "docs" / "security.md"
TEXT = FILE.read_text(encoding="utf-8")
LIMITS = {
    cells[0].strip(): cells[1].strip()
    for cells in (line.strip("|").split("|") for line in TEXT.splitlines() if line.startswith("| "))
}


def configured() -> Config:
    """The configuration it shows."""
    (block,) = [block for block in blocks_of(FILE) if block.language == "toml"]
    return load_document(parse_document(block.text.encode(), "config.toml"), Path("config.toml"), {}).config


def test_the_limits_are_those_of_the_code() -> None:
    kib = 1024
    assert LIMITS["connections"].endswith(f"`max_size` and {server.BEYOND_QUEUE} more")
    assert LIMITS["a head, from its first byte"] == f"{connection.HEAD_SECS:g} seconds"
    assert LIMITS["a connection that never sends anything"] == f"{connection.HEAD_SECS:g} seconds"
    assert LIMITS["a connection between two requests"] == f"{server.KEEPALIVE_SECS:g} seconds"
    assert LIMITS["a head"].startswith(f"{connection.MAX_HEAD // kib} KiB, ")
    assert LIMITS["a body of which nothing comes"] == f"{body.STALL_SECS:g} seconds"
    (barren,) = [limit for what, limit in LIMITS.items() if "extensions of chunks" in what]
    assert barren == f"{connection.MAX_BARREN // kib} KiB on end"
    ahead = LIMITS["what is sent before the answer to the request before"]
    assert ahead == f"{MAX_MSG_QUEUE_SIZE - 2} requests, {connection.MAX_AHEAD // kib} KiB"
    assert LIMITS["open pages"] == str(live.MAX_WATCHERS)
    assert f"A head over {http1.MAX_HEAD // kib} KiB, interim replies included" in TEXT
    assert connection.LINGER_SECS == 1, "a second to read why"
    assert len(ENDPOINTS) == 12, "through the twelve routes"


def test_the_figures_of_signing_in_are_those_of_the_code() -> None:
    section = " ".join(TEXT.partition("\n## The operator\n")[2].partition("\n## ")[0].split())
    profile = RFC_9106_LOW_MEMORY
    assert f"{profile.time_cost} passes over {profile.memory_cost // 1024} MiB" in section
    assert f"up to {password.MOST_BYTES} bytes" in section
    assert (checking.MOST_WAITING, attempts.FREE_FAILURES) == (8, 2), "Eight may wait, wrong twice"
    assert f"wait {attempts.FIRST_PAUSE_SECS:g}, 2, 4, ... {attempts.LONGEST_PAUSE_SECS:g} seconds" in section
    assert (attempts.FORGOTTEN_SECS, attempts.MOST_ADDRESSES) == (3600, 1000)
    assert (attempts.BURST, attempts.PACE) == (10, 1), "ten attempts at once and one a second after that"
    assert f"{86400 * attempts.PACE:,.0f} guesses a day" in section
    assert sessions.MOST_SESSIONS == 100
    assert f"at most {forms.MAX_FORM // 1024} KiB, that of signing in {sign_in.MAX_BODY // 1024} KiB" in section


@pytest.mark.parametrize(
    ("behind", "answers"), [(MAX_MSG_QUEUE_SIZE - 2, MAX_MSG_QUEUE_SIZE - 1), (MAX_MSG_QUEUE_SIZE + 5, 1)]
)
async def test_so_many_requests_may_be_sent_ahead(behind: int, answers: int) -> None:
    async with ScriptedNode() as node, bench(config(node)) as gateway:
        request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        reply = await gateway.raw(request * behind + request.replace(b"Host", b"Connection: close\r\nHost"))
        assert reply.count(b"HTTP/1.1 200 ") == answers


@pytest.mark.parametrize(("size", "status"), [(8189, 200), (8191, 431)])
async def test_a_header_may_be_so_long(size: int, status: int) -> None:
    async with ScriptedNode() as node, bench(config(node)) as gateway:
        headers = b"X: %b\r\nConnection: close\r\n" % (b"y" * size)
        reply = await gateway.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\n%b\r\n" % headers)
        assert int(reply.split(b" ")[1]) == status


@pytest.mark.parametrize(("more", "status"), [(126, 200), (127, 400)])
async def test_there_may_be_so_many_headers(more: int, status: int) -> None:
    (most,) = re.findall(r"KiB, (\d+) headers", TEXT)
    assert int(most) == 126 + 2
    async with ScriptedNode() as node, bench(config(node)) as gateway:
        headers = b"".join(b"X-%d: y\r\n" % number for number in range(more))
        reply = await gateway.raw(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%b\r\n" % headers)
        assert int(reply.split(b" ")[1]) == status


async def test_the_configuration_does_what_is_said_of_it() -> None:
    shown = configured()
    async with ScriptedNode() as node, bench(config(node, server=shown.server)) as gateway:
        node.auto()
        (name,), (origin,) = shown.server.allowed_hosts, shown.server.cors_origins
        assert (await gateway.get("/", headers={"Host": f"{name}:443"})).status == 200
        assert (await gateway.get("/", headers={"Host": "other.example.com"})).status == 421
        reply = await gateway.post(CHAT, headers={"Origin": origin, "Host": "other.example.com"})
        assert (reply.status, reply.headers["Access-Control-Allow-Origin"]) == (200, origin)
        (sentence,) = re.findall(r"and so can ((?:`[\w-]+`[,\s]*(?:and )?)+)", TEXT)
        named = re.findall(r"`([\w-]+)`", sentence)
        assert sorted(named) == sorted(reply.headers["Access-Control-Expose-Headers"].split(", "))


async def test_without_keys_a_page_elsewhere_can_send_but_not_read() -> None:
    async with ScriptedNode() as node, bench(config(node)) as gateway:
        node.auto()
        simple = {"Origin": "https://evil.example", "Content-Type": "text/plain"}
        reply = await gateway.post(CHAT, data=b'{"model":"m"}', headers=simple)
        assert reply.status == 200
        assert "Access-Control-Allow-Origin" not in reply.headers
