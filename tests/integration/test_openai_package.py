"""The openai package, unchanged but for its base URL, and Anthropic's API in plain HTTP, through the real gateway."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import openai
import pytest

from llmlb.app import Running, running
from llmlb.config.model import Config, KeyConfig, NodeConfig, Queue, Server, Upstream
from llmlb.demo.node import SimulatedNode
from llmlb.testing import Received, ScriptedNode, eventually

MODEL = "llama-3.2-1b"
KEY = "sk-your-api-key"
FAST = 1e9
HELLO: Any = [{"role": "user", "content": "Hello"}]
WEATHER: Any = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
T = TypeVar("T")


def configured(*urls: str, **tables: Any) -> Config:
    """A gateway in front of these nodes, on any port, with one API key."""
    nodes = tuple(NodeConfig(name=f"node-{number}", url=url) for number, url in enumerate(urls, 1))
    keys = (KeyConfig(name="quickstart", key=KEY),)
    return Config(server=Server(port=0, drain_secs=0.0), nodes=nodes, api_keys=keys, **tables)


@asynccontextmanager
async def ready(config: Config) -> AsyncIterator[Running]:
    """The gateway, once all its nodes have told what they serve."""
    async with running(config) as gateway:
        await eventually(lambda: all(m.node.usable for m in gateway.gateway.fleet), "the nodes are online")
        yield gateway


@pytest.fixture
async def node() -> AsyncIterator[SimulatedNode]:
    one = SimulatedNode("demo-1", [MODEL, "org/other", "embed"], FAST, FAST, first_token_secs=0.0)
    await one.start()
    yield one
    await one.stop()


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedNode]:
    async with ScriptedNode(models=[MODEL]) as one:
        yield one


@pytest.fixture
async def front(node: SimulatedNode) -> AsyncIterator[Running]:
    async with ready(configured(node.url)) as gateway:
        yield gateway


@pytest.fixture
async def client(front: Running) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=front.url + "/v1", api_key=KEY, max_retries=0) as one:
        yield one


@asynccontextmanager
async def speaking(gateway: Running, **options: Any) -> AsyncIterator[openai.AsyncOpenAI]:
    """A client of the gateway; with the package's own retries unless told otherwise."""
    async with openai.AsyncOpenAI(base_url=gateway.url + "/v1", **({"api_key": KEY} | options)) as one:
        yield one


async def with_sync_client(gateway: Running, do: Callable[[openai.OpenAI], T]) -> T:
    """Let the package's blocking client do something, in a thread of its own."""

    def work() -> T:
        with openai.OpenAI(base_url=gateway.url + "/v1", api_key=KEY, max_retries=0) as client:
            return do(client)

    return await asyncio.to_thread(work)


def said(answer: Any) -> str:
    """The text of a chat's first choice."""
    return answer.choices[0].message.content or ""


# What works


async def test_a_chat_is_answered_to_the_blocking_and_the_async_client_alike(
    front: Running, client: openai.AsyncOpenAI
) -> None:
    blocking = await with_sync_client(front, lambda one: said(one.chat.completions.create(model=MODEL, messages=HELLO)))
    assert "Hello" in blocking
    assert said(await client.chat.completions.create(model=MODEL, messages=HELLO)) == blocking


