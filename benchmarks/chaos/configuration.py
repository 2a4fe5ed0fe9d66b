"""The configuration that the operator has in mind, and the file that says so."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from benchmarks.chaos.node import Node


@attrs.define
class Listed:
    """A node as the configuration has it."""

    name: str
    node: Node
    settings: dict[str, object] = attrs.field(factory=dict)


class Configuration:
    """Settings by table, the weight of each key, and the nodes."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = [Listed(f"n{number}", node) for number, node in enumerate(nodes)]
        self.nodes[2].settings["drain_after_cancel_secs"] = 0.2
        self.nodes[3].settings["aliases"] = {"gpt-x": "m"}
        self.keys: dict[str, float] = {"one": 1, "two": 1, "three": 2, "four": 4, "five": 0.5}
        self.tables: dict[str, dict[str, object]] = {
            "server": {"port": 0, "drain_secs": 8, "locale": "en"},
            "queue": {"max_size": 40, "timeout_secs": 3},
            "fairness": {"default_service_secs": 0.1},
            "health": {"interval_secs": 0.5, "timeout_secs": 0.5},
            "upstream": {
                "connect_timeout_secs": 1, "first_byte_timeout_secs": 2.5, "reply_timeout_secs": 3,
                "idle_timeout_secs": 2, "write_timeout_secs": 2,
            },
        }  # fmt: skip

    @property
    def text(self) -> str:
        """The file."""
        lines = []
        for table, settings in self.tables.items():
            lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items()), ""]
        for name, weight in self.keys.items():
            lines += ["[[api_keys]]", f'name = "{name}"', f'key = "key-{name}"', f"weight = {weight}", ""]
        for listed in self.nodes:
            lines += ["[[nodes]]", f'name = "{listed.name}"', f'url = "{listed.node.url}"']
            lines += [f"{key} = {_toml(value)}" for key, value in listed.settings.items()]
            lines.append("")
        return "\n".join(lines)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {json.dumps(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)
