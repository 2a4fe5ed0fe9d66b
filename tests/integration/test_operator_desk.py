"""The operator's desk of a real gateway: who gets it, what it shows, how its stream begins and ends."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import pytest
from aiohttp import ClientResponse, ClientSession

from llmlb.config.model import KeyConfig, Operator
from llmlb.testing import ManualClock, ScriptedNode
from llmlb.web.operator import desk_streams
from llmlb.web.operator.desk_streams import MOST_STREAMS
from tests.integration.bench import Answer, Bench, bench, config
from tests.integration.browsing import DESK, OPERATOR, SIGN_IN, SIGN_OUT, Browser, signed_in
from tests.integration.conftest import Start

EVENTS = "/operator/events"
SECTIONS = {"head", "requests", "keys", "nodes", "past"}
ALICE = KeyConfig(name="alice", key="secret-of-alice")
BOB = KeyConfig(name="bob", key="secret-of-bob")
PROMPT = "words that are nobody's business"


@asynccontextmanager
async def watching(browser: Browser, query: str = "lang=en") -> AsyncIterator[ClientResponse]:
    """The event stream, as the browser opens it."""
    gateway = browser.gateway
    headers = {"Cookie": f"llmlb_operator={browser.cookie}"}
    async with gateway.client.get(f"{gateway.url}{EVENTS}?{query}", headers=headers) as response:
        yield response


async def next_event(stream: ClientResponse) -> tuple[str, Any]:
    """The next event's name and data; "" at the end."""
    name = "message"
    async with asyncio.timeout(10):
        async for line in stream.content:
            if line.startswith(b"event: "):
                name = line.removeprefix(b"event: ").decode().strip()
            elif line.startswith(b"data: "):
                return name, json.loads(line.removeprefix(b"data: "))
    return "", None


async def next_of(stream: ClientResponse, name: str) -> Any:
    """The data of the next event of this name."""
    while (event := await next_event(stream))[0] != name:
        assert event[0], "the stream ended"
    return event[1]


async def come(gateway: Bench, key: KeyConfig, id: str) -> asyncio.Task[Answer]:
    """A request of this key arrives."""
    body = {"model": "m", "messages": [{"role": "user", "content": PROMPT}]}
    return await gateway.arrive(key=key.key, json=body, headers={"X-Request-Id": id})


@pytest.fixture
async def crowded(start: Start, node: ScriptedNode) -> Bench:
    """alice is served, and waits twice; between these waits bob."""
    gateway = await start(config(node, operator=OPERATOR, keys=(ALICE, BOB)))
    for key, id in ((ALICE, "a-0"), (ALICE, "a-1"), (ALICE, "a-2"), (BOB, "b-1")):
        await come(gateway, key, id)
    return gateway


async def test_only_the_operator_gets_it(crowded: Bench) -> None:
    stranger = Browser(crowded)
    answer = await stranger.get(DESK)
    assert (answer.status, answer.headers["Location"]) == (303, SIGN_IN)
    answer = await stranger.get(EVENTS)
    assert answer.status == 401
    assert answer.body == b""
    assert answer.headers["Cache-Control"] == "no-store"
    keyed = await crowded.get(EVENTS, headers={"Authorization": f"Bearer {ALICE.key}"})
    assert keyed.status == 401
    forged = Browser(crowded, cookie="x" * 43)
    assert (await forged.get(DESK)).status == 303
    assert (await forged.get(EVENTS)).status == 401


async def test_it_is_off_without_a_password(start: Start, node: ScriptedNode) -> None:
    gateway = await start(config(node))
    page = await gateway.get(DESK)
    assert page.status == 200
    assert "operator&#39;s part is off" in page.body.decode()
    assert (await gateway.get(EVENTS)).status == 401


async def test_it_says_who_waits_and_why(crowded: Bench) -> None:
    browser = await signed_in(crowded)
    answer = await browser.get(f"{DESK}?lang=en")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = answer.body.decode()
    assert re.findall(r'data-row="([ab]-\d)"', page) == ["a-0", "b-1", "a-1", "a-2"]
    assert "It is next: nobody is before it." in page
    assert "2 requests are before it: 1 of bob, 1 of alice." in page
    assert "busy with a request of alice for" in page
    assert crowded.gateway.config.nodes[0].url in page
    for secret in (PROMPT, ALICE.key, BOB.key, OPERATOR.password_hash, browser.cookie):
        assert secret is not None
        assert secret not in page