async def test_a_streamed_chat_says_the_same_as_a_plain_one(front: Running, client: openai.AsyncOpenAI) -> None:
    plain = await client.chat.completions.create(model=MODEL, messages=HELLO)

    def stream(one: openai.OpenAI) -> str:
        pieces = one.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        return "".join(piece.choices[0].delta.content or "" for piece in pieces)

    assert await with_sync_client(front, stream) == said(plain)
    pieces = await client.chat.completions.create(
        model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    chunks = [piece async for piece in pieces]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == said(plain)
    assert chunks[-1].usage == plain.usage


async def test_a_stream_reaches_the_client_while_the_node_still_talks(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        asking = asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
        request = await scripted.received()
        await request.start(headers={"Content-Type": "text/event-stream"})
        await request.event(chunk("first"))
        pieces = aiter(await asking)
        assert (await anext(pieces)).choices[0].delta.content == "first"
        await request.event(chunk("second"))
        assert (await anext(pieces)).choices[0].delta.content == "second"
        await request.send(b"data: [DONE]\n\n")
        await request.end()
        assert [piece async for piece in pieces] == []


async def test_tools_are_called_plain_and_streamed(client: openai.AsyncOpenAI) -> None:
    forced: Any = {"type": "function", "function": {"name": "weather"}}
    answer = await client.chat.completions.create(model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice=forced)
    assert answer.choices[0].finish_reason == "tool_calls"
    [call] = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("weather", {"city": "Hello"})
    async with client.chat.completions.stream(
        model=MODEL, messages=HELLO, tools=[WEATHER], tool_choice=forced
    ) as stream:
        streamed = await stream.get_final_completion()
    [again] = streamed.choices[0].message.tool_calls or []
    assert again.function.arguments == call.function.arguments


async def test_what_llmlb_does_not_know_of_a_request_reaches_the_node_untouched(scripted: ScriptedNode) -> None:
    history: Any = [
        *HELLO,
        {"role": "tool", "tool_call_id": "call_1", "content": "晴れ"},
    ]
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        scripted.auto(text="ok")
        await client.chat.completions.create(
            model=MODEL,
            messages=history,
            tools=[WEATHER],
            tool_choice="auto",
            seed=7,
            response_format={"type": "json_object"},
            extra_body={"top_k": 40, "future_option": {"深い": [1, 2.5, None]}},
        )
    [request] = scripted.seen
    assert request.path == "/v1/chat/completions"
    assert request.json == {
        "model": MODEL,
        "messages": history,
        "tools": [WEATHER],
        "tool_choice": "auto",
        "seed": 7,
        "response_format": {"type": "json_object"},
        "top_k": 40,
        "future_option": {"深い": [1, 2.5, None]},
    }
    assert request.header("authorization") is None


async def test_completions_are_answered_plain_and_streamed(client: openai.AsyncOpenAI) -> None:
    plain = await client.completions.create(model=MODEL, prompt="公平とは", max_tokens=30)
    pieces = await client.completions.create(model=MODEL, prompt="公平とは", max_tokens=30, stream=True)
    assert "".join([piece.choices[0].text async for piece in pieces]) == plain.choices[0].text
    assert "公平とは" in plain.choices[0].text


async def test_embeddings_come_one_a_text(client: openai.AsyncOpenAI) -> None:
    answer = await client.embeddings.create(model="embed", input=["one", "two", "one"])
    first, second, third = (item.embedding for item in answer.data)
    assert first == pytest.approx(third)
    assert first != pytest.approx(second)


async def test_models_are_listed_and_shown(front: Running, client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["embed", MODEL, "org/other"]
    model = await client.models.retrieve("org/other")
    assert (model.id, model.object, model.owned_by) == ("org/other", "model", "llmlb")
    assert model.created > 0
    names = await with_sync_client(front, lambda one: [model.id for model in one.models.list()])
    assert names == ["embed", MODEL, "org/other"]


async def test_responses_are_answered_plain_and_streamed(front: Running, client: openai.AsyncOpenAI) -> None:
    plain = await client.responses.create(model=MODEL, input="Hello")
    assert "Hello" in plain.output_text
    assert plain.status == "completed"
    events = [event async for event in await client.responses.create(model=MODEL, input="Hello", stream=True)]
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == plain.output_text
    assert events[-1].type == "response.completed"
    text = await with_sync_client(front, lambda one: one.responses.create(model=MODEL, input="Hello").output_text)
    assert text == plain.output_text


async def test_who_waited_finds_place_and_estimate_in_the_raw_response(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        asking = client.chat.completions.with_raw_response
        served = asyncio.ensure_future(asking.create(model=MODEL, messages=HELLO))
        first = await scripted.received()
        waiting = asyncio.ensure_future(asking.create(model=MODEL, messages=HELLO))
        await eventually(lambda: gateway.gateway.overview().waiting == 1, "the second waits")
        scripted.auto(text="ok")
        await first.reply(whole("at once"))
        at_once, waited = await served, await waiting
    assert "X-Queue-Position" not in at_once.headers
    assert "X-Estimated-Wait" not in at_once.headers
    assert waited.headers["X-Queue-Position"] == "1"
    assert waited.headers["X-Estimated-Wait"] == "10"
    assert said(waited.parse()) == "ok"
    assert waited.headers["X-Request-Id"]


# What does not work, and as which exception


async def test_a_wrong_key_is_an_authentication_error(front: Running) -> None:
    async with speaking(front, api_key="sk-wrong") as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert caught.value.status_code == 401
        assert caught.value.code == "invalid_api_key"
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()


async def test_an_unknown_model_is_not_found(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        await client.chat.completions.create(model="no-such", messages=HELLO)
    assert caught.value.code == "model_not_found"
    assert "no-such" in caught.value.message
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("no-such")


async def test_what_the_node_finds_wrong_is_a_bad_request_in_its_own_words(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model=MODEL, messages=HELLO, temperature=9)
    assert caught.value.param == "temperature"


@asynccontextmanager
async def full(scripted: ScriptedNode, client: openai.AsyncOpenAI, gateway: Running) -> AsyncIterator[Received]:
    """One request in service and one waiting, where one may wait. Yields the one in service."""
    asking = [asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO)) for _ in range(2)]
    held = await scripted.received()
    await eventually(lambda: gateway.gateway.overview().waiting == 1, "the queue is full")
    yield held
    await asyncio.gather(*asking)


async def test_a_full_queue_is_a_rate_limit_error(scripted: ScriptedNode) -> None:
    config = configured(scripted.url, queue=Queue(max_size=1))
    async with ready(config) as gateway, speaking(gateway) as client, full(scripted, client, gateway) as held:
        with pytest.raises(openai.RateLimitError) as caught:
            await client.with_options(max_retries=0).chat.completions.create(model=MODEL, messages=HELLO)
        error = caught.value
        assert (error.status_code, error.type, error.code) == (429, "queue_full", "queue_full")
        assert error.response.headers["Retry-After"] == "5"
        assert error.body == {
            "message": "キューが満杯です。5秒後に再試行してください。",
            "type": "queue_full",
            "code": "queue_full",
            "retry_after": 5,
        }
        scripted.auto(text="ok")
        await held.reply(whole("ok"))


async def test_by_default_a_full_queue_is_tried_again_after_the_time_it_told(scripted: ScriptedNode) -> None:
    config = configured(scripted.url, queue=Queue(max_size=1))
    async with ready(config) as gateway, speaking(gateway) as client:
        quick = asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO))
        await (await scripted.received()).reply(whole("quick"))  # so that a second is known to be enough
        await quick
        async with full(scripted, client, gateway) as held:
            refused = gateway.gateway.overview().hour.rejected_count
            asking = client.chat.completions.with_raw_response
            again = asyncio.ensure_future(asking.create(model=MODEL, messages=HELLO))
            await eventually(lambda: gateway.gateway.overview().hour.rejected_count > refused, "it was refused")
            scripted.auto(text="ok")
            await held.reply(whole("ok"))
            answer = await again
        assert answer.retries_taken == 1
        assert said(answer.parse()) == "ok"


async def test_a_wait_beyond_the_limit_is_an_internal_server_error_of_504(scripted: ScriptedNode) -> None:
    config = configured(scripted.url, queue=Queue(timeout_secs=1))
    async with ready(config) as gateway, speaking(gateway, max_retries=0) as client:
        served = asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO))
        held = await scripted.received()
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO, stream=True)
        error = caught.value
        assert (error.status_code, error.type, error.code) == (504, "queue_timeout", "queue_timeout")
        assert error.body == {
            "message": "キュー待機タイムアウト（1秒）。再試行してください。",
            "type": "queue_timeout",
            "code": "queue_timeout",
            "waited_secs": 1,
        }
        assert error.response.headers["X-Queue-Position"] == "1"
        assert 1 <= int(error.response.headers["Retry-After"]) <= 60
        await held.reply(whole("ok"))
        await served


