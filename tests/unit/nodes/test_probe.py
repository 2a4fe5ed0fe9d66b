"""One probe of a node, over a real socket: every kind, and answers that are wrong, huge, slow or lies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from itertools import count

import msgspec
import pytest

from llmlb.config.model import NodeConfig
from llmlb.nodes.inquiry import MOST_BYTES
from llmlb.nodes.kinds import MOST_MODELS
from llmlb.nodes.probe import Found, Loading, Unreachable, ask
from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import settle

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PIECES = (b'{"data": [{"id"', b': "a"}, ', b'{"id": "b"}]}')
SILENT = Unreachable("no answer to a probe in time", silent=True)


@pytest.fixture
async def node() -> AsyncIterator[ScriptedNode]:
    async with ScriptedNode(models=["m", "n"]) as one:
        yield one


async def probed(node: ScriptedNode, kind: str = "", secs: float = 5.0, models: tuple[str, ...] = ()) -> object:
    """What a probe makes of a scripted node."""
    return await ask(NodeConfig(name="n", url=node.url, models=models), secs, None, kind)


async def asked(answer: Answer, kind: str = "", secs: float = 5.0, models: tuple[str, ...] = ()) -> object:
    """What a probe makes of a server that answers so."""
    handlers: set[asyncio.Task[object] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    node = NodeConfig(name="n", url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", models=models)
    async with server:
        said = await ask(node, secs, None, kind)
    await eventually(lambda: all(task is None or task.done() for task in handlers), "every connection is over")
    return said


@pytest.mark.parametrize(
    ("shown", "kind", "loaded"),
    [
        ("ollama", "ollama", ("n",)),
        ("llamacpp", "llamacpp", ("m", "n")),
        ("llamacpp-router", "llamacpp", ("n",)),
        ("vllm", "vllm", ("m", "n")),
        ("lmstudio", "lmstudio", ("n",)),
        ("llama-cpp-python", "llama-cpp-python", ()),
        ("openai", "openai", ()),
    ],
)
async def test_a_kind_is_found_and_not_asked_for_again(
    shown: str, kind: str, loaded: tuple[str, ...], node: ScriptedNode
) -> None:
    node.kind, node.loaded = shown, ["n"]
    assert await probed(node) == Found(kind, ("m", "n"), loaded)
    opened = node.opened
    assert await probed(node, kind) == Found(kind, ("m", "n"), loaded)
    assert node.opened - opened <= 2


@pytest.mark.parametrize("kind", ["", "llamacpp"])
async def test_llamacpp_is_loading_while_its_health_says_so_though_it_lists_its_model(
    kind: str, node: ScriptedNode
) -> None:
    node.kind, node.loading = "llamacpp", True
    assert await probed(node, kind) == Loading("HTTP 503 to a probe")
    node.loading = False
    assert await probed(node, kind) == Found("llamacpp", ("m", "n"), ("m", "n"))


async def test_503_to_everything_is_loading(node: ScriptedNode) -> None:
    node.models_status = 503
    assert await probed(node) == Loading("HTTP 503 to a probe")


async def test_an_ollama_without_a_list_at_v1_is_asked_for_its_own(node: ScriptedNode) -> None:
    node.kind, node.models_status = "ollama", 404
    assert await probed(node) == Found("ollama", ("m", "n"), ())
    node.models = []
    assert await probed(node) == Found("ollama", (), ())


async def test_an_ollama_that_has_no_models_yet_is_there(node: ScriptedNode) -> None:
    node.kind, node.models = "ollama", []
    node.pages["/v1/models"] = (200, {"object": "list", "data": None})  # its nil list
    assert await probed(node) == Found("ollama", (), ())


async def test_a_server_without_models_may_still_turn_out_to_be_of_another_kind(node: ScriptedNode) -> None:
    node.kind, node.models = "lmstudio", []
    assert await probed(node) == Found("", (), ())
    node.models = ["m"]
    assert await probed(node) == Found("lmstudio", ("m",), ())


@pytest.mark.parametrize(
    "page",
    [
        {"data": [{"id": "m"}], "version": "0.12.0", "models": []},
        {"data": [{"id": "m", "state": "loaded"}], "status": "ok"},
        {"data": [{"id": "m"}], "default_generation_settings": {}, "total_slots": 1},
    ],
)
async def test_a_server_that_says_the_same_to_every_question_is_not_taken_for_a_kind(
    page: object, node: ScriptedNode
) -> None:
    for path in ("/v1/models", "/api/v0/models", "/props", "/health", "/api/version", "/api/ps", "/version"):
        node.pages[path] = (200, page)
    assert await probed(node) == Found("openai", ("m",), ())


async def test_a_version_without_the_rest_is_no_ollama(node: ScriptedNode) -> None:
    node.pages["/api/version"] = (200, {"version": "0.12.0"})
    node.pages["/api/ps"] = (200, {"processes": []})
    assert await probed(node) == Found("openai", ("m", "n"), ())


async def test_a_kind_that_answers_like_another_is_unsettled_and_found_anew(node: ScriptedNode) -> None:
    node.kind = "vllm"
    assert await probed(node, "ollama") == Found("", ("m", "n"), None)
    assert await probed(node, "llama-cpp-python") == Found("", ("m", "n"), None)
    assert await probed(node) == Found("vllm", ("m", "n"), ("m", "n"))


@pytest.mark.parametrize("status", [200, 401, 404, 500])
@pytest.mark.parametrize("page", [{"error": "nonsense"}, [], None, "text", {"data": {"id": "m"}}], ids=repr)
async def test_configured_models_need_no_list(status: int, page: object, node: ScriptedNode) -> None:
    node.pages["/v1/models"] = (status, page)
    assert await probed(node, models=("given",)) == Found("", (), ())
    assert await probed(node) == Unreachable(f"no list of models: HTTP {status}")


async def test_a_kind_is_found_by_its_own_answers_where_the_list_fails(node: ScriptedNode) -> None:
    node.kind, node.models_status = "llamacpp", 500
    assert await probed(node, models=("given",)) == Found("llamacpp", (), ())


async def test_a_list_of_models_may_come_in_pieces() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        if request.startswith(b"GET /v1/models "):
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for piece in PIECES:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                await settle()  # the other side reads it by itself
            writer.write(b"0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    assert await asked(answer) == Found("openai", ("a", "b"))


async def test_a_node_that_gives_its_list_is_there_whatever_else_it_makes_of_us() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).split()[1])
        if seen[-1] == b"/v1/models":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"data": [{"id": "a"}]}')
        # other questions are hung up on

    assert await asked(answer) == Found("", ("a",), None)
    assert await asked(answer, kind="ollama") == Found("ollama", ("a",), None)  # it stays what it is known to be
    seen.clear()
    assert await asked(answer, kind="openai") == Found("openai", ("a",))
    assert seen == [b"/v1/models"]  # a kind that is known is not asked for again


async def test_a_second_question_without_an_answer_costs_its_time_and_leaves_the_kind_open() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"/v1/models":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"data": [{"id": "a"}]}')
        else:
            await reader.read()

    assert await asked(answer, secs=0.2) == Found("", ("a",), None)
    assert await asked(answer, kind="lmstudio", secs=0.2) == Found("lmstudio", ("a",), None)


async def test_no_answer_is_told_apart_from_no_connection(node: ScriptedNode) -> None:
    node.hang_probes = True
    assert await probed(node, secs=0.1) == SILENT
    node.refuse()
    assert await probed(node) == Unreachable("connection refused")


async def test_an_answer_that_trickles_for_ever_is_given_up_in_time() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not reader.at_eof():
            writer.write(b"1\r\n \r\n")
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), 0.01)

    assert await asked(answer, secs=0.2) == SILENT


async def test_an_answer_of_more_bytes_than_the_most_is_no_list_and_is_not_read_to_its_end() -> None:
    written = count()
    chunk = b'{"id": "m"},' * 5000

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"data": [')
        while True:
            writer.write(chunk)
            await writer.drain()
            next(written)

    assert await asked(answer) == Unreachable("the list of models is too long")
    assert next(written) * len(chunk) < 4 * MOST_BYTES
    assert await asked(answer, models=("given",)) == Found("", (), None)


async def test_of_a_huge_list_the_first_names_are_taken(node: ScriptedNode) -> None:
    node.pages["/v1/models"] = (200, {"data": [{"id": f"m{number}"} for number in range(MOST_MODELS + 1)]})
    found = await probed(node)
    assert isinstance(found, Found)
    assert (len(found.models), found.models[-1]) == (MOST_MODELS, f"m{MOST_MODELS - 1}")


@pytest.mark.parametrize(
    "page",
    [
        b'{"data": ' + b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"data": [{"id": "\xff"}]}',
        b'{"data": [{"id": "a"}',
        b"<html>",
        b"",
    ],
    ids=lambda page: repr(page[:20]),
)
async def test_what_is_no_json_is_no_list(page: bytes, node: ScriptedNode) -> None:
    node.pages["/v1/models"] = (200, msgspec.Raw(page))
    assert await probed(node) == Unreachable("no list of models: HTTP 200")


async def test_lists_nested_as_deeply_as_can_be_read_are_compared_or_left_alone(node: ScriptedNode) -> None:
    said: object = None
    depth = 850
    while not isinstance(said, Unreachable):  # what is nested more deeply is no list
        depth += 1
        page = 200, msgspec.Raw(b'{"data": [{"id": "m"}], "x": %b}' % (b"[" * depth + b"]" * depth))
        node.pages |= dict.fromkeys(("/v1/models", "/api/v0/models"), page)
        said = await probed(node)
        assert said in (Found("openai", ("m",)), Found("", ("m",), None), Unreachable("no list of models: HTTP 200"))
    assert depth > 851


@pytest.mark.parametrize("reply", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_what_is_no_http_is_unreachable_and_the_words_quote_nothing_of_it(reply: bytes) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)

    said = await asked(answer)
    assert isinstance(said, Unreachable)
    assert said.reason.startswith("probe failed: ")
    assert "SSH" not in said.reason


async def test_a_redirect_is_not_followed() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (await reader.readuntil(b"\r\n\r\n")).split()[1] == b"/v1/models":
            writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"data": [{"id": "a"}]}')

    assert await asked(answer) == Unreachable("no list of models: HTTP 302")
