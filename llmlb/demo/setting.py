"""The stage of the demo: two simulated nodes, the keys that may use them, and the configuration that joins them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import tomlkit

from llmlb.clock import Clock
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
_ABOUT = """\
# The demo's own configuration. It is gone when the demo ends, so try what you like.

"""


def demo_nodes(tokens_per_second: float = 40.0, clock: Clock | None = None) -> tuple[SimulatedNode, ...]:
    """The nodes of the demo, not started yet."""
    return tuple(SimulatedNode(name, models, tokens_per_second, clock=clock) for name, models in _MODELS.items())


def demo_settings(
    node_urls: Iterable[str], given: Mapping[str, Any] | None = None, password_hash: str = ""
) -> dict[str, Any]:
    """What the configuration file of the demo says: `given` (of another file) but for its own nodes and keys.

    The nodes are asked for their models, as a user's own would be. Where `given` says nothing of the log, it is
    quiet: a line for every sample request would push what the demo has said from the screen. `password_hash` is the
    operator's, unless another is given.
    """
    given = given or {}
    fairness = {"default_service_secs": _SERVICE_SECS} | given.get("fairness", {})
    tables = {"fairness": fairness, "log": given.get("log") or {"level": "warning"}}
    if password_hash:
        tables["operator"] = {"password_hash": password_hash} | given.get("operator", {})
    keys: list[dict[str, Any]] = [{"name": "quickstart", "key": VISITOR_KEY}]
    keys += [{"name": name, "key": key} for name, key in SAMPLE_KEYS.items()]
    for key in keys:
        if key["name"] in _WEIGHTS:
            key["weight"] = _WEIGHTS[key["name"]]
    nodes = [{"name": name, "url": url} for name, url in zip(_MODELS, node_urls, strict=True)]
    return {**given, **tables, "nodes": nodes, "api_keys": keys}


def demo_file(settings: Mapping[str, Any]) -> str:
    """These settings as the text of a file."""
    return _ABOUT + tomlkit.dumps(settings)
