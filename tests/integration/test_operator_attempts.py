"""Passwords that are wrong, or too many: who has to wait, how long, and that nobody else does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import attrs
import pytest

from llmlb.testing import ManualClock, ScriptedNode, eventually
from tests.integration.bench import Bench, config
from tests.integration.browsing import OPERATOR, PASSWORD, Browser, is_signed_in, waits
from tests.integration.conftest import Start

Lines = Callable[[], list[dict[str, Any]]]


async def addresses(gateway: Bench, stack: AsyncExitStack, count: int) -> list[Browser]:
    """Browsers with an address each."""
    browsers = []
    for last in range(1, count + 1):
        connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{last}", 0))
        client = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        browsers.append(Browser(attrs.evolve(gateway, client=client)))
    return browsers


async def test_wrong_passwords_cost_longer_and_longer_pauses(start: Start, clock: ManualClock, log: Lines) -> None:
    gateway = await start(config(operator=OPERATOR), clock)
    browser = Browser(gateway)
    assert [await waits(browser, "wrong") for _ in range(3)] == [0, 0, 0]
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        assert await waits(browser) == pause, "the right one is not looked at either"
        clock.advance(pause)
        assert await waits(browser, "wrong") == 0
    clock.advance(60)
    assert await waits(browser) == 0
    assert await is_signed_in(browser)
    assert [line["failures"] for line in log() if line["event"] == "operator sign-in failed"] == list(range(1, 12))


async def test_the_right_password_gives_a_clean_slate(start: Start, clock: ManualClock) -> None:
    gateway = await start(config(operator=OPERATOR), clock)
    browser = Browser(gateway)
    assert [await waits(browser, password) for password in ("wrong", "wrong", PASSWORD, "wrong", "wrong")] == [0] * 5
    assert await waits(browser) == 0


async def test_pauses_are_for_the_address_they_were_earned_from(start: Start, clock: ManualClock) -> None:
    gateway = await start(config(operator=OPERATOR), clock)
    for _ in range(3):
        await Browser(gateway).sign_in("wrong")
    assert await waits(Browser(gateway)) == 1
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=connector) as elsewhere:
        assert await waits(Browser(attrs.evolve(gateway, client=elsewhere))) == 0


async def test_what_comes_in_a_pause_is_not_even_asked_for(start: Start, clock: ManualClock) -> None:
    gateway = await start(config(operator=OPERATOR), clock)
    head = (
        b"POST /operator/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 14\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
    )
    for _ in range(3):
        answer = await gateway.raw(head + b"password=wrong")
        assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 ")
    assert (await gateway.raw(head + b"password=wrong")).startswith(b"HTTP/1.1 429 ")


async def test_passwords_sent_at_the_same_time_count_before_they_are_compared(start: Start, clock: ManualClock) -> None:
    gateway = await start(config(operator=OPERATOR), clock)
    answers = await asyncio.gather(*(Browser(gateway).sign_in("wrong") for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [403] * 3 + [429] * 17


async def test_requests_go_on_while_passwords_are_compared(
    node: ScriptedNode, start: Start, clock: ManualClock, stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes long on purpose, so it is done beside everything else: one by one, and for a few only."""
    release, comparing, most = threading.Event(), [0], [0]

    def slow(_hash: str, text: str) -> bool:
        comparing[0] += 1
        most[0] = max(comparing[0], most[0])
        assert release.wait(20.0)
        comparing[0] -= 1
        return text == PASSWORD

    monkeypatch.setattr("llmlb.web.operator.checking.is_password", slow)
    node.auto()
    gateway = await start(config(node, operator=OPERATOR), clock)
    elsewhere = await addresses(gateway, stack, 10)
    trying = [asyncio.create_task(browser.sign_in("wrong")) for browser in elsewhere]
    await eventually(lambda: any(task.done() for task in trying), "one too many is told so")
    assert (await gateway.get("/healthz")).status == 200
    assert (await gateway.post()).status == 200
    (refused,) = [task for task in trying if task.done()]
    assert (refused.result().status, refused.result().headers["Retry-After"]) == (429, "1")
    release.set()
    assert sorted(answer.status for answer in await asyncio.gather(*trying)) == [403] * 9 + [429]
    assert most == [1]


async def test_who_leaves_is_not_let_in_and_takes_no_place(
    start: Start, monkeypatch: pytest.MonkeyPatch, log: Lines
) -> None:
    release = threading.Event()
    begun: list[str] = []

    def slow(_hash: str, text: str) -> bool:
        begun.append(text)
        assert release.wait(20.0)
        return True

    monkeypatch.setattr("llmlb.web.operator.checking.is_password", slow)
    gateway = await start(config(operator=OPERATOR))
    leaving = [asyncio.create_task(Browser(gateway).sign_in()) for _ in range(2)]
    await eventually(lambda: begun, "one is compared")
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    release.set()
    assert (await Browser(gateway).sign_in()).status == 303
    assert [line["event"] for line in log()].count("operator signed in") == 1


async def test_many_addresses_share_one_pace(start: Start, clock: ManualClock, stack: AsyncExitStack) -> None:
    """Ten at once, then one a second, whoever asks; who is put off is told when to come back."""
    gateway = await start(config(operator=OPERATOR), clock)
    browsers = await addresses(gateway, stack, 12)
    assert [await waits(browser, "wrong") for browser in browsers] == [0] * 10 + [1, 1]
    clock.advance(1.0)
    assert [await waits(browser, "wrong") for browser in browsers[-3:]] == [0, 1, 1]
