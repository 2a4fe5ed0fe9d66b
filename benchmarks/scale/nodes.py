"""Many nodes in one process of their own: each has a port, and counts what it has at once.

A request says in its body how long it takes (`secs`), and how many events its stream has (`events`), one every `secs`.
Each event and each reply has the request's id, so that a client sees whose it is. Those that are `held` wait for
"release". Commands come as lines on standard input, answers go as lines of JSON to standard output.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import attrs

from benchmarks.program import ROOT
from benchmarks.wire import MODELS, Messages

_HEAD = b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def raise_descriptor_limit() -> None:
    """Let this process have as many sockets as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


# In the process of the nodes


@attrs.define(eq=False)
class _Slot:
    """One node."""

    now: int = 0
    most: int = 0
    served: int = 0


class _Gate:
    """Where requests wait that are held."""

    def __init__(self) -> None:
        self.open = asyncio.Event()


class _Serving(Messages):
    """A connection to a node."""

    def __init__(self, slot: _Slot, gate: _Gate) -> None:
        super().__init__()
        self._slot = slot
        self._gate = gate
        self._task: asyncio.Task[None] | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._task is not None:
            self._task.cancel()

    def whole(self, message: bytes) -> None:
        head, _, body = message.partition(b"\r\n\r\n")
        if not head.startswith(b"POST "):
            asked = head.startswith(b"GET /v1/models ")
            self._send(b"200 OK" if asked else b"404 Not Found", MODELS if asked else b"{}")
            return
        self._task = asyncio.get_running_loop().create_task(self._serve(_request_id(head), json.loads(body)))

    async def _serve(self, id: str, asked: dict[str, Any]) -> None:
        slot = self._slot
        slot.now += 1
        slot.most = max(slot.most, slot.now)
        try:
            if asked.get("held"):
                await self._gate.open.wait()
            if asked.get("stream"):
                await self._stream(id, asked)
            else:
                await asyncio.sleep(asked.get("secs", 0.0))
                slot.now -= 1  # the next request may be here before this task goes on
                slot.served += 1
                self._send(b"200 OK", json.dumps({"id": id, "object": "chat.completion", "choices": []}).encode())
                return
        except asyncio.CancelledError:
            slot.now -= 1
            raise
        slot.now -= 1
        slot.served += 1
        self.transport.write(b"0\r\n\r\n")

    async def _stream(self, id: str, asked: dict[str, Any]) -> None:
        self.transport.write(_STREAM_HEAD)
        for number in range(asked["events"]):
            data = json.dumps({"id": id, "number": number, "choices": []})
            self._chunk(f"data: {data}\n\n".encode())
            await asyncio.sleep(asked["secs"])
        self._chunk(b"data: [DONE]\n\n")

    def _chunk(self, data: bytes) -> None:
        self.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def _send(self, status: bytes, body: bytes) -> None:
        self.transport.write(_HEAD % (status, len(body)) + body)


def _request_id(head: bytes) -> str:
    lines = (line.partition(b":") for line in head.split(b"\r\n"))
    return next((value.strip().decode() for name, _, value in lines if name.lower() == b"x-request-id"), "")


async def _main(count: int) -> None:
    loop = asyncio.get_running_loop()
    gate = _Gate()
    slots = [_Slot() for _ in range(count)]

    servers = [await loop.create_server(partial(_Serving, slot, gate), "127.0.0.1", 0) for slot in slots]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().strip():
        if line == "release":
            gate.open.set()
        elif line == "hold":
            gate.open.clear()
        counts = {"now": [s.now for s in slots], "most": [s.most for s in slots], "served": [s.served for s in slots]}
        print(json.dumps(counts), flush=True)


# In the process that measures


@attrs.frozen
class Counts:
    """By node, requests it has, had at most at once, and has served."""

    now: list[int]
    most: list[int]
    served: list[int]


@attrs.frozen
class Nodes:
    """The nodes, seen from outside."""

    ports: list[int]
    _process: asyncio.subprocess.Process

    async def release(self) -> None:
        """Let those go on that are held, and hold nobody any more."""
        await self._tell("release")

    async def hold(self) -> None:
        """Hold those to come."""
        await self._tell("hold")

    async def counts(self) -> Counts:
        """What each of them has."""
        return await self._tell("counts")

    async def _tell(self, command: str) -> Counts:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        return Counts(**json.loads(await self._process.stdout.readline()))


@asynccontextmanager
async def nodes(count: int) -> AsyncIterator[Nodes]:
    """So many nodes."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.scale.nodes", str(count),
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**20,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        yield Nodes(json.loads(await process.stdout.readline()), process)
    finally:
        process.kill()
        await process.wait()


if __name__ == "__main__":
    raise_descriptor_limit()
    asyncio.run(_main(int(sys.argv[1])))