async def test_no_node_online_is_an_internal_server_error_of_503(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway, max_retries=0) as client:
        scripted.refuse()
        with pytest.raises(openai.InternalServerError) as unreached:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert (unreached.value.status_code, unreached.value.code) == (503, "nodes_unreachable")
        assert unreached.value.response.headers["Retry-After"] == "2"
        with pytest.raises(openai.InternalServerError) as offline:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert (offline.value.status_code, offline.value.code) == (503, "no_node_online")
        assert 1 <= int(offline.value.response.headers["Retry-After"]) <= 5


async def test_a_node_that_fails_is_a_502_that_the_package_does_not_repeat(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        scripted.auto(reply={"error": "out of memory"}, status=500)
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (502, "node_failed")
        assert client.max_retries == 2
        assert len(scripted.seen) == 1
        assert "out of memory" not in str(caught.value)


async def test_a_silent_node_is_a_504_that_the_package_does_not_repeat(scripted: ScriptedNode) -> None:
    config = configured(scripted.url, upstream=Upstream(reply_timeout_secs=0.2))
    async with ready(config) as gateway, speaking(gateway) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model=MODEL, messages=HELLO)
        assert (caught.value.status_code, caught.value.code) == (504, "node_timeout")
        assert len(scripted.seen) == 1
        await scripted.seen[0].gone()


