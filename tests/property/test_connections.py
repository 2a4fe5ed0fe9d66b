"""Whatever clients do on their connections, in whichever order: nothing is left of it, and nothing breaks."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress

import attrs
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from llmlb.config.model import KeyConfig, Log, Queue, Server
from llmlb.telemetry import logs
from llmlb.testing import ScriptedNode, eventually, settle
from llmlb.testing.waiting import within
from tests.integration.bench import CHAT, Bench, bench, config

OFTEN = settings(max_examples=2 * settings().max_examples)
KEYS = (KeyConfig(name="a", key="sk-a"), KeyConfig(name="b", key="sk-b"))
BODY = b'{"model":"m"}'.ljust(400)


def asked(path: str = CHAT, *lines: str, body: bytes = BODY) -> bytes:
    head = "".join(f"{line}\r\n" for line in (f"POST {path} HTTP/1.1", "Host: x", "X-Api-Key: sk-a", *lines))
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


PLAIN = asked()
SENT = [
    PLAIN, PLAIN, PLAIN, asked(f"{CHAT}#x"), asked(f"{CHAT}?x"), asked(CHAT, "TE: x"), asked(CHAT, "Connection: close"),
    asked(CHAT, "Expect: 100-continue"), asked(body=b"-" * 20), PLAIN.replace(b"sk-a", b"sk-x"), asked(body=BODY * 30),
    asked(body=BODY.replace(b"}", b',"stream":true}')), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    PLAIN * 3, PLAIN * 40, asked(CHAT, "Content-Encoding: gzip"), b"\r\n", b"nonsense\r\n\r\n",
    b"GET /healthz HTTP/1.1\r\nX: ", PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
]  # fmt: skip


@attrs.frozen
class Target:
    """A gateway that lives through all the examples of this file."""

    runner: asyncio.Runner
    gateway: Bench
    said: io.StringIO
    crashes: list[str]
    """What the event loop tells of."""


@pytest.fixture(scope="module")
def target() -> Iterator[Target]:
    said = io.StringIO()
    logs.configure(Log(format="json", level="warning"), stream=said)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        crashes: list[str] = []
        runner.get_loop().set_exception_handler(lambda _, context: crashes.append(repr(context)))
        yield Target(runner, runner.run(begin(stack)), said, crashes)
        runner.run(stack.aclose())
    structlog.reset_defaults()


async def begin(stack: AsyncExitStack) -> Bench:
    nodes = [await stack.enter_async_context(ScriptedNode()) for _ in range(2)]
    for node in nodes:
        node.auto()
    server = Server(locale="en", body_limit=10_000, waiting_bytes=30_000)
    return await stack.enter_async_context(bench(config(*nodes, server=server, queue=Queue(max_size=5), keys=KEYS)))


@attrs.frozen
class Move:
    """Something that a client does, or, where it is nothing, the operator."""

    client: int
    what: str
    sent: bytes = b""
    place: int = 0


clients = st.integers(0, 2)
moves = st.one_of(
    st.builds(Move, clients, st.just("sends"), st.sampled_from(SENT)),
    st.builds(Move, clients, st.just("sends"), st.sampled_from(SENT)),
    st.builds(Move, clients, st.just("begins"), st.sampled_from(SENT), st.integers(1, 500)),
    st.builds(Move, clients, st.sampled_from(["rests", "leaves", "hangs up", "ends", "keys", "drains"])),
)


async def play(gateway: Bench, played: list[Move]) -> None:
    gate, before = gateway.gateway, gateway.gateway.config
    open_ones: dict[int, asyncio.StreamWriter] = {}
    owed: dict[int, bytes] = {}
    ended: list[asyncio.StreamWriter] = []
    for move in played:
        if move.client not in open_ones:
            _, open_ones[move.client] = await asyncio.open_connection("127.0.0.1", gateway.port)
            owed[move.client] = b""
        writer = open_ones[move.client]
        if move.what == "sends":
            writer.write(owed[move.client] + move.sent)
            owed[move.client] = b""
        elif move.what == "begins":
            writer.write(owed[move.client] + move.sent[: move.place])
            owed[move.client] = move.sent[move.place :]
        elif move.what == "rests":
            await settle(10)
        elif move.what == "ends":
            with suppress(OSError):
                writer.write_eof()
            ended.append(open_ones.pop(move.client))
        elif move.what == "keys":
            keys = KEYS[1:] if gate.config.api_keys == KEYS else KEYS
            gate.apply(attrs.evolve(before, api_keys=keys))
        elif move.what == "drains":
            gate.draining = not gate.draining
        else:
            writer.transport.abort() if move.what == "hangs up" else writer.close()
            del open_ones[move.client]
        await settle(move.place % 4)
    gate.draining = False
    gate.apply(before)
    for writer in [*open_ones.values(), *ended]:
        writer.transport.abort()
    await eventually(lambda: not gate._inside, "all requests are over")
    await gateway.quiet()
    assert gate.bodies.held == 0
    assert not gate._visits
    assert (await gateway.post(key="sk-a")).status == 200


@OFTEN
@given(st.lists(moves, min_size=1, max_size=12))
def test_nothing_is_left_of_whatever_clients_do(target: Target, played: list[Move]) -> None:
    target.said.seek(0)
    target.said.truncate()
    target.runner.run(within(20, play(target.gateway, played), lambda: f"{played!r} is over"))
    logs.flush()
    said = target.said.getvalue()
    assert not re.search(r'"level":"(error|critical)"|Traceback', said), said
    assert not target.crashes
