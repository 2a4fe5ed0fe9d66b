"""The operator: a configuration that changes all the time, and the ways in which it is brought to the gateway."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from random import Random

from benchmarks.chaos.configuration import Configuration, Listed
from benchmarks.chaos.gateway import Gateway
from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.node import Node
from benchmarks.chaos.script import Edit

FEWEST = 3
MOST_SIZE, MOST_TIMEOUT_SECS = 60, 5
COMMANDS = "the command does what it is told"
OFF = "a node that is drained or removed is given nothing"
REFUSED = "a broken file is told of"
STALE_SECS = 12.0
"""After so long nobody waits who came under another configuration, broken files in between included."""
TOLD_SECS = 1.5
UNENDED = '\n"'
"""So that half a file is never a whole one with fewer nodes."""
BROKEN = (
    "[queue\nmax_size = 10\n", "[queue]\nmax_sise = 10\n", "[queue]\nmax_size = -3\n", "\x00\x01", "[[nodes]]\n",
    "[queue]\nmax_size = 10\n[queue]\nmax_size = 11\n", "[[nodes]]\nurl = 'ftp://x'\n",
)  # fmt: skip


class Operator:
    """Edits the file. `listed[0]` is never touched, so that there is always a node for the common model."""

    def __init__(self, gateway: Gateway, nodes: Sequence[Node], at_first: int, ledger: Ledger) -> None:
        self._configuration = Configuration(nodes[:at_first])
        self.listed = self._configuration.nodes
        self.written_at = 0.0
        """When the file was last touched, Unix time."""
        self.broken_at = 0.0
        """When the file was last known to be broken, Unix time."""
        self._resized_at = 0.0
        self._off: dict[Node, float] = {}
        """Since when nodes are not to be given requests, Unix time."""
        self._six_at = 0.0
        """When the key that comes and goes last did, Unix time."""
        self._gateway = gateway
        self._nodes = nodes
        self._ledger = ledger
        self._names = at_first

    @property
    def most_waiting(self) -> int:
        """The most that the queue may hold: those who wait stay when it becomes smaller."""
        size = self._configuration.tables["queue"]["max_size"]
        assert isinstance(size, int)
        return size if time.time() > self._resized_at + STALE_SECS else MOST_SIZE

    @property
    def _enough(self) -> bool:
        return len(self.listed) > FEWEST

    @property
    def six(self) -> bool | None:
        """Whether the key that comes and goes is one; None while that is changing."""
        return "six" in self._configuration.keys if time.time() > self._six_at + STALE_SECS else None

    def check(self) -> None:
        """Nodes that are drained or removed are given nothing."""
        for node, since in self._off.items():
            if node.last_began > since + STALE_SECS:
                self._ledger.breaks(OFF, f"{node.name} is given a request {node.last_began - since:.1f} s later")
                node.last_began = 0.0

    def write(self, text: str | None = None, *, rename: bool = False) -> None:
        """Put the configuration, or `text` in its place, into the file."""
        file = self._gateway.config
        self.written_at = time.time()
        if not rename:  # on a slow machine it may be seen while it is empty, which is told of, too
            self.broken_at = self.written_at
        target = file.with_suffix(".new") if rename else file
        target.write_text(self._configuration.text if text is None else text, encoding="utf-8")
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
                self.broken_at = time.time()
                self.write(random.choice(BROKEN), rename=rename)
                if tell:
                    self.hang_up()
                await asyncio.sleep(random.uniform(0.2, 3))
                await self._refused(asked=tell)
            case "halved":
                self.broken_at = time.time()
                text = self._configuration.text
                self.write(text[: random.randrange(len(text))] + UNENDED)
                await asyncio.sleep(random.uniform(0.01, 0.3))
            case "storm":
                for _ in range(20):
                    self.hang_up()
                    await asyncio.sleep(random.uniform(0, 0.02))
            case "command" if not self._ledger.stopping:
                await self._command(random)
            case _:
                self._change(edit.kind, random)
        self.write(rename=rename)
        on = {listed.node for listed in self.listed if not listed.settings.get("drain")}
        self._off = {node: self._off.get(node, time.time()) for node in self._nodes if node not in on}
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
                self._configuration.tables["queue"] = {
                    "max_size": random.choice((1, 10, 40, MOST_SIZE)),
                    "timeout_secs": random.randint(2, MOST_TIMEOUT_SECS),
                    "max_per_key": random.choice((0, 0, 12)),
                    "when_full": random.choice(("refuse", "push_out")),
                    "enable_fairness": random.random() < 0.8,
                }
            case "weights":
                self._configuration.keys = {name: random.choice((0.5, 1, 2, 4)) for name in self._configuration.keys}
            case "key":
                self._six_at = time.time()
                if self._configuration.keys.pop("six", None) is None:
                    self._configuration.keys["six"] = 1
            case "fairness":
                self._configuration.tables["fairness"]["cost"] = random.choice(("seconds", "request", "tokens"))
                self._configuration.tables["fairness"]["quantum"] = random.choice((0, 0.1, 5))
            case "limits":
                self._configuration.tables["health"]["interval_secs"] = random.choice((0.3, 0.5, 2))
                self._configuration.tables["upstream"]["max_attempts"] = random.choice((1, 2, 3))
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
            case "remove" if self._enough:
                self.listed.remove(chosen)

    async def _command(self, random: Random) -> None:
        """What the other edits do, by the command."""
        chosen = random.choice(self.listed[1:])
        spare = [node for node in self._nodes if all(listed.node is not node for listed in self.listed)]
        word = random.choice(("list", "drain", "add" if spare else "resume", "remove" if self._enough else "list"))
        coming = random.choice(spare) if word == "add" else chosen.node
        self._off.pop(coming, None)  # it may be given requests before the command has said that it is done
        match word:
            case "list":
                await self._say("list", "--json")
            case "drain":
                await self._say("drain", chosen.name)
                await self._say("resume", chosen.node.url)
                chosen.settings.pop("drain", None)
            case "resume":
                await self._say("resume", chosen.name)
                chosen.settings.pop("drain", None)
            case "add":
                new = Listed(self._new_name(), coming)
                await self._say("add", new.node.url + "/v1", "--name", new.name)
                self.listed.append(new)
            case "remove":
                await self._say("remove", chosen.name)
                self.listed.remove(chosen)

    async def _say(self, *words: str) -> None:
        code, said = await self._gateway.command("nodes", *words, "--config", str(self._gateway.config))
        self.written_at = time.time()
        self._ledger.count("commands", f"nodes {words[0]}")
        if code:
            self._ledger.breaks(COMMANDS, f"nodes {' '.join(words)}: exit code {code}", lines=[said])

    async def _refused(self, *, asked: bool) -> None:
        """A broken file is told of, at once where somebody has asked for it to be read."""
        self.broken_at = time.time()
        if asked and not self._ledger.stopping and time.time() > self.written_at + TOLD_SECS:
            try:
                metrics = await self._gateway.metrics()
            except (OSError, TimeoutError):
                return  # whoever watches says so
            if metrics.get(("llmlb_config_refused",), 1) != 1:
                self._ledger.breaks(REFUSED, f"not said {time.time() - self.written_at:.1f} s after SIGHUP")

    def _new_name(self) -> str:
        self._names += 1
        return f"n{self._names}"
