"""The gateway under trouble: a process of its own, seen through its output, its port and what the system tells."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.program import ROOT, NotReady, comes

ASK_SECS = 10.0
_LISTENS = re.compile(r"http://localhost:(\d+)")


class Gateway:
    """`python -m llmlb serve --config FILE` in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "config.toml"
        self.port = 0
        self._out, self._err = folder / "stdout", folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0
        self._part = b""

    async def start(self) -> None:
        """Start it and wait until it says where it listens. Raises NotReady."""
        self._process = self._started()

        async def said() -> bool:
            return _LISTENS.search(self._out.read_text()) is not None or self.code is not None

        await comes(said, "the gateway does not say where it listens")
        found = _LISTENS.search(self._out.read_text())
        if found is None:
            raise NotReady(f"the gateway ended with {self.code}: {self._err.read_text()[-500:]}")
        self.port = int(found[1])

    def _started(self) -> subprocess.Popen[bytes]:
        plain = {name: value for name, value in os.environ.items() if not name.startswith("LLMLB_")}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            return subprocess.Popen(
                [sys.executable, "-m", "llmlb", "serve", "--config", str(self.config)],
                cwd=self.folder,
                env=plain | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.poll() if self._process is not None else None

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self._process is not None and self.code is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """End it in any case."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run `llmlb ARGUMENTS` beside it: the exit code and what it said."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "llmlb", *arguments,
            cwd=self.folder, env=os.environ | {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()

    # What it tells

    async def get(self, path: str) -> bytes:
        """The body of the answer to a GET. Raises OSError or TimeoutError."""
        async with asyncio.timeout(ASK_SECS):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                key = "Authorization: Bearer key-one\r\nConnection: close"
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{key}\r\n\r\n".encode())
                return (await reader.read()).partition(b"\r\n\r\n")[2]
            finally:
                writer.transport.abort()

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """All metrics, by name and the values of their labels."""
        text = (await self.get("/metrics")).decode()
        return {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def new_lines(self) -> list[dict[str, Any] | str]:
        """What it has logged since the last call; as text where it is no JSON."""
        with self._err.open("rb") as file:
            file.seek(self._read)
            data = file.read()
        self._read += len(data)
        *lines, self._part = (self._part + data).split(b"\n")
        found: list[dict[str, Any] | str] = []
        for line in lines:
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append(line.decode(errors="replace"))
        return found

    # What the system tells of it

    @property
    def resident(self) -> int:
        """Bytes of memory it holds."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")

    @property
    def cpu_secs(self) -> float:
        """Seconds of a processor it has used."""
        assert self._process is not None
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def descriptors(self) -> int:
        """Files and sockets it has open."""
        assert self._process is not None
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))
