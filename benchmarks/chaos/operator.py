"""The operator: a configuration that changes all the time, and the ways in which it is brought to the gateway."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from random import Random

import attrs

from benchmarks.chaos.gateway import Gateway
from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.node import Node
from benchmarks.chaos.script import Edit

FEWEST = 3
MOST_SIZE, MOST_TIMEOUT_SECS = 60, 5
STALE_SECS = 15.0
"""After so long nobody waits who came under another size of the queue."""
UNENDED = '\n"'
"""So that half a file is never a whole one with fewer nodes."""
BROKEN = (
    "[queue\nmax_size = 10\n", "[queue]\nmax_sise = 10\n", "[queue]\nmax_size = -3\n", "\x00\x01", "[[nodes]]\n",
    "[queue]\nmax_size = 10\n[queue]\nmax_size = 11\n", "[[nodes]]\nurl = 'ftp://x'\n",
)  # fmt: skip


@attrs.define
class Listed:
    """A node as the configuration has it."""

    name: str
    node: Node
    settings: dict[str, object] = attrs.field(factory=dict)


class Operator:
    """Edits the file. `listed[0]` is never touched, so that there is always a node for the common model."""

    def __init__(self, gateway: Gateway, nodes: Sequence[Node], at_first: int, ledger: Ledger) -> None:
        self.listed = [Listed(f"n{number}", node) for number, node in enumerate(nodes[:at_first])]
        self.written_at = 0.0
        """When the file was last touched, Unix time."""
        self._resized_at = 0.0
        self._gateway = gateway
        self._nodes = nodes
        self._ledger = ledger
        self._names = at_first
        self._keys: dict[str, float] = {"one": 1, "two": 1, "three": 2, "four": 4, "five": 0.5}
        self._tables: dict[str, dict[str, object]] = {
            "server": {"port": 0, "drain_secs": 8, "locale": "en"},
            "queue": {"max_size": 40, "timeout_secs": 3},
            "fairness": {"default_service_secs": 0.1},
            "health": {"interval_secs": 0.5, "timeout_secs": 0.5},
            "upstream": {
                "connect_timeout_secs": 1, "first_byte_timeout_secs": 2.5, "reply_timeout_secs": 3,
                "idle_timeout_secs": 2, "write_timeout_secs": 2,
            },
        }  # fmt: skip
        self.listed[2].settings["drain_after_cancel_secs"] = 0.2
        self.listed[3].settings["aliases"] = {"gpt-x": "m"}

    @property
    def text(self) -> str:
        """The configuration as it is meant to be."""
        lines = []
        for table, settings in self._tables.items():
            lines += [f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items()), ""]
        for name, weight in self._keys.items():
            lines += ["[[api_keys]]", f'name = "{name}"', f'key = "key-{name}"', f"weight = {weight}", ""]
        for listed in self.listed:
            lines += ["[[nodes]]", f'name = "{listed.name}"', f'url = "{listed.node.url}"']
            lines += [f"{key} = {_toml(value)}" for key, value in listed.settings.items()]
            lines.append("")
        return "\n".join(lines)

    @property
    def most_waiting(self) -> int:
        """The most that the queue may hold: those who wait stay when it becomes smaller."""
        size = self._tables["queue"]["max_size"]
        assert isinstance(size, int)
        return size if time.time() > self._resized_at + STALE_SECS else MOST_SIZE

    def write(self, text: str | None = None, *, rename: bool = False) -> None:
        """Put the configuration, or `text` in its place, into the file."""
        file = self._gateway.config
        self.written_at = time.time()
        target = file.with_suffix(".new") if rename else file
        target.write_text(self.text if text is None else text, encoding="utf-8")
        if rename:
            os.replace(target, file)

    def hang_up(self) -> None:
        """SIGHUP."""
        self._gateway.send(signal.SIGHUP)

    async def do(self, edit: Edit) -> None:
        """What the script says."""
        random = Random(edit.dice)
        rename, tell = "renamed" in edit.way, "HUP" in edit.way
        match edit.kind:
            case "broken":
                self.write(random.choice(BROKEN), rename=rename)
                if tell:
                    self.hang_up()
                await asyncio.sleep(random.uniform(0.2, 3))
            case "halved":
                text = self.text
                self.write(text[: random.randrange(len(text))] + UNENDED)
                await asyncio.sleep(random.uniform(0.01, 0.3))
            case "storm":
                for _ in range(20):
                    self.hang_up()
                    await asyncio.sleep(random.uniform(0, 0.02))
            case "command":
                await self._command(random)
            case _:
                self._change(edit.kind, random)
        self.write(rename=rename)
        if tell:
            self.hang_up()
        self._ledger.count("acts of the operator", edit.kind)

    def _change(self, kind: str, random: Random) -> None:
        others = self.listed[1:]
        chosen = random.choice(others)
        spare = [node for node in self._nodes if all(listed.node is not node for listed in self.listed)]
        match kind:
            case "queue":
                self._resized_at = time.time()
                self._tables["queue"] = {
                    "max_size": random.choice((1, 10, 40, MOST_SIZE)),
                    "timeout_secs": random.randint(2, MOST_TIMEOUT_SECS),
                    "max_per_key": random.choice((0, 0, 12)),
                    "when_full": random.choice(("refuse", "push_out")),
                    "enable_fairness": random.random() < 0.8,
                }
            case "weights":
                self._keys = {name: random.choice((0.5, 1, 2, 4)) for name in self._keys}
            case "key" if "six" in self._keys:
                del self._keys["six"]
            case "key":
                self._keys["six"] = 1
            case "fairness":
                self._tables["fairness"]["cost"] = random.choice(("seconds", "request", "tokens"))
                self._tables["fairness"]["quantum"] = random.choice((0, 0.1, 5))
            case "limits":
                self._tables["health"]["interval_secs"] = random.choice((0.3, 0.5, 2))
                self._tables["upstream"]["max_attempts"] = random.choice((1, 2, 3))
            case "drain":
                chosen.settings["drain"] = True
            case "resume":
                for listed in others:
                    listed.settings.pop("drain", None)
            case "models":
                if chosen.settings.pop("models", None) is None:
                    chosen.settings["models"] = list(chosen.node.models)
            case "rename":
                chosen.name = self._new_name()
            case "readdress" if spare:
                chosen.node = random.choice(spare)
                chosen.settings.pop("models", None)
            case "add" if spare:
                self.listed.append(Listed(self._new_name(), random.choice(spare)))
            case "remove" if len(self.listed) > FEWEST:
                self.listed.remove(chosen)

    async def _command(self, random: Random) -> None:
        """Drain a node and resume it, by the command."""
        name = random.choice(self.listed[1:]).name
        for word in ("drain", "resume"):
            code, said = await self._gateway.command("nodes", word, name, "--config", str(self._gateway.config))
            self.written_at = time.time()
            if code:
                self._ledger.breaks("commands work", f"nodes {word}: exit code {code}", lines=[said])

    def _new_name(self) -> str:
        self._names += 1
        return f"n{self._names}"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {json.dumps(item)}" for key, item in value.items()) + " }"
    return json.dumps(value)
