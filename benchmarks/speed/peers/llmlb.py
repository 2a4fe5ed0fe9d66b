"""llmlb itself, as users start it, with everything switched on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import attrs

from benchmarks.program import ROOT
from benchmarks.speed.peers.peer import Command, Missing, Setup


@attrs.frozen
class Llmlb:
    """`python -m llmlb serve` of a checkout: this one, or another to compare with."""

    name: str = "llmlb"
    root: Path = ROOT
    kind: str = "llmlb"
    probes: bool = True
    queues: bool = True

    def version(self) -> str:
        """Its version and commit."""
        self._check()
        asked = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        said = subprocess.run(asked, cwd=self.root, capture_output=True, text=True, check=False).stdout.strip()
        return said or "no commit"

    def _check(self) -> None:
        """Without this, the llmlb that is installed would be measured in its place."""
        if not (self.root / "llmlb" / "__main__.py").exists():
            raise Missing(f"{self.root} is no checkout of llmlb")

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command:
        """Keys, fairness, probes and metrics, and a log line for each request in a file. Raises Missing."""
        self._check()
        lines = ["[server]", f"port = {port}", "drain_secs = 0"]
        lines += ["[queue]", f"max_size = {setup.queue}", "timeout_secs = 3600", "enable_fairness = true"]
        lines += ["[log]", 'level = "info"', 'format = "json"', 'file = "llmlb.log"']
        for number, node in enumerate(setup.ports):
            lines += ["[[nodes]]", f'url = "http://127.0.0.1:{node}"', f'name = "node-{number}"']
        for number, key in enumerate(setup.keys):
            lines += ["[[api_keys]]", f'name = "key-{number}"', f'key = "{key}"', f"weight = {1 + number % 2}"]
        (folder / "config.toml").write_text("\n".join(lines), encoding="utf-8")
        arguments = [sys.executable, "-m", "llmlb", "serve", "--config", "config.toml"]
        return Command(arguments, {"PYTHONPATH": str(self.root)})
