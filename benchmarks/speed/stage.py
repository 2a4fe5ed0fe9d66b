"""One peer in front of its nodes, ready to be measured."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import attrs

from benchmarks.speed.children import Broken, Nodes, child, load, nodes
from benchmarks.speed.cores import PEER
from benchmarks.speed.load import Asked, Got, request
from benchmarks.speed.peers.peer import Peer, Setup
from benchmarks.speed.usage import asleep, cpu_secs, family, resident_kib

READY_SECS = 120.0
LOOK_SECS = 0.005
OUT = "out"
QUIET_SECS, QUIET_SHARE = 0.5, 0.02
BUSY_SHARE, STEADY, LOOKS = 0.5, 1.5, 3


@attrs.frozen
class Stage:
    """What is measured, and with what."""

    port: int
    nodes: Nodes
    keys: Sequence[str]
    pids: Sequence[int]
    """Of the peer; none where there is nobody in between."""
    ready_secs: float
    """From its start to the first answer from a node."""

    async def load(self, connections: int, secs: float, **more: Any) -> Got:
        """Put load on, with one key unless told otherwise. Raises Broken."""
        asked = Asked(port=self.port, connections=connections, secs=secs, pids=self.pids, **more)
        return await load(asked)

    @property
    def resident_kib(self) -> float:
        """Memory that the peer holds."""
        return resident_kib(self.pids)

    async def cpu_share(self, secs: float) -> float:
        """The share of a core that the peer takes while nothing is done to it."""
        before, begin = cpu_secs(self.pids), perf_counter()
        await asyncio.sleep(secs)
        return (cpu_secs(self.pids) - before) / (perf_counter() - begin)

    async def quiet(self, secs: float = READY_SECS) -> None:
        """Wait until the peer has done what there was to do. Raises Broken."""
        async with within(secs, "the peer does not come to rest"):
            while True:
                asleep_before = asleep(self.pids)
                share = await self.cpu_share(QUIET_SECS)
                if share <= QUIET_SHARE and asleep_before and asleep(self.pids):
                    return

    async def settled(self, secs: float = READY_SECS) -> None:
        """Wait until the peer does no more than what it always does, such as looking after its nodes. Raises Broken."""
        async with within(secs, "the peer does not settle"):
            shares = [1.0]
            while shares[-1] > QUIET_SHARE and not steady(shares):
                shares.append(await self.cpu_share(QUIET_SECS))


def steady(shares: Sequence[float]) -> bool:
    """Whether the last of these shares of a core differ little, and leave most of it."""
    last = shares[-LOOKS:]
    return len(last) == LOOKS and max(last) < BUSY_SHARE and max(last) < STEADY * min(last)


@asynccontextmanager
async def staged(
    peer: Peer, *, count: int = 4, serving: int | None = None, keys: int = 2, queue: int = 10_000
) -> AsyncIterator[Stage]:
    """The peer before so many nodes, of which `serving` (all) have the model. Raises Broken or Missing."""
    async with nodes(count, count if serving is None else serving) as behind:
        known = [f"sk-{number}" for number in range(keys)]
        setup = Setup(ports=behind.ports, keys=known, queue=queue)
        with TemporaryDirectory() as name:
            folder, port = Path(name), free_port()
            command = peer.prepare(folder, port, setup)
            if command is None:
                yield Stage(behind.ports[0], behind, known, (), 0.0)
                return
            with (folder / OUT).open("wb") as out:
                begin = perf_counter()
                arguments, environ = command.arguments, command.environ
                async with child(arguments, PEER, folder=folder, out=out.fileno(), environ=environ) as process:
                    async with within(READY_SECS, f"{peer.name} does not answer"):
                        await _answers(port, known[0], process, folder)
                        ready_secs = perf_counter() - begin
                        if peer.probes:
                            await _all_probed(behind)
                    try:
                        yield Stage(port, behind, known, family(process.pid), ready_secs)
                    except (Broken, ProcessLookupError, FileNotFoundError) as error:  # there is nothing to look at
                        if process.returncode is None and isinstance(error, Broken):
                            raise
                        raise Broken(f"{error}: the peer ended with {process.returncode}: {_said(folder)}") from error


def free_port() -> int:
    """One on which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


@asynccontextmanager
async def within(secs: float, what: str) -> AsyncIterator[None]:
    """Raises Broken, with `what`, when the block takes longer."""
    try:
        async with asyncio.timeout(secs):
            yield
    except TimeoutError as error:
        raise Broken(f"{what} within {secs:g} s") from error


async def _all_probed(behind: Nodes) -> None:
    while True:
        if (await behind.tell("look"))["probed"] == len(behind.ports):
            return
        await asyncio.sleep(LOOK_SECS)


async def _answers(port: int, key: str, process: asyncio.subprocess.Process, folder: Path) -> None:
    """Ask until a node answers through it."""
    while True:
        if process.returncode is not None:
            raise Broken(f"the peer ended with {process.returncode}: {_said(folder)}")
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(request(300, key))
                line = await reader.readline()
            finally:
                writer.transport.abort()
        except OSError:
            line = b""
        if b" 200 " in line:
            return
        await asyncio.sleep(LOOK_SECS)


def _said(folder: Path) -> str:
    """The end of what it has said, and of its log if it has one."""
    files = [folder / OUT, *folder.glob("*.log")]
    return "\n".join(file.read_text(encoding="utf-8", errors="replace").strip()[-500:] for file in files)