# A reply that breaks off never passes for a whole one


async def test_a_chat_stream_that_breaks_off_raises(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        asking = asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
        request = await scripted.received()
        await request.start(headers={"Content-Type": "text/event-stream"})
        await request.event(chunk("Once upon"))
        pieces = aiter(await asking)
        assert (await anext(pieces)).choices[0].delta.content == "Once upon"
        request.reset()
        with pytest.raises(openai.APIError, match="この応答は不完全です") as caught:
            await anext(pieces)
        assert caught.value.code == "node_failed"
        assert len(scripted.seen) == 1


BEGUN = '{"choices": [{"index": 0, "delta": {"content": "upon a 語'.encode()


@pytest.mark.parametrize("cut", [0, 1, 12, 40, len(BEGUN) - 1, len(BEGUN)])
async def test_a_chat_stream_that_breaks_off_inside_an_event_raises(cut: int, scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        asking = asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
        request = await scripted.received()
        await request.start(headers={"Content-Type": "text/event-stream"})
        await request.event(chunk("Once upon"))
        pieces = aiter(await asking)
        assert (await anext(pieces)).choices[0].delta.content == "Once upon"
        await request.send(b"data: " + BEGUN[:cut])
        request.close()
        with pytest.raises(openai.APIError, match="この応答は不完全です"):
            await anext(pieces)


@pytest.mark.parametrize("begun", ["", '{"type": "response.output_text.delta", "delta": "up'])
async def test_a_stream_of_responses_that_breaks_off_raises(begun: str, scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        asking = asyncio.ensure_future(client.responses.create(model=MODEL, input="Hello", stream=True))
        request = await scripted.received()
        await request.start(headers={"Content-Type": "text/event-stream"})
        delta = {"sequence_number": 1, "item_id": "m", "output_index": 0, "content_index": 0, "delta": "Once"}
        kind = "response.output_text.delta"
        await request.event({"type": kind, "logprobs": []} | delta, kind)
        events = aiter(await asking)
        assert (await anext(events)).type == "response.output_text.delta"
        if begun:
            await request.send(f"event: {kind}\ndata: {begun}".encode())
        request.close()
        with pytest.raises(openai.APIError, match="この応答は不完全です"):
            await anext(events)


@pytest.mark.parametrize("begun", ["", "data: ", 'data: {"choices": [{"index": 0, "te'])
async def test_a_stream_of_completions_that_breaks_off_raises(begun: str, scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        asking = asyncio.ensure_future(client.completions.create(model=MODEL, prompt="Hello", stream=True))
        request = await scripted.received()
        await request.start(headers={"Content-Type": "text/event-stream"})
        choice = {"index": 0, "text": "Once", "finish_reason": None, "logprobs": None}
        await request.event({"id": "c", "object": "text_completion", "created": 0, "model": MODEL, "choices": [choice]})
        pieces = aiter(await asking)
        assert (await anext(pieces)).choices[0].text == "Once"
        await request.send(begun.encode())
        request.close()
        with pytest.raises(openai.APIError, match="この応答は不完全です"):
            await anext(pieces)


async def test_a_stream_of_a_transcription_that_breaks_off_raises(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:
        file = ("speech.wav", b"RIFF", "audio/wav")
        create = client.audio.transcriptions.create
        asking = asyncio.ensure_future(create(model=MODEL, file=file, stream=True))
        request = await scripted.received()
        await request.start(headers={"Content-Type": "text/event-stream"})
        await request.event({"type": "transcript.text.delta", "delta": "Once"})
        pieces = aiter(await asking)
        assert (await anext(pieces)).type == "transcript.text.delta"
        await request.send(b'data: {"type": "transcript.te')
        request.close()
        with pytest.raises(openai.APIError, match="この応答は不完全です"):
            await anext(pieces)


async def test_speech_that_breaks_off_raises(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway) as client:

        async def die() -> None:
            request = await scripted.received()
            await request.start(headers={"Content-Type": "audio/mpeg"})
            await request.send(b"\xff\xfb half a word")
            request.close()

        dying = asyncio.create_task(die())
        asking = client.audio.speech.with_streaming_response.create(model=MODEL, voice="alloy", input="Hello")
        with pytest.raises(Exception, match="incomplete chunked read"):  # of its HTTP library, not ours to name
            async with asking as answer:
                await answer.read()
        await dying
        assert len(scripted.seen) == 1


async def test_a_plain_reply_that_breaks_off_raises(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway, speaking(gateway, max_retries=0) as client:
        asking = asyncio.ensure_future(client.chat.completions.create(model=MODEL, messages=HELLO))
        request = await scripted.received()
        data = json.dumps(whole("never to be read")).encode()
        await request.start(length=len(data), first=data[:20])
        request.close()
        with pytest.raises(openai.APIConnectionError):
            await asking


# Anthropic's way of asking


@asynccontextmanager
async def messages(gateway: Running, **body: Any) -> AsyncIterator[aiohttp.ClientResponse]:
    """An answer to a request as Anthropic's SDKs make it."""
    headers = {"x-api-key": KEY, "anthropic-version": "2023-06-01", "Accept-Language": "en"}
    asked = {"model": MODEL, "max_tokens": 50, "messages": HELLO} | body
    async with (
        aiohttp.ClientSession() as session,
        session.post(gateway.url + "/v1/messages", json=asked, headers=headers) as answer,
    ):
        yield answer


async def test_messages_are_answered_plain_and_streamed(front: Running) -> None:
    async with messages(front) as answer:
        plain = await answer.json()
    assert (answer.status, plain["type"], plain["role"]) == (200, "message", "assistant")
    async with messages(front, stream=True) as answer:
        assert answer.content_type == "text/event-stream"
        lines = (await answer.text()).splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    text = "".join(event["delta"].get("text", "") for event in events if event["type"] == "content_block_delta")
    assert text == plain["content"][0]["text"]
    assert events[-1] == {"type": "message_stop"}


async def test_errors_on_messages_have_the_form_of_anthropic_too(front: Running) -> None:
    async with messages(front, model="no-such") as answer:
        assert answer.status == 404
        assert await answer.json() == {
            "type": "error",
            "error": {
                "message": "The model 'no-such' does not exist on any node. GET /v1/models lists those that do.",
                "type": "invalid_request_error",
                "code": "model_not_found",
            },
        }


async def test_a_stream_of_messages_that_breaks_off_ends_in_an_error_event(scripted: ScriptedNode) -> None:
    async with ready(configured(scripted.url)) as gateway:

        async def die() -> None:
            request = await scripted.received()
            assert request.header("anthropic-version") == "2023-06-01"
            assert request.header("x-api-key") is None
            await request.start(headers={"Content-Type": "text/event-stream"})
            await request.event({"type": "ping"}, "ping")
            request.reset()

        dying = asyncio.create_task(die())
        async with messages(gateway, stream=True) as answer:
            assert answer.status == 200
            events = [await answer.content.readuntil(b"\n\n") for _ in range(2)]
            with pytest.raises(aiohttp.ClientPayloadError):  # no final chunk
                await answer.content.read()
        await dying
        name, _, data = events[1].decode().strip().partition("\n")
        assert name == "event: error"
        assert json.loads(data.removeprefix("data: ")) == {
            "type": "error",
            "error": {
                "message": "The node failed in the middle of its reply. This reply is incomplete.",
                "type": "server_error",
                "code": "node_failed",
            },
        }


def chunk(text: str) -> dict[str, Any]:
    """One event of a streamed chat."""
    common = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL}
    return common | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


def whole(text: str) -> dict[str, Any]:
    """A plain answer to a chat."""
    common = {"id": "c", "object": "chat.completion", "created": 0, "model": MODEL}
    message = {"role": "assistant", "content": text}
    return common | {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
