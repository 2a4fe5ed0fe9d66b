"""The least proxy that aiohttp makes."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import attrs

from benchmarks.program import ROOT
from benchmarks.speed.peers.peer import Command, Setup


@attrs.frozen
class Minimal:
    """See `benchmarks.speed.minimal`."""

    name: str = "minimal"
    kind: str = "minimal"
    probes: bool = False
    queues: bool = True

    def version(self) -> str:
        """Of what it is made of."""
        return f"aiohttp {version('aiohttp')}"

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command:
        """It has nothing to set up."""
        arguments = [sys.executable, "-m", "benchmarks.speed.minimal", str(port), *map(str, setup.ports)]
        return Command(arguments, {"PYTHONPATH": str(ROOT)})
