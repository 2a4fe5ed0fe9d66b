"""The page over real sockets: what is sent, with which headers, and how its event stream begins and ends."""

from __future__ import annotations

import asyncio
import contextlib
import html
import json
import re
import threading
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import attrs
import pytest
from aiohttp import ClientResponse, ClientSession, web
from aiohttp.pytest_plugin import AiohttpClient
from aiohttp.test_utils import TestClient
from jinja2.utils import LRUCache
from yarl import URL

from llmlb.gateway.gateway import Gateway
from llmlb.gateway.overview import NodeView, Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.telemetry.timeline import STEPS, Step
from llmlb.testing import ScriptedNode
from llmlb.testing.waiting import eventually
from llmlb.web import dashboard, event_stream, pages
from llmlb.web.keys import GATEWAY
from tests.integration.bench import config
from tests.integration.conftest import Start

HOSTILE = '<img src=x onerror="alert(1)">\'</script>{{7*7}}'

Client = TestClient[web.Request, web.Application]


@attrs.define
class Shown:
    """A gateway as far as the page knows one."""

    now: Overview
    config: Any = attrs.field(factory=lambda: SimpleNamespace(server=SimpleNamespace(locale="ja")))

    steps_now: tuple[Step, ...] = (Step(),) * STEPS

    @property
    def timeline(self) -> Shown:
        return self

    def overview(self) -> Overview:
        return self.now

    def steps(self) -> tuple[Step, ...]:
        return self.steps_now


def overview(*nodes: NodeView, waiting: int = 0) -> Overview:
    return Overview(
        waiting=waiting,
        processing=sum(node.in_service for node in nodes),
        max_size=100,
        draining=False,
        nodes=nodes,
        hour=HourTotals(avg_wait_time_ms=41_234.0, avg_process_time_ms=8400.0, timeout_count=3, rejected_count=18),
    )


def busy(name: str) -> NodeView:
    return NodeView(name=name, state="busy", reason="", since=3.0, in_service=1)


@pytest.fixture
def shown() -> Shown:
    return Shown(overview(busy("gpu-1"), waiting=37))


def application(shown: Shown) -> web.Application:
    app = web.Application()
    app[GATEWAY] = cast(Gateway, shown)
    dashboard.setup(app)
    return app


@pytest.fixture
async def client(aiohttp_client: AiohttpClient, shown: Shown) -> Client:
    return await aiohttp_client(application(shown))


@contextlib.asynccontextmanager
async def watching(client: Client, query: str = "lang=en") -> AsyncIterator[ClientResponse]:
    async with client.get(f"{dashboard.EVENTS_PATH}?{query}") as response:
        assert response.status == 200
        yield response


async def next_event(response: ClientResponse, wanted: str = "message") -> dict[str, Any]:
    """What the next event of that name says."""
    name = "message"
    async with asyncio.timeout(5):
        async for line in response.content:
            if line.startswith(b"event: "):
                name = line.removeprefix(b"event: ").decode().strip()
            elif line == b"\n":
                name = "message"
            elif line.startswith(b"data: ") and name == wanted:
                return dict(json.loads(line.removeprefix(b"data: ")))
    raise AssertionError("the stream ended")


async def next_state(response: ClientResponse) -> dict[str, Any]:
    return await next_event(response)


async def test_the_page_shows_the_queue_without_any_script(client: Client) -> None:
    response = await client.get("/")
    page = await response.text()
    assert response.content_type == "text/html"
    for word in ("キュー状態", "待機中", "処理中", "平均待機時間", "gpu-1", "過去1時間"):
        assert word in page
    assert re.search(r'id="waiting">37<', page)
    assert re.search(r'id="processing">1<', page)
    assert page.count("data-chart=") == 3
    assert re.search(r'id="avg-wait">\s*<span class="value">41</span><span class="unit">秒<', page)


