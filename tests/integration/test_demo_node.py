"""The simulated node, spoken to by the openai package and by aiohttp's client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import openai
import pytest

from llmlb.demo.node import SimulatedNode
from llmlb.testing import ManualClock, eventually

MODEL = "llama-3.2-1b"
FAST = 1e9
HELLO: Any = [{"role": "user", "content": "Hello"}]
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
    },
}
FORCED: Any = {"type": "function", "function": {"name": "weather"}}

Post = Callable[..., Awaitable[aiohttp.ClientResponse]]


@pytest.fixture
async def node() -> AsyncIterator[SimulatedNode]:
    one = SimulatedNode("demo-1", [MODEL, "org/other", "embed"], FAST, FAST, first_token_secs=0.0)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def client(node: SimulatedNode) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=node.url + "/v1", api_key="sk-any", max_retries=0) as one:
        yield one


@pytest.fixture
async def web() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_chat_is_answered_whole(client: openai.AsyncOpenAI, node: SimulatedNode) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=HELLO)
    assert "Hello" in (answer.choices[0].message.content or "")
    assert (answer.model, answer.choices[0].finish_reason) == (MODEL, "stop")
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert (node.served, node.busy) == (1, False)


async def test_a_streamed_chat_says_the_same_as_a_whole_one(client: openai.AsyncOpenAI) -> None:
    whole = await client.chat.completions.create(model=MODEL, messages=HELLO)
    stream = await client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == whole.choices[0].message.content
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage) == ([], whole.usage)
    assert all(chunk.usage is None for chunk in chunks[:-1])


async def test_a_stream_ends_with_done_and_has_no_usage_unless_asked(
    node: SimulatedNode, web: aiohttp.ClientSession
) -> None:
    body = {"model": MODEL, "messages": HELLO, "stream": True}
    async with web.post(node.url + "/v1/chat/completions", json=body) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        text = await response.text()
    assert text.endswith("data: [DONE]\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n")[:-2]]
    assert all("usage" not in event for event in events)
    assert len({event["id"] for event in events}) == 1


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
async def test_the_limit_of_tokens_is_kept(client: openai.AsyncOpenAI, name: str) -> None:
    limit: Any = {name: 7}
    answer = await client.chat.completions.create(model=MODEL, messages=HELLO, **limit)
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 7


async def test_a_forced_function_is_called_whole_and_streamed(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice=FORCED)
    assert answer.choices[0].finish_reason == "tool_calls"
    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": "Hello", "days": 1}
    async with client.chat.completions.stream(
        model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice=FORCED
    ) as stream:
        streamed = await stream.get_final_completion()
    [again] = streamed.choices[0].message.tool_calls or []
    assert (again.function.name, again.function.arguments) == ("weather", call.function.arguments)


async def test_completions_are_answered_whole_and_streamed(client: openai.AsyncOpenAI) -> None:
    whole = await client.completions.create(model=MODEL, prompt="公平とは", max_tokens=30)
    stream = await client.completions.create(model=MODEL, prompt="公平とは", max_tokens=30, stream=True)
    text = "".join([chunk.choices[0].text async for chunk in stream])
    assert text == whole.choices[0].text
    assert "公平とは" in text


async def test_embeddings_have_length_one_and_the_same_text_the_same_direction(client: openai.AsyncOpenAI) -> None:
    # The package asks for base64 by itself unless told otherwise: both forms must say the same.
    packed = await client.embeddings.create(model="embed", input=["a", "b", "a"], dimensions=8)
    plain = await client.embeddings.create(model="embed", input="a", dimensions=8, encoding_format="float")
    first, second, third = (each.embedding for each in packed.data)
    assert first == third != second
    assert first == pytest.approx(plain.data[0].embedding, abs=1e-6)
    assert sum(number**2 for number in first) == pytest.approx(1.0, abs=1e-5)
    assert [each.index for each in packed.data] == [0, 1, 2]


async def test_responses_are_answered_whole_and_streamed(client: openai.AsyncOpenAI) -> None:
    whole = await client.responses.create(model=MODEL, input="Hello")
    assert whole.status == "completed"
    assert whole.usage is not None
    async with client.responses.stream(model=MODEL, input="Hello") as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert final.output_text == whole.output_text
    assert (kinds[0], kinds[-1]) == ("response.created", "response.completed")
    cut = await client.responses.create(model=MODEL, input="Hello", max_output_tokens=3)
    assert (cut.status, cut.incomplete_details and cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")


async def test_messages_are_answered_in_the_other_form(node: SimulatedNode, web: aiohttp.ClientSession) -> None:
    body = {"model": MODEL, "max_tokens": 500, "messages": HELLO}
    async with web.post(node.url + "/v1/messages", json=body) as response:
        whole = await response.json()
    assert (whole["type"], whole["stop_reason"]) == ("message", "end_turn")
    async with web.post(node.url + "/v1/messages", json=body | {"stream": True}) as response:
        blocks = (await response.text()).split("\n\n")[:-1]
    events = [json.loads(block.split("\ndata: ")[1]) for block in blocks]
    assert [block.split("\n")[0] for block in blocks] == [f"event: {event['type']}" for event in events]
    text = "".join(event["delta"]["text"] for event in events if event["type"] == "content_block_delta")
    assert text == whole["content"][0]["text"]
    assert (events[0]["type"], events[-1]["type"]) == ("message_start", "message_stop")
    async with web.post(node.url + "/v1/messages", json={"model": MODEL, "messages": HELLO}) as response:
        refused = await response.json()
    assert (response.status, refused["type"], refused["error"]["param"]) == (400, "error", "max_tokens")


async def test_models_are_listed_and_shown(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == [MODEL, "org/other", "embed"]
    assert (await client.models.retrieve("org/other")).owned_by == "demo-1"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("none")


async def test_errors_are_those_the_package_expects(client: openai.AsyncOpenAI, web: aiohttp.ClientSession) -> None:
    with pytest.raises(openai.BadRequestError) as wrong:
        await client.chat.completions.create(model=MODEL, messages=[])
    assert (wrong.value.param, wrong.value.type) == ("messages", "invalid_request_error")
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.chat.completions.create(model="none", messages=HELLO)
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        await client.embeddings.create(model=MODEL, input="")
    async with web.get(f"{client.base_url}nothing") as response:
        assert (response.status, (await response.json())["error"]["type"]) == (404, "invalid_request_error")
    async with web.post(f"{client.base_url}chat/completions", data=b"{") as response:
        assert response.status == 400


async def timed(clock: ManualClock, until: Callable[[], bool], step: float = 0.01, most: float = 60.0) -> float:
    """Move `clock` until a fact holds; how long that took on it."""
    started = clock.now()
    while not until():
        assert clock.now() - started < most, "it never happened"
        # Real sockets need real turns of the loop between two steps.
        await asyncio.sleep(0.0005)
        clock.advance(step)
    return clock.now() - started


@pytest.fixture
async def slow() -> AsyncIterator[tuple[SimulatedNode, ManualClock]]:
    clock = ManualClock()
    one = SimulatedNode("slow", [MODEL], 10.0, 100.0, first_token_secs=0.5, clock=clock)
    await one.start()
    yield one, clock
    await one.stop()


def chat(web: aiohttp.ClientSession, node: SimulatedNode, **change: object) -> asyncio.Task[aiohttp.ClientResponse]:
    async def send() -> aiohttp.ClientResponse:
        response = await web.post(node.url + "/v1/chat/completions", json={"model": MODEL, "messages": HELLO} | change)
        if response.status != 200 or not change.get("stream"):
            await response.read()
        return response

    return asyncio.create_task(send())


async def test_a_long_prompt_delays_the_first_token_and_the_rate_spaces_the_rest(
    slow: tuple[SimulatedNode, ManualClock], web: aiohttp.ClientSession
) -> None:
    node, clock = slow
    long = [{"role": "user", "content": "x" * 300}]
    task = chat(web, node, messages=long, max_tokens=11)
    await eventually(lambda: clock.pending, "the node reads the prompt")
    # 0.5 s, 300 characters at 100 a second, and ten tokens after the first at 10 a second.
    assert await timed(clock, task.done) == pytest.approx(0.5 + 3.0 + 1.0, abs=0.2)


async def test_tokens_come_one_by_one_at_their_rate(
    slow: tuple[SimulatedNode, ManualClock], web: aiohttp.ClientSession
) -> None:
    node, clock = slow
    task = chat(web, node, stream=True, max_tokens=5)
    await eventually(lambda: clock.pending, "the node reads the prompt")
    clock.advance(0.6)
    response = await task
    lines: list[bytes] = []

    async def read() -> None:
        async for line in response.content:
            lines.extend([line] if line.startswith(b"data:") else [])

    reading = asyncio.create_task(read())
    await eventually(lambda: len(lines) == 2, "the role and the first token")
    for number in range(3, 6):
        await eventually(lambda: clock.pending, "the node makes the next token")
        clock.advance(0.1)
        await eventually(lambda number=number: len(lines) >= number, "the next token")  # type: ignore[misc]
        assert len(lines) == number
    clock.advance(1.0)
    await reading
    assert lines[-1] == b"data: [DONE]\n"


async def test_a_second_request_is_told_to_come_back(
    slow: tuple[SimulatedNode, ManualClock], web: aiohttp.ClientSession
) -> None:
    node, clock = slow
    first = chat(web, node, max_tokens=3)
    await eventually(lambda: node.busy, "the first is in service")
    second = await chat(web, node)
    assert (second.status, second.headers["Retry-After"]) == (429, "1")
    assert (await second.json())["error"]["code"] == "rate_limit_exceeded"
    async with web.post(node.url + "/v1/embeddings", json={"model": MODEL, "input": "x"}) as third:
        assert third.status == 429
    async with web.get(node.url + "/v1/models") as models:
        assert models.status == 200
    await timed(clock, first.done)
    assert (await first).status == 200
    assert (node.served, node.refused, node.busy) == (1, 2, False)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_the_node(
    slow: tuple[SimulatedNode, ManualClock], web: aiohttp.ClientSession, stream: bool
) -> None:
    node, clock = slow
    task = chat(web, node, stream=stream)
    await eventually(lambda: clock.pending, "it is in service")
    if stream:
        clock.advance(1.0)
        (await task).close()
    else:
        task.cancel()
    await eventually(lambda: not node.busy, "the node is free")
    assert (node.left, node.served, clock.pending) == (1, 0, 0)
    again = chat(web, node, max_tokens=1)
    await eventually(lambda: node.busy, "the next is in service")
    await timed(clock, again.done)
    assert (await again).status == 200


async def test_stopping_drops_what_is_in_service(
    slow: tuple[SimulatedNode, ManualClock], web: aiohttp.ClientSession
) -> None:
    node, _ = slow
    task = chat(web, node)
    await eventually(lambda: node.busy, "it is in service")
    await node.stop()
    with pytest.raises(aiohttp.ClientError):
        await task
    assert not node.busy


async def test_a_port_that_is_taken_is_an_error_of_the_system(node: SimulatedNode) -> None:
    other = SimulatedNode("other", [MODEL])
    with pytest.raises(OSError, match=r".+"):
        await other.start(port=int(node.url.rpartition(":")[2]))
