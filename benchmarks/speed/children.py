"""Processes of the measuring: started on the core that is theirs, and ended in any case."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmarks.program import ROOT
from benchmarks.speed.cores import LOAD, kept_to
from benchmarks.speed.load import Asked, Got, as_argument

END_SECS = 10.0
LINE_LIMIT = 2**26


class Broken(Exception):
    """A process of the measuring did not do what it was there for."""


@asynccontextmanager
async def child(
    arguments: Sequence[str], core: Collection[int], *, folder: Path = ROOT, out: int, environ: Mapping[str, str] = {}
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that runs as long as the block; `out` is where it says what it says, standard error too if a file."""
    # Users see starts that find everything compiled.
    unwanted = ("LLMLB_", "PYTHONDONTWRITEBYTECODE")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    with kept_to(core):
        process = await asyncio.create_subprocess_exec(
            *arguments,
            cwd=folder,
            env={**plain, "PYTHONPATH": str(ROOT), **environ},
            stdin=asyncio.subprocess.PIPE,
            stdout=out,
            stderr=asyncio.subprocess.STDOUT if out >= 0 else None,
            limit=LINE_LIMIT,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(END_SECS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@attrs.frozen
class Nodes:
    """The nodes, seen from outside."""

    ports: Sequence[int]
    _process: asyncio.subprocess.Process

    async def tell(self, do: str, **more: Any) -> dict[str, Any]:
        """Give them a command, see `benchmarks.speed.node`, and hear how they stand."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")
        told: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return told

    async def be(self, **ways: float | None) -> None:
        """Answer so from now on."""
        await self.tell("set", ways=ways)


@asynccontextmanager
async def nodes(count: int, serving: int) -> AsyncIterator[Nodes]:
    """So many, of which the first `serving` have the model that is asked for."""
    arguments = [sys.executable, "-m", "benchmarks.speed.node", str(count), str(serving)]
    async with child(arguments, LOAD, out=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        yield Nodes(json.loads(await process.stdout.readline()), process)


async def load(asked: Asked) -> Got:
    """Put load on. Raises Broken."""
    arguments = [sys.executable, "-m", "benchmarks.speed.load", as_argument(asked)]
    async with child(arguments, LOAD, out=asyncio.subprocess.PIPE) as process:
        assert process.stdout is not None
        said = await process.stdout.read()
        await process.wait()
    if not said:
        raise Broken("the load ended without a result")
    return Got(**json.loads(said))
