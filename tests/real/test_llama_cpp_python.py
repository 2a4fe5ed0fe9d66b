"""llmlb in front of a real llama.cpp: what the documents say of it is so. How to run this is said in conftest.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from time import perf_counter
from typing import Any

import openai
import pytest

from llmlb.config.model import NodeConfig
from llmlb.nodes.probe import Found, Unreachable, ask
from llmlb.testing import eventually
from llmlb.testing.waiting import pause
from tests.real.conftest import MODEL, STORY, Before, Server

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
PROBES: dict[str, object] = {"interval_secs": 0.3, "timeout_secs": 0.5}


def asking(tokens: int, prompt: str = STORY) -> dict[str, Any]:
    messages = [{"role": "user", "content": prompt}]
    return {"model": MODEL, "max_tokens": tokens, "temperature": 0, "messages": messages}


async def said(chunks: AsyncIterator[Any]) -> tuple[str, str | None]:
    """The text of a stream, and how it ended."""
    text, reason = "", None
    async for chunk in chunks:
        text += chunk.choices[0].delta.content or ""
        reason = chunk.choices[0].finish_reason or reason
    return text, reason


async def probed(server: Server, timeout_secs: float = 30.0) -> tuple[object, float]:
    """What a probe makes of the server, and how long it took."""
    began = perf_counter()
    answer = await ask(NodeConfig(name="n", url=server.url), timeout_secs, None)
    return answer, perf_counter() - began


async def test_it_is_found_for_what_it_is(server: Server) -> None:
    answer, _ = await probed(server)
    assert answer == Found("llama-cpp-python", (MODEL,), (MODEL,), "uvicorn")


async def test_plain_and_streamed_replies_come_through(server: Server, before: Before) -> None:
    gateway = await before(server)
    async with gateway.client() as client:
        assert [model.id async for model in client.models.list()] == [MODEL]
        plain = await client.chat.completions.create(**asking(20))
        assert plain.choices[0].message.content
        assert plain.usage is not None
        assert plain.usage.completion_tokens == 20
        text, reason = await said(await client.chat.completions.create(**asking(20), stream=True))
        assert (bool(text), reason) == (True, "length")
        completion = await client.completions.create(model=MODEL, prompt="Once", max_tokens=5)
        assert completion.choices[0].text
    await eventually(lambda: len(gateway.visits) == 3, "every request has its line")
    assert {line["outcome"] for line in gateway.visits} == {"served"}


async def test_keys_take_turns_when_several_are_queued_at_once(server: Server, before: Before) -> None:
    gateway = await before(server, fairness={"cost": "request"})
    positions: list[str | None] = []

    async def send(key: str, tokens: int) -> None:
        async with gateway.client(key) as client:
            raw = await client.chat.completions.with_raw_response.create(**asking(tokens))
        assert raw.parse().choices[0].message.content
        positions.append(raw.headers.get("x-queue-position"))

    tasks = [asyncio.create_task(send("alice", 200))]  # long enough for all others to come meanwhile
    await gateway.counts(waiting=0, processing=1)
    for number, key in enumerate(["alice", "alice", "alice", "bob", "bob"], 1):
        tasks.append(asyncio.create_task(send(key, 12)))
        await gateway.counts(waiting=number, processing=1)
    await asyncio.gather(*tasks)
    await eventually(lambda: len(gateway.visits) == 6, "every request has its line")
    assert [line["key"] for line in gateway.visits] == ["alice", "bob", "alice", "bob", "alice", "alice"]
    assert sorted(positions, key=str) == ["1", "1", "2", "3", "3", None]


async def test_who_leaves_a_stream_stops_the_generation_and_the_next_is_served_at_once(
    server: Server, before: Before
) -> None:
    gateway = await before(server)
    async with gateway.client() as client:
        stream = await client.chat.completions.create(**asking(1000), stream=True)
        async for _ in stream:
            break
        await stream.close()
        began = perf_counter()
        await client.chat.completions.create(**asking(1))
        took = perf_counter() - began
    print(f"\nserved {took:.2f} s after a stream was left")
    assert took < 5  # the thousand tokens would have taken more
    await eventually(lambda: len(gateway.visits) == 2, "both have their lines")
    assert [line["outcome"] for line in gateway.visits] == ["cancelled", "served"]
    assert gateway.states == ["online"]


async def test_who_leaves_the_queue_never_reaches_the_server(server: Server, before: Before) -> None:
    gateway = await before(server)
    async with gateway.client() as first, gateway.client("bob") as second:
        running = asyncio.create_task(first.chat.completions.create(**asking(200)))
        await gateway.counts(waiting=0, processing=1)
        with suppress(openai.APITimeoutError):
            await second.with_options(timeout=0.3).chat.completions.create(**asking(100))
        assert (await running).choices[0].message.content
    await eventually(lambda: len(gateway.visits) == 2, "both have their lines")
    lines = {line["key"]: line for line in gateway.visits}
    assert (lines["bob"]["outcome"], lines["bob"]["node"]) == ("cancelled", None)
    assert lines["alice"]["outcome"] == "served"


async def test_a_plain_request_goes_on_computing_after_a_hang_up_and_the_node_rests_meanwhile(
    server: Server, before: Before
) -> None:
    gateway = await before(server, {"drain_after_cancel_secs": 5}, health=PROBES)
    async with gateway.client() as client:
        with suppress(openai.APITimeoutError):
            await client.with_options(timeout=0.5).chat.completions.create(**asking(300))
        silent, took = await probed(server, 0.3)
        print(f"\na probe after the hang-up: {silent} after {took:.2f} s")
        assert isinstance(silent, Unreachable)
        assert silent.silent
        began = perf_counter()
        await client.chat.completions.create(**asking(1))
        print(f"the next request was answered {perf_counter() - began:.2f} s after the hang-up")
        assert perf_counter() - began > 4
    assert gateway.states == ["online", "resting", "online"]  # never offline, though its probes went unanswered


@pytest.mark.parametrize("how", ["plain", "streamed", "in its prompt"])
async def test_a_node_whose_probes_cannot_be_answered_while_it_computes_stays_in(
    how: str, server: Server, before: Before
) -> None:
    gateway = await before(server, health=PROBES)
    asked = asking(10, "word " * 1000) if how == "in its prompt" else asking(250)
    async with gateway.client() as client:
        began = perf_counter()
        if how == "plain":
            assert (await client.chat.completions.create(**asked)).choices[0].message.content
        else:
            assert (await said(await client.chat.completions.create(**asked, stream=True)))[1] is not None
        print(f"\n{how}: {perf_counter() - began:.2f} s with probes every {PROBES['interval_secs']} s")
    assert gateway.states == ["online"]


async def test_probes_do_not_break_off_a_stream_even_of_a_server_that_lets_a_second_request_do_so(
    rude_server: Server, before: Before
) -> None:
    gateway = await before(rude_server, health=PROBES)
    async with gateway.client() as client:
        text, reason = await said(await client.chat.completions.create(**asking(250), stream=True))
    assert text
    assert reason is not None
    broken = asyncio.create_task(_stream_directly(rude_server))
    await pause(0.7)
    await probed(rude_server)  # what llmlb does not do
    assert await broken is False


async def _stream_directly(server: Server) -> bool:
    """Whether a stream from the server itself comes to the end of what was asked for."""
    async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        _, reason = await said(await client.chat.completions.create(**asking(250), stream=True))
    return reason is not None