async def test_the_stream_begins_with_everything_and_goes_on_with_what_is_new(
    crowded: Bench, node: ScriptedNode
) -> None:
    async with watching(await signed_in(crowded)) as stream:
        assert stream.content_type == "text/event-stream"
        first = [await next_event(stream) for _ in SECTIONS]
        assert {name for name, _ in first} == SECTIONS
        shown = dict(first)
        assert shown["head"]["waiting"] == "3"
        assert [row["id"] for row in shown["requests"]["waiting"]] == ["b-1", "a-1", "a-2"]
        assert [row["name"] for row in shown["keys"]["rows"]] == ["alice", "bob"]
        assert shown["nodes"]["rows"][0]["serves"] == "request a-0 of alice"
        await (await node.received()).reply({"ok": True})
        while (await next_of(stream, "requests"))["running"][0]["id"] != "b-1":
            pass
        everything = json.dumps(first)
        assert PROMPT not in everything
        assert "secret" not in everything


async def test_what_is_looked_for_is_found_far_behind_those_that_are_listed(
    start: Start, node: ScriptedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("llmlb.gateway.desk", "llmlb.gateway.desk_requests"):
        monkeypatch.setattr(f"{module}.MOST_REQUESTS", 2)
    gateway = await start(config(node, operator=OPERATOR))
    for number in range(6):
        await gateway.arrive(headers={"X-Request-Id": f"r-{number}"})
    browser = await signed_in(gateway)
    page = (await browser.get(f"{DESK}?lang=en")).body.decode()
    assert re.findall(r'data-row="(r-\d)"', page) == ["r-0", "r-1", "r-2"]
    assert "and 3 more" in page
    page = (await browser.get(f"{DESK}?lang=en&find=R-5")).body.decode()
    assert re.findall(r'data-row="(r-\d)"', page) == ["r-5"]
    assert "4 requests are before it" in page
    async with watching(browser, "lang=en&find=r-5") as stream:
        shown = await next_of(stream, "requests")
        assert ([row["id"] for row in shown["waiting"]], shown["running"]) == (["r-5"], [])
    page = (await browser.get(f"{DESK}?lang=en&find=r-9")).body.decode()
    assert "No request for “r-9” is waiting or in service now." in page


async def test_signing_out_ends_the_streams_of_this_session_only(crowded: Bench) -> None:
    here, elsewhere = await signed_in(crowded), await signed_in(crowded)
    async with watching(here) as mine, watching(here, "lang=ja&find=x") as found, watching(elsewhere) as other:
        for stream in (mine, found, other):
            await next_of(stream, "past")
        await here.get()
        assert (await here.post(SIGN_OUT)).status == 303
        for stream in (mine, found):
            await next_of(stream, "over")
            assert await next_event(stream) == ("", None)
        assert await next_of(other, "requests")


async def test_another_password_ends_all_streams(crowded: Bench) -> None:
    async with watching(await signed_in(crowded)) as stream:
        await next_of(stream, "past")
        crowded.gateway.apply(attrs.evolve(crowded.gateway.config, operator=Operator(password_hash="")))
        await next_of(stream, "over")
        assert await next_event(stream) == ("", None)


async def test_a_session_that_is_too_old_ends_its_stream(start: Start, node: ScriptedNode, clock: ManualClock) -> None:
    gateway = await start(config(node, operator=attrs.evolve(OPERATOR, session_secs=600)), clock)
    browser = await signed_in(gateway)
    async with watching(browser) as stream:
        await next_of(stream, "past")
        await clock.run_for(599)
        await next_of(stream, "nodes")
        await clock.run_for(2)
        await next_of(stream, "over")
        assert await next_event(stream) == ("", None)
    assert (await browser.get(EVENTS)).status == 401


async def test_only_so_many_desks_are_open_at_once(crowded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_STREAMS == 16
    monkeypatch.setattr(desk_streams, "MOST_STREAMS", 2)
    browser = await signed_in(crowded)
    async with watching(browser) as one:
        await next_of(one, "past")
        async with watching(browser, "lang=en&find=x") as two:
            await next_of(two, "past")
            async with watching(browser) as refused:
                assert refused.status == 503
                assert refused.headers["Retry-After"] == "5"
    async with asyncio.timeout(10):
        status = 503
        while status == 503:  # until the gateway has seen that they are gone
            async with watching(browser) as again:
                status = again.status
    assert status == 200


async def test_a_stopping_gateway_ends_the_streams(node: ScriptedNode) -> None:
    async with ClientSession() as client, AsyncExitStack() as stack:
        gateway = await stack.enter_async_context(bench(config(node, operator=OPERATOR)))
        browser = await signed_in(gateway)
        browser.gateway = attrs.evolve(gateway, client=client)
        async with watching(browser) as plain, watching(browser, "find=x") as finding:
            for stream in (plain, finding):
                await next_of(stream, "past")
            async with asyncio.timeout(10):
                await stack.aclose()
            for stream in (plain, finding):
                while (await next_event(stream))[0]:  # ended in order, not cut
                    pass
