"""Behind nginx as docs/service.md sets it up, word for word: what passes through it still works as it does without."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import tomllib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from llmlb.config.model import Server
from llmlb.testing import Received
from llmlb.testing.waiting import within
from tests.docs.blocks import blocks_of
from tests.integration.browsing import PASSWORD, PASSWORD_HASH, SIGN_IN
from tests.process.caller import CHAT, PATIENCE, chat_body
from tests.process.conftest import Serve
from tests.process.program import ROOT, Gateway

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
BLOCKS = {block.language: block.text for block in blocks_of(ROOT / "docs" / "service.md")}
TLS = ROOT / "tests" / "integration" / "tls"
TRUST = ssl.create_default_context(cafile=TLS / "node.pem")
TRUST.check_hostname = False  # it is for another
NAME = "llm.example.com"
MAIN = """
daemon off;
user {user};
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
{server}
}}
"""

pytestmark = pytest.mark.skipif(
    NGINX is None and not os.environ.get("CI"), reason="no nginx here (apt-get install nginx-light)"
)


def as_documented(gateway: Gateway, port: int) -> str:
    """The document's server; only the places it names are those of this test."""
    said = BLOCKS["nginx"]
    for place, here in [
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/llm.example.com.pem", str(TLS / "node.pem")),
        ("/etc/ssl/private/llm.example.com.key", str(TLS / "node.key")),
        ("http://127.0.0.1:8080", f"http://127.0.0.1:{gateway.port}"),
    ]:
        assert said.count(place) == 1, place
        said = said.replace(place, here)
    return MAIN.format(server=said, user=getpass.getuser())


class AllHere(AbstractResolver):
    """Every name is this machine's."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The loopback address."""
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
async def gateway(serve: Serve) -> Gateway:
    """With the document's settings, and an operator."""
    return await serve(**tomllib.loads(BLOCKS["toml"]), operator={"password_hash": PASSWORD_HASH})


@pytest.fixture
async def proxy(gateway: Gateway, tmp_path: Path) -> AsyncIterator[int]:
    """The port where nginx listens."""
    assert NGINX is not None, "CI installs it"
    # nginx takes over sockets whose numbers are in $NGINX: so it has a port that nobody else can take before.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        (tmp_path / "nginx.conf").write_text(as_documented(gateway, port), encoding="utf-8")
        nginx = subprocess.Popen(  # noqa: ASYNC220 - it starts at once
            [NGINX, "-p", tmp_path, "-c", "nginx.conf"],
            env={**os.environ, "NGINX": f"{listening.fileno()};"},
            pass_fds=[listening.fileno()],
        )
    yield port
    nginx.terminate()
    assert nginx.wait(PATIENCE) == 0


@pytest.fixture
async def browser(proxy: int) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the site by its name; it keeps cookies."""
    connector = aiohttp.TCPConnector(ssl=TRUST, resolver=AllHere())
    site = f"https://{NAME}:{proxy}"
    async with aiohttp.ClientSession(site, connector=connector, headers={"Origin": site}) as session:
        yield session


async def on_node(gateway: Gateway, id: str) -> Received:
    """The node's request `id`, of whose stream the first piece is on its way."""
    received = await gateway.node.received()
    assert received.header("x-request-id") == id
    await received.start(headers={"Content-Type": "text/event-stream"})
    await received.event("0")
    return received


def asks(browser: aiohttp.ClientSession, id: str) -> asyncio.Task[aiohttp.ClientResponse]:
    """A client asking for a stream; done when its reply begins."""
    sends = browser.post(CHAT, data=chat_body(stream=True), headers={"X-Request-Id": id})
    return asyncio.create_task(sends)


async def line(response: aiohttp.ClientResponse, start: bytes) -> bytes:
    """The rest of the next line that starts like this."""

    async def reads() -> bytes:
        while not (came := await response.content.readline()).startswith(start):
            assert came, f"it ended before {start!r}"
        return came.removeprefix(start).strip()

    return await within(PATIENCE, reads(), lambda: f"{start!r} comes through")


