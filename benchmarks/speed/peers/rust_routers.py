"""The routers written in Rust that vLLM and SGLang ship. What should wait in them is refused, so nobody waits here.

They give a node as many requests at a time as come; the issue of who is next does not arise.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path

import attrs

from benchmarks.speed.peers.peer import Command, Setup
from benchmarks.speed.peers.venvs import installed


@attrs.frozen
class RustRouter:
    """A router from PyPI, at the version that is written here."""

    name: str
    pinned: str
    program: Sequence[str]
    """In the environment of the package, with what it is told besides ports and nodes."""
    probes: bool = False
    queues: bool = False

    @property
    def kind(self) -> str:
        """There is but one of each."""
        return self.name

    def version(self) -> str:
        """The pinned one. Raises Missing."""
        installed(f"{self.name}=={self.pinned}")
        return self.pinned

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command:
        """Requests go to nodes in turns. Raises Missing."""
        where = installed(f"{self.name}=={self.pinned}")
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            metrics = one.getsockname()[1]
        first, *more = self.program
        arguments = [str(where / first), *more, "--host", "127.0.0.1", "--port", str(port)]
        arguments += ["--prometheus-port", str(metrics), "--policy", "round_robin"]
        arguments += ["--max-concurrent-requests", "20000", "--request-timeout-secs", "3600"]
        arguments += ["--worker-urls", *(f"http://127.0.0.1:{node}" for node in setup.ports)]
        return Command(arguments)


VLLM = RustRouter("vllm-router", "0.1.17", ("vllm-router", "--log-level", "warning"))
SGLANG = RustRouter("sglang-router", "0.3.2", ("python", "-m", "sglang_router.launch_router", "--log-level", "warn"))
