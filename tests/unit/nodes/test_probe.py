"""One probe of a node, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp

from llmlb.config.model import NodeConfig
from llmlb.nodes.probe import Found, ask
from llmlb.testing.waiting import settle

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PIECES = (b'{"data": [{"id"', b': "a"}, ', b'{"id": "b"}]}')


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
        writer.close()

    assert await asked(answer) == Found("openai", ("a", "b"))


async def test_a_node_that_gives_its_list_is_there_whatever_else_it_makes_of_us() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).split()[1])
        if seen[-1] == b"/v1/models":
            writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 23\r\n\r\n{"data": [{"id": "a"}]}')
        writer.close()  # other questions are hung up on

    assert await asked(answer) == Found("", ("a",))
    assert await asked(answer, kind="ollama") == Found("ollama", ("a",))
    seen.clear()
    assert await asked(answer, kind="openai") == Found("openai", ("a",))
    assert seen == [b"/v1/models"]  # a kind that is known is not asked for again


async def asked(answer: Answer, kind: str = "") -> object:
    """What a probe makes of a server that answers so."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    node = NodeConfig(name="n", url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    async with server, aiohttp.ClientSession() as session:
        return await ask(session, node, 5.0, None, kind)
