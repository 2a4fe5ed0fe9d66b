"""The program as a user starts it: a process of its own, seen through its output, its port and its exit code."""

# ruff: noqa: ASYNC109 - the failure messages say how long was waited

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmlb.testing import ScriptedNode, eventually
from llmlb.testing.waiting import pause, within
from tests.process.caller import CHAT, PATIENCE, Caller, Pairs, Reply, chat_body, request_bytes

ROOT = Path(__file__).parents[2]
START_SECS = 20.0
"""Importing everything on a machine that is busy with other things."""

Tables = Mapping[str, Mapping[str, object]]


def config_text(nodes: Iterable[tuple[str, str]], tables: Tables) -> str:
    """A configuration file: nodes as (name, url), and other tables."""
    lines = []
    for table, settings in tables.items():
        lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
    for name, url in nodes:
        lines += ["[[nodes]]", f"name = {json.dumps(name)}", f"url = {json.dumps(url)}"]
    return "\n".join(lines) + "\n"


class Program:
    """`python -m llmlb ...` in `folder`. Its output goes to files, so that it never waits for us to read."""

    def __init__(self, folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / "stdout", folder / "stderr"
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "llmlb", *arguments],
                cwd=folder,
                env=plain | {"LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)} | dict(env or {}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def out(self) -> str:
        """Its standard output so far."""
        return self._out.read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        """Its standard error so far."""
        return self._err.read_text(encoding="utf-8")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def exit_code(self, timeout: float = START_SECS) -> int:
        """Wait for its end."""
        await eventually(lambda: self.process.poll() is not None, f"the program ends; it said:\n{self.err}", timeout)
        assert self.process.returncode is not None
        return self.process.returncode

    async def says(self, pattern: str, timeout: float = START_SECS) -> re.Match[str]:
        """Wait until its standard output has `pattern`."""
        await eventually(
            lambda: re.search(pattern, self.out) or self.process.poll() is not None, f"{pattern!r} on stdout", timeout
        )
        found = re.search(pattern, self.out)
        assert found is not None, f"{pattern!r} not said:\n{self.out}{self.err}"
        return found

    def kill(self) -> None:
        """End it in any case. Harmless when it has ended."""
        self.process.kill()
        self.process.wait()


class Gateway(Program):
    """A running gateway, the scripted nodes behind it, and the clients a test makes."""

    def __init__(self, folder: Path, nodes: list[ScriptedNode], tables: Tables, env: Mapping[str, str] | None) -> None:
        named = [(f"n{number}", node.url) for number, node in enumerate(nodes)]
        usual: Tables = {"server": {"port": 0, "drain_secs": 5, **tables.get("server", {})}}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.toml").write_text(config_text(named, {**tables, **usual}), encoding="utf-8")
        super().__init__(folder, "serve", env=env)
        self.nodes = nodes
        self.port = 0
        self.folder = folder
        self._callers: list[Caller] = []
        self._expected: set[str] = set()

    async def ready(self) -> None:
        """Wait until it listens and has found all of its nodes."""
        self.port = int((await self.says(r"http://localhost:(\d+)"))[1])

        await self.all_online()
        assert (await self.get("/readyz")).status == (200 if self.nodes else 503)

    @property
    def node(self) -> ScriptedNode:
        """The only node."""
        (node,) = self.nodes
        return node

    # Clients

    async def connect(self, id: str = "", *, limit: int = 2**20) -> Caller:
        """A client that has sent nothing."""
        caller = await Caller.connect(self.port, id, limit=limit)
        self._callers.append(caller)
        return caller

    async def call(
        self, id: str, *, key: str = "k", stream: bool = False, model: str = "m", path: str = CHAT, headers: Pairs = ()
    ) -> Caller:
        """A client that has sent a request."""
        caller = await self.connect(id)
        pairs = [("Authorization", f"Bearer {key}"), ("X-Request-Id", id), *headers]
        await caller.send(request_bytes(chat_body(model, stream=stream), path=path, headers=pairs))
        return caller

    async def queued(self, id: str, *, key: str = "k", stream: bool = False, waiting: int | None = None) -> Caller:
        """A client whose request waits by now; `waiting` requests with it, if given, else one more than before."""
        expected = (await self.stats())["waiting_count"] + 1 if waiting is None else waiting
        caller = await self.call(id, key=key, stream=stream)
        await self.counts(waiting=expected)
        return caller

    async def get(self, path: str, headers: Pairs = ()) -> Reply:
        """The answer to a GET on a connection of its own."""
        caller = await Caller.connect(self.port)
        try:
            await caller.send(request_bytes(method="GET", path=path, headers=[*headers, ("Connection", "close")]))
            return await caller.reply()
        finally:
            await caller.close()

    async def stats(self) -> dict[str, Any]:
        """`/api/queue/stats` at this moment."""
        answer: dict[str, Any] = (await self.get("/api/queue/stats")).json
        return answer

    async def counts(self, *, waiting: int, processing: int | None = None, timeout: float = PATIENCE) -> None:
        """Wait until so many wait and are in service."""
        seen: dict[str, Any] = {}

        async def come() -> None:
            while seen.get("waiting_count") != waiting or processing not in (None, seen["processing_count"]):
                await pause(0.003)
                seen.update(await self.stats())

        await within(timeout, come(), lambda: f"waiting {waiting}, processing {processing}; it is {seen}\n{self.err}")

    def order(self, node: int = 0) -> list[str | None]:
        """The ids of the requests a node got, in that order."""
        return [received.header("x-request-id") for received in self.nodes[node].seen]

    # What it says

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines of its log so far."""
        return [
            json.loads(line) for line in self.err.splitlines(keepends=True) if line.startswith("{") and line[-1] == "\n"
        ]

    @property
    def visits(self) -> dict[str, dict[str, Any]]:
        """The one log line of every request, by its id."""
        lines = [event for event in self.log if event["event"] == "request"]
        assert len({line["id"] for line in lines}) == len(lines), "a request has two lines"
        return {line["id"]: line for line in lines}

    def outcomes(self) -> Counter[str]:
        """How many requests ended in which way."""
        return Counter(line["outcome"] for line in self.visits.values())

    async def logged(self, *ids: str) -> dict[str, dict[str, Any]]:
        """Wait for the log lines of these requests."""
        await eventually(lambda: self.visits.keys() >= set(ids), f"log lines of {ids}")
        return self.visits

    async def told(self, event: str) -> None:
        """Wait until the log has a line for this event."""
        await eventually(lambda: any(line["event"] == event for line in self.log), f"{event!r} in the log")

    async def all_online(self, timeout: float = START_SECS) -> None:
        """Wait until every node is online."""

        def online() -> bool:
            states = {line["node"]: line["state"] for line in self.log if line["event"] == "node"}
            return list(states.values()) == ["online"] * len(self.nodes)

        await eventually(online, "every node is online", timeout)

    # What is done to it

    async def freeze(self) -> None:
        """Let no time pass for it, so that everything done until `thaw` reaches it at the same moment."""
        self.send(signal.SIGSTOP)
        stat = Path(f"/proc/{self.process.pid}/stat")
        await eventually(lambda: stat.read_text().rpartition(") ")[2].startswith("T"), "the process is stopped")

    def thaw(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    async def stop(self) -> None:
        """End it as an operator would, and check that it ends well and has said nothing alarming."""
        for caller in self._callers:
            await caller.close()
        if self.process.poll() is None:
            self.thaw()
            self.send(signal.SIGTERM)
            assert await self.exit_code() == 0, self.err
        self.is_calm()

    def expect_errors(self, event: str) -> None:
        """Lines of this event are what the test wanted to see."""
        self._expected.add(event)

    def is_calm(self) -> None:
        """Nothing in its output is a crash, nor an error that no test expects."""
        assert "Traceback" not in self.err + self.out, self.err
        alarming = [line for line in self.log if line["level"] in {"error", "critical"}]
        assert [line for line in alarming if line["event"] not in self._expected] == []
