"""Configurations and nodes of the rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from llmlb.config.model import Config, Fairness, KeyConfig, Queue
from llmlb.simulate.job import NodeSpec

NEVER_SECS = 1_000_000
"""A timeout that nobody lives to see."""
SFQ_QUANTUM = 0.001
"""With next to no quantum, deficit round robin is start-time fair queueing: always the least served."""


def settings(
    *,
    weights: Mapping[str, float] | None = None,
    cost: Literal["seconds", "request", "tokens"] = "seconds",
    quantum: float = 0.0,
    fair: bool = True,
    max_size: int = 100,
    timeout: int = 60,
    when_full: Literal["refuse", "push_out"] = "refuse",
    default_secs: float = 10.0,
) -> Config:
    """A configuration: what is not named is as it comes."""
    return Config(
        queue=Queue(max_size=max_size, timeout_secs=timeout, enable_fairness=fair, when_full=when_full),
        fairness=Fairness(cost=cost, quantum=quantum, default_service_secs=default_secs),
        api_keys=tuple(KeyConfig(name=name, key=name, weight=weight) for name, weight in (weights or {}).items()),
    )


def nodes(*models: str) -> tuple[NodeSpec, ...]:
    """A node for each text: every letter of it is a model it serves."""
    return tuple(NodeSpec(f"node-{number}", tuple(letters)) for number, letters in enumerate(models, 1))


def alike(count: int) -> tuple[NodeSpec, ...]:
    """So many nodes that serve the same."""
    return nodes(*[""] * count)