async def test_a_stream_comes_piece_by_piece_and_says_how_long_it_had_waited(
    gateway: Gateway, browser: aiohttp.ClientSession
) -> None:
    before = await gateway.call("before")
    ahead = await gateway.node.received()
    asked = asks(browser, "streams")
    await gateway.counts(waiting=1, processing=1)
    await ahead.reply({})
    assert (await before.reply()).status == 200
    node = await on_node(gateway, "streams")
    async with await within(PATIENCE, asked, lambda: "the head comes with the first piece") as response:
        assert response.headers["X-Queue-Position"] == "1"
        assert response.headers["X-Estimated-Wait"].isdigit()
        for number in range(5):
            # The node sends a piece only when the client has the one before: nobody on the way may keep any.
            assert await line(response, b"data: ") == str(number).encode()
            await node.event(str(number + 1))
        await node.event("[DONE]")
        await node.end()
        assert await line(response, b"data: ") == b"5"
        assert await line(response, b"data: ") == b"[DONE]"


async def test_who_leaves_the_proxy_leaves_the_queue_and_the_node(gateway: Gateway, proxy: int) -> None:
    http = DefaultAsyncHttpxClient(verify=TRUST)
    async with AsyncOpenAI(api_key="k", base_url=f"https://127.0.0.1:{proxy}/v1", http_client=http) as client:
        streams = [
            client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": "Hello"}],
                stream=True,
                extra_headers={"X-Request-Id": id},
            )
            for id in ("runs", "waits")
        ]
        runs = asyncio.create_task(streams[0])
        await gateway.counts(waiting=0, processing=1)
        waits = asyncio.create_task(streams[1])
        await gateway.counts(waiting=1, processing=1)
        waits.cancel()
        await gateway.counts(waiting=0, processing=1)
        node = await on_node(gateway, "runs")
        await (await runs).close()
        await node.gone()
    await gateway.logged("runs", "waits")
    assert gateway.outcomes() == {"cancelled": 2}


async def test_a_picture_passes_and_more_than_the_gateway_takes_does_not(
    gateway: Gateway, browser: aiohttp.ClientSession
) -> None:
    gateway.node.auto()
    picture = chat_body(prompt="p" * 3 * 2**20)
    async with browser.post(CHAT, data=BytesIO(picture)) as response:
        assert response.status == 200
    (got,) = gateway.node.seen
    assert got.body == picture
    too_much = BytesIO(bytes(Server().body_limit + 1))
    async with browser.post(CHAT, data=too_much, expect100=True) as response:
        assert response.status == 413
    assert gateway.node.seen == [got]


async def test_the_operator_signs_in_and_drains_and_the_open_page_is_told(
    gateway: Gateway, browser: aiohttp.ClientSession
) -> None:
    async with browser.get("/api/queue/events") as page:
        await shows(page, "idle")
        async with browser.post(SIGN_IN, data={"username": "operator", "password": PASSWORD}) as desk:
            csrf = re.search(r'name="csrf" value="([\w-]+)"', await desk.text())
        assert csrf is not None
        async with browser.post("/operator/nodes/drain", data={"csrf": csrf[1], "node": "n0"}) as desk:
            assert desk.status == 200
        await shows(page, "draining")


async def shows(page: aiohttp.ClientResponse, state: str) -> None:
    """Wait until an event of the page has the node in this state."""
    while [node["state"] for node in json.loads(await line(page, b"data: ")).get("nodes", ())] != [state]:
        pass


async def test_the_series_by_key_are_for_this_machine_and_not_for_who_comes_through_the_proxy(
    gateway: Gateway, browser: aiohttp.ClientSession
) -> None:
    assert b'key="' in (await gateway.get("/metrics")).body
    async with browser.get("/metrics", headers={"Host": "localhost"}) as response:
        assert response.status == 200
        assert 'key="' not in await response.text()
