"""Nodes whose names are not found, nor said to be unknown: the resolver is silent, as when its server is gone."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from llmlb.testing import ScriptedNode, eventually
from tests.process.caller import Caller, chat_body, request_bytes
from tests.process.commands import command
from tests.process.program import ROOT, START_SECS, Program, config_text
from tests.process.test_stopping import QUICK

SILENT = 40
"""Nodes: more than asyncio has threads for such questions, on any machine."""
RESOLVER = """
import socket, threading
found = socket.getaddrinfo
def getaddrinfo(host, *rest):
    if host.endswith(".example"):
        threading.Event().wait()
    return found(host, *rest)
socket.getaddrinfo = getaddrinfo
"""


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    """A gateway with one node that is found by its name, among many that are not."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(RESOLVER, encoding="utf-8")
    async with ScriptedNode(models=["m"]) as node:
        node.auto()
        nodes = [(f"n{number}", f"http://node-{number}.example:9") for number in range(SILENT)]
        nodes.append(("found", node.url.replace("127.0.0.1", "localhost")))
        (tmp_path / "config.toml").write_text(config_text(nodes, {"server": {"port": 0}}), encoding="utf-8")
        started = Program(tmp_path, "serve", env={"PYTHONPATH": f"{site}:{ROOT}"})
        yield started
        started.kill()


async def test_names_that_hang_hold_up_no_other_name_and_nothing_else(program: Program, tmp_path: Path) -> None:
    port = int((await program.says(r"http://localhost:(\d+)"))[1])
    await eventually(lambda: '"node":"found","kind":"openai","state":"online"' in program.err, "found", START_SECS)
    caller = await Caller.connect(port)
    await caller.send(request_bytes(chat_body()))
    assert (await caller.reply()).status == 200
    for path in ("/metrics", "/"):  # whose first answer is prepared in a thread
        await caller.send(request_bytes(method="GET", path=path))
        assert (await caller.reply()).status == 200
    status = await command(tmp_path, "status")
    assert "found" in status.stdout
    program.send(signal.SIGHUP)
    await eventually(lambda: '"configuration applied","by":"SIGHUP"' in program.err, "the file is read again")
    await caller.close()
    program.send(signal.SIGTERM)
    assert await program.exit_code(QUICK) == 0
    assert "Traceback" not in program.err
