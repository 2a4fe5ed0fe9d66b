"""The gateway as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

ROOT = Path(__file__).parents[1]
READY_SECS = 20.0
LOOK_SECS = 0.02


class NotReady(Exception):
    """The gateway did not come up."""


@attrs.frozen
class Program:
    """A gateway that listens on `port`."""

    process: subprocess.Popen[bytes]
    port: int


@asynccontextmanager
async def serving(node_ports: Sequence[int], max_size: int) -> AsyncIterator[Program]:
    """A gateway before the nodes at these ports of this machine. Raises NotReady when it does not come up."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = ["[server]", "port = 0", "drain_secs = 0", "[queue]", f"max_size = {max_size}", "timeout_secs = 3600"]
        for port in node_ports:
            lines += ["[[nodes]]", f'url = "http://127.0.0.1:{port}"', 'models = ["m"]']
        (folder / "config.toml").write_text("\n".join(lines), encoding="utf-8")
        out = folder / "out"
        process = _start(folder, out)
        try:
            port = await _port(process, out)
            await _ready(port)
            yield Program(process, port)
        finally:
            process.terminate()
            try:
                process.wait(READY_SECS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


async def stats(port: int) -> dict[str, int]:
    """How many wait and are in service, and the like."""
    _, body = await _get(port, "/api/queue/stats")
    found: dict[str, int] = json.loads(body)
    return found


async def comes(condition: Callable[[], Awaitable[bool]], what: str, secs: float = READY_SECS) -> None:
    """Wait until it holds. Raises NotReady, with `what`, when it does not come to hold."""
    for _ in range(int(secs / LOOK_SECS)):
        if await condition():
            return
        await asyncio.sleep(LOOK_SECS)
    raise NotReady(what)


def _start(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("LLMLB_")}
    with out.open("wb") as stdout:
        return subprocess.Popen(
            [sys.executable, "-m", "llmlb", "serve"],
            cwd=folder,
            env=plain | {"PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
        )


async def _port(process: subprocess.Popen[bytes], out: Path) -> int:
    async def said_or_ended() -> bool:
        return _said(out) is not None or process.poll() is not None

    await comes(said_or_ended, "the gateway does not say where it listens")
    if (port := _said(out)) is None:
        raise NotReady("the gateway did not start")
    return port


def _said(out: Path) -> int | None:
    found = re.search(r"http://[^/\s]+:(\d+)", out.read_text(encoding="utf-8"))
    return int(found[1]) if found is not None else None


async def _ready(port: int) -> None:
    async def has_node() -> bool:
        status, _ = await _get(port, "/readyz")
        return status == 200

    await comes(has_node, "the gateway finds no node")


async def _get(port: int, path: str) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return int(head.split()[1]), body
    finally:
        writer.close()
