"""Asks the gateway again and again how it is, from a process that does nothing else: each time on a new connection.

Standard input is told what is going on, so that the answers can be told apart by it; its end ends the process.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import perf_counter, sleep

import attrs

from benchmarks.program import ROOT

PATHS = ("/healthz", "/readyz", "/api/queue/stats", "/metrics", "/")
EVERY_SECS = 0.02
PATIENCE_SECS = 30.0


@attrs.frozen
class Look:
    """One answer."""

    phase: str
    path: str
    secs: float
    status: int
    """0 where there was none."""


def look(port: int, path: str) -> tuple[float, int]:
    """Ask once, blocking: seconds until all of the answer was there, and its status."""
    begin = perf_counter()
    data = b""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_SECS) as one:
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            while piece := one.recv(2**20):
                data += piece
    except OSError:
        return perf_counter() - begin, 0
    return perf_counter() - begin, int(data.split()[1]) if data else 0


def _main(port: int) -> None:
    phase = ""
    found: list[tuple[str, str, float, int]] = []
    while True:
        for path in PATHS:
            if select.select([sys.stdin], [], [], 0)[0]:
                # Not readline: what it reads ahead is hidden from select.
                phase = os.read(sys.stdin.fileno(), 4096).decode().rstrip().rpartition("\n")[2]
                if phase in {"", "end"}:
                    print(json.dumps(found), flush=True)
                    return
            if phase != "-":
                found.append((phase, path, *look(port, path)))
            sleep(EVERY_SECS)


class Looking:
    """The process, seen from outside."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.looks: list[Look] = []
        """All of them, once it is over."""

    async def phase(self, name: str) -> None:
        """What is going on from now on; "-" is nothing that has to be looked at."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{name}\n".encode())
        await self._process.stdin.drain()

    async def end(self) -> None:
        """Look no more."""
        said, _ = await self._process.communicate(b"end\n")
        self.looks = [Look(*one) for one in json.loads(said)]

    def secs(self, phase: str, path: str) -> Sequence[float]:
        """How long the answers took, shortest first; those that did not come or were no 200 took for ever."""
        mine = [one for one in self.looks if (one.phase, one.path) == (phase, path)]
        return sorted(one.secs if one.status == 200 else float("inf") for one in mine)


@asynccontextmanager
async def looking(port: int) -> AsyncIterator[Looking]:
    """Look until the block is left."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.scale.looks", str(port),
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    one = Looking(process)
    await one.phase("-")
    try:
        yield one
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    _main(int(sys.argv[1]))
