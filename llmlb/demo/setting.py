"""The stage of the demo: two simulated nodes, the keys that may use them, and the configuration that joins them."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from llmlb.clock import Clock
from llmlb.config.model import Config, Fairness, KeyConfig, Log, NodeConfig
from llmlb.demo.node import SimulatedNode

MODEL = "llama-3.2-1b"
"""The model of the quickstart; every demo node has it."""

VISITOR_KEY = "sk-your-api-key"
"""The key of the quickstart, for whoever looks at the demo."""

SAMPLE_KEYS = {"alice": "sk-demo-alice", "bob": "sk-demo-bob", "carol": "sk-demo-carol"}
"""The keys of the sample traffic, by name."""

_MODELS = {
    "demo-1": (MODEL, "qwen3-8b", "nomic-embed-text"),
    "demo-2": (MODEL, "gemma-3-4b", "nomic-embed-text"),
}
_WEIGHTS = {"alice": 2.0}
_SERVICE_SECS = 2.0
"""About what the demo's nodes take. With the usual 10 seconds the first estimates would be five times too long."""


def demo_nodes(tokens_per_second: float = 40.0, clock: Clock | None = None) -> tuple[SimulatedNode, ...]:
    """The nodes of the demo, not started yet."""
    return tuple(SimulatedNode(name, models, tokens_per_second, clock=clock) for name, models in _MODELS.items())


def demo_config(node_urls: Iterable[str], base: Config | None = None) -> Config:
    """The configuration of the demo: `base` (the defaults if None) with its own nodes, keys and assumed service time.

    The nodes are asked for their models, as a user's own would be. Where `base` says nothing of the log, it is
    quiet: a line for every sample request would push what the demo has said from the screen.
    """
    base = base or Config()
    log = Log(level="warning") if base.log == Log() else base.log
    nodes = tuple(NodeConfig(name=name, url=url) for name, url in zip(_MODELS, node_urls, strict=True))
    keys = [KeyConfig(name="quickstart", key=VISITOR_KEY)]
    keys += [KeyConfig(name=name, key=key, weight=_WEIGHTS.get(name, 1.0)) for name, key in SAMPLE_KEYS.items()]
    fairness = Fairness(default_service_secs=_SERVICE_SECS)
    return attrs.evolve(base, nodes=nodes, api_keys=tuple(keys), fairness=fairness, log=log)
