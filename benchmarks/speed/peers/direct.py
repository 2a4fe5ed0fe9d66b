"""Nobody in between: what load and nodes cost by themselves."""

from __future__ import annotations

from pathlib import Path

import attrs

from benchmarks.speed.peers.peer import Setup


@attrs.frozen
class Direct:
    """The load speaks to the first node, which then has more than one request at a time."""

    name: str = "direct"
    kind: str = "direct"
    probes: bool = False
    queues: bool = False

    def version(self) -> str:
        """There is none."""
        return "-"

    def prepare(self, folder: Path, port: int, setup: Setup) -> None:
        """Nothing is started."""