@pytest.mark.parametrize(
    ("asked", "query", "language"),
    [
        (None, "", "ja"),
        ("*", "", "ja"),
        ("fr", "", "ja"),
        ("en-US,en;q=0.9,ja;q=0.8", "", "en"),
        ("ja", "?lang=en", "en"),
        ("en", "?lang=ja", "ja"),
        ("en", "?lang=<script>", "en"),
    ],
)
async def test_the_language_is_the_visitors(client: Client, asked: str | None, query: str, language: str) -> None:
    response = await client.get(f"/{query}", headers={"Accept-Language": asked} if asked else {})
    page = await response.text()
    assert f'<html lang="{language}">' in page
    assert ("In service" in page) is (language == "en")
    assert response.headers["Content-Language"] == language
    assert f"{dashboard.EVENTS_PATH}?lang={language}" in page


async def test_the_page_may_run_nothing_but_its_own_files_and_is_stored_nowhere(client: Client) -> None:
    response = await client.get("/")
    assert response.headers["Content-Security-Policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-store"
    page = await response.text()
    assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=|https?://", page)


async def test_a_hostile_name_is_text(client: Client, shown: Shown) -> None:
    shown.now = overview(busy(HOSTILE))
    page = await (await client.get("/")).text()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;&#39;&lt;/script&gt;{{7*7}}" in page


async def test_every_file_the_page_refers_to_is_there_and_can_be_cached(client: Client) -> None:
    waiting = ["/"]
    seen: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        response = await client.get(path)
        assert response.status == 200, path
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        text = await response.text()
        seen[path] = response.content_type
        if path != "/":
            again = await client.get(path, headers={"If-None-Match": response.headers["ETag"]})
            assert again.status == 304
        found = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        found += [response.url.join(URL(name)).path for name in re.findall(r'from "([^"]+)"', text)]
        waiting += [name for name in found if name not in seen]
    assert set(seen.values()) == {"text/html", "text/css", "text/javascript", "image/svg+xml"}
    assert len(seen) > 10


@pytest.mark.parametrize("path", ["/static/", "/static/../llmlb/app.py", "/static/%2e%2e/app.py", "/static/views"])
async def test_nothing_else_is_below_static(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


async def test_the_stream_shows_the_present_at_once_and_says_when_to_reconnect(client: Client) -> None:
    async with watching(client) as response:
        assert response.content_type == "text/event-stream"
        assert response.headers["Cache-Control"] == "no-store"
        assert await response.content.readline() == b"retry: 1000\n"
        assert (await next_state(response))["waiting"] == "37"


async def test_a_page_of_other_files_is_told_that_it_is_outdated(client: Client) -> None:
    page = await (await client.get("/?lang=en")).text()
    (its_own,) = re.findall(r'data-events="([^"]+)"', page)
    async with client.get(html.unescape(its_own)) as response:
        assert (await next_state(response))["waiting"] == "37"
    async with watching(client, "lang=en&files=those-of-last-year") as response:
        async with asyncio.timeout(5):
            assert await response.content.read() == b"retry: 1000\n\nevent: outdated\ndata: 1\n\n"


async def test_a_change_arrives_within_a_second(client: Client, shown: Shown) -> None:
    loop = asyncio.get_running_loop()
    async with watching(client) as response:
        await next_state(response)
        changed = loop.time()
        shown.now = overview(waiting=38)
        assert (await next_state(response))["waiting"] == "38"
        assert loop.time() - changed < 1


async def test_the_past_hour_arrives_at_once_and_again_within_a_second_of_a_change(
    client: Client, shown: Shown
) -> None:
    loop = asyncio.get_running_loop()
    async with watching(client) as response:
        hour = await next_event(response, "hour")
        assert [chart["nothing"] for chart in hour["charts"]] == ["Nothing yet"] * 3
        changed = loop.time()
        shown.steps_now = (*shown.steps_now[1:], Step(most_waiting=9))
        hour = await next_event(response, "hour")
        assert hour["charts"][0]["summary"] == (
            "Waiting and in service, past hour. Waiting, at most 9 (just now), In service, mean 0.0"
        )
        assert loop.time() - changed < 1.5


async def test_what_becomes_of_a_request_is_drawn(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    async with gateway.client.get(f"{gateway.url}{dashboard.EVENTS_PATH}?lang=en") as response:
        assert (await next_event(response, "hour"))["charts"][2]["summary"] == "Outcomes, past hour. Nothing yet"
        task = await gateway.arrive()
        await (await node.received()).reply({"fine": True})
        assert (await task).status == 200
        hour = await next_event(response, "hour")
        while "Served 1," not in hour["charts"][2]["summary"]:
            hour = await next_event(response, "hour")
    page = (await gateway.get("/?lang=en")).body.decode()
    assert re.search(r'data-series="served"><dt>Served</dt><dd><span data-said="value">1<', page)
    assert re.search(r'<path data-series="served" d="M11[89]\.5 400V200"', page)


@pytest.mark.parametrize("path", ["/", "/operator"])
async def test_templates_are_made_ready_while_requests_go_on(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    templates = pages._TEMPLATES
    threads: dict[str, threading.Thread] = {}
    compiled = templates.compile

    def compile_one(source: str, name: str, *others: Any) -> Any:
        threads[name] = threading.current_thread()
        return compiled(source, name, *others)

    monkeypatch.setattr(templates, "compile", compile_one)
    monkeypatch.setattr(templates, "cache", LRUCache(100))
    gateway = await start(config(node))
    assert (await gateway.get(path)).status == 200
    assert "base.html" in threads
    assert threading.main_thread() not in threads.values()


async def test_the_stream_speaks_the_language_of_its_page(client: Client) -> None:
    async with watching(client, "lang=ja") as response:
        assert (await next_state(response))["nodes"][0]["label"] == "処理中"
    async with watching(client, "lang=en") as response:
        assert (await next_state(response))["nodes"][0]["label"] == "In service"


async def test_nobody_is_watched_for_once_the_last_page_is_closed(client: Client) -> None:
    assert client.app is not None
    feed = client.app[dashboard._FEED]
    async with watching(client) as first, watching(client) as second:
        await next_state(first)
        await next_state(second)
        assert feed._timer is not None
    await eventually(lambda: not feed._watchers and feed._timer is None, "both watchers are gone")


async def test_too_many_pages_are_asked_to_come_back(client: Client) -> None:
    assert client.app is not None
    client.app[dashboard._FEED]._most = 1
    async with watching(client) as response:
        await next_state(response)
        refused = await client.get(dashboard.EVENTS_PATH)
        assert refused.status == 503
        assert refused.headers["Retry-After"] == "5"


async def test_shutting_down_ends_the_streams_and_waits_for_none(shown: Shown) -> None:
    runner = web.AppRunner(application(shown), shutdown_timeout=30)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    url = f"http://127.0.0.1:{port}{dashboard.EVENTS_PATH}"
    async with ClientSession() as session, session.get(url) as response:
        await next_state(response)
        async with asyncio.timeout(5):
            await runner.cleanup()
            while not response.content.at_eof():  # ended in order, not cut
                await response.content.readany()


async def test_a_page_that_takes_nothing_is_given_up(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "STALLED_SECS", 0.05)
    app = application(shown)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _reader, writer = await asyncio.open_connection(*runner.addresses[0], limit=1024)
    cast(asyncio.ReadTransport, writer.transport).pause_reading()
    writer.write(f"GET {dashboard.EVENTS_PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    feed = app[dashboard._FEED]
    await eventually(lambda: feed._watchers, "it watches")

    def more() -> bool:
        # Each state is too big for what the sockets hold between them.
        shown.now = overview(busy("n" * 4_000_000), waiting=shown.now.waiting + 1)
        feed._sample()
        return not feed._watchers

    await eventually(more, "it is given up")
    writer.transport.abort()
    await runner.cleanup()
