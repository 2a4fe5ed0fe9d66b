"""What is compared: a program that stands between clients and nodes, as it is set up and started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import attrs


class Missing(Exception):
    """It is not installed here, and why."""


@attrs.frozen(kw_only=True)
class Setup:
    """What a peer is put in front of."""

    ports: Sequence[int]
    """Of its nodes, each of which takes one request at a time."""
    keys: Sequence[str] = ("sk-0", "sk-1")
    """API keys that are known to it, if it knows any."""
    queue: int = 10_000
    """So many may wait, if it has a limit."""


@attrs.frozen
class Command:
    """How it is started."""

    arguments: Sequence[str]
    environ: Mapping[str, str] = attrs.field(factory=dict)
    """Besides what there is."""


class Peer(Protocol):
    """An adapter."""

    @property
    def name(self) -> str:
        """What it is called in tables."""

    @property
    def kind(self) -> str:
        """What it is, whatever it is called."""

    @property
    def probes(self) -> bool:
        """Whether it asks its nodes for their models before it gives them anything."""

    @property
    def queues(self) -> bool:
        """Whether requests wait in it until a node is free."""

    def version(self) -> str:
        """Of the program. Raises Missing."""

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command | None:
        """Write what it needs to listen on this port; None where nothing is to be started. Raises Missing."""
