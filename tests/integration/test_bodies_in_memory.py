"""What the bodies of those who wait take of the memory: what is counted of `waiting_bytes`, and no more."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Iterator

import pytest

from llmlb.testing import ScriptedNode, eventually
from tests.integration.bench import CHAT, config
from tests.integration.conftest import Start

BODY = b'{"model":"m"}'.ljust(4_000_000)
ASKED = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (CHAT.encode(), len(BODY))


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.parametrize(
    "head",
    [ASKED, ASKED.replace(b"Host", b"TE: x\r\nHost"), ASKED.replace(b" HTTP", b"#x HTTP")],
    ids=["plain", "read by aiohttp", "handled"],
)
async def test_a_body_is_there_once_while_its_request_waits(
    head: bytes, node: ScriptedNode, start: Start, traced: None
) -> None:
    gateway = await start(config(node))
    await gateway.arrive()
    before = tracemalloc.get_traced_memory()[0]
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(head)
    for place in range(0, len(BODY), 100_000):
        writer.write(BODY[place : place + 100_000])
        await writer.drain()
    await gateway.waiting(1)
    assert gateway.gateway.bodies.held >= len(BODY)
    await eventually(lambda: not writer.transport.get_write_buffer_size(), "the client holds nothing of it")
    assert tracemalloc.get_traced_memory()[0] - before < 1.5 * len(BODY)
    writer.transport.abort()
    await gateway.waiting(0)
    assert tracemalloc.get_traced_memory()[0] - before < 0.5 * len(BODY)
