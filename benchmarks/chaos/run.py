"""One run: trouble and calm by turns, and the end."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import attrs

from benchmarks.chaos.client import PATIENCE_SECS, look, play
from benchmarks.chaos.gateway import Gateway
from benchmarks.chaos.ledger import Ledger
from benchmarks.chaos.moods import answering
from benchmarks.chaos.node import Node
from benchmarks.chaos.operator import Operator
from benchmarks.chaos.script import Freeze, Script, Weather, draw
from benchmarks.chaos.verdict import problems
from benchmarks.chaos.watch import Watch, states
from benchmarks.program import NotReady, comes
from llmlb.gateway.gateway import Gateway as TheGateway

PART_SECS = 60.0
FIRST_SECS = 12.0
"""The first part is short: after it is measured what a gateway that has seen everything once holds."""
LAST_SECS = 3.0
RECOVERY_SECS = 40.0
DRAIN_SECS = 30.0
LOG_SECS = 1.0
"""Lines of requests are written in batches, within ten milliseconds where the processor is not busy."""
MODELS = (("m", "a"), ("m", "b"), ("m",), ("m", "a"), ("solo",), ("m", "b", "extra"), ("m", "solo"))
AT_FIRST = 5
ROOM_BYTES, FIRST_ROOM_BYTES, ROOM_DESCRIPTORS = 15e6, 40e6, 12
"""A leaked task is some 3 kB: a thousand of them a minute are seen within ten. Caches and the allocator come first."""
RELOADS = hasattr(TheGateway, "apply")

CALM = "nothing waits and nothing is in service in a calm"
ADD_UP = "outcomes add up to arrivals"
GROWTH = "memory and descriptors come back to their level"
RECOVERS = "every node is found again"
EXIT = "exit code 0 after SIGTERM"


@attrs.define
class Held:
    """What the process held in a calm."""

    memory: int
    descriptors: int


class Run:
    """A gateway and its nodes, under the script of one seed."""

    def __init__(self, seed: int, folder: Path, *, reloads: bool = RELOADS) -> None:
        self.seed = seed
        self.ledger = Ledger(problems)
        self.gateway = Gateway(folder)
        names = [f"d{number}" for number in range(len(MODELS))]
        self.nodes = [
            Node(name, models, self.ledger, answering(seed, name)) for name, models in zip(names, MODELS, strict=True)
        ]
        self.operator = Operator(self.gateway, self.nodes, AT_FIRST, self.ledger)
        self.ledger.six = lambda: self.operator.six
        self.watch = Watch(self.gateway, self.nodes, self.operator, self.ledger)
        self.held: list[Held] = []
        self._reloads = reloads
        self._actors: set[asyncio.Future[None]] = set()
        self._failures: list[BaseException] = []

    async def run(self, seconds: float, say: Callable[[str], None]) -> None:
        """All of it. Raises what goes wrong with the harness itself; what the gateway breaks is in the ledger."""
        (self.gateway.folder / "script").unlink(missing_ok=True)
        for node in self.nodes:
            await node.listen()
        self.operator.write()
        await self.gateway.start()
        watching = asyncio.create_task(self.watch.run())
        try:
            await self._recovered()
            part, done = 0, 0.0
            while done < seconds and self.gateway.code is None:
                length = min(FIRST_SECS if part == 0 else PART_SECS, seconds - done)
                await self._trouble(draw(self.seed, part, length, tuple(node.name for node in self.nodes)), length)
                await self._calm()
                part, done = part + 1, done + length
                broken = dict(self.ledger.counts.get("broken", {})) or "nothing"
                say(f"{done:.0f} s: {self.watch.lines} requests, {self.held[-1:]}, broken: {broken}")
            if self.gateway.code is None:
                await self._stop(draw(self.seed, part, LAST_SECS, ()))
            else:
                self.ledger.breaks(EXIT, f"it ended by itself with {self.gateway.code}")
            if watching.done():
                watching.result()
        finally:
            watching.cancel()
            self.gateway.kill()
            for node in self.nodes:
                node.vanish()
        if self._failures:
            raise self._failures[0]

    async def _trouble(self, script: Script, seconds: float) -> None:
        with (self.gateway.folder / "script").open("a", encoding="utf-8") as file:
            for kind, acts_of_kind in attrs.asdict(script).items():
                file.write(f"{json.dumps({kind: acts_of_kind})}\n")
        acts: list[tuple[float, Callable[[], Awaitable[None]]]] = []
        port, ledger = self.gateway.port, self.ledger
        acts += [(session.at, partial(play, session, port, ledger)) for session in script.sessions]
        acts += [(freeze.at, partial(self._freeze, freeze)) for freeze in script.freezes]
        acts += [(one.at, partial(look, one, port, ledger)) for one in script.looks]
        for node in self.nodes:
            acts += [(spell.at, partial(self._spell, node, spell)) for spell in script.weather.get(node.name, ())]
        loop = asyncio.get_running_loop()
        begin = loop.time()
        operator = asyncio.create_task(self._operate(script, begin)) if self._reloads else None
        for at, act in sorted(acts, key=lambda entry: entry[0]):
            await asyncio.sleep(max(0.0, begin + at - loop.time()))
            if self.gateway.code is None:
                self._start(act())
        await asyncio.sleep(max(0.0, begin + seconds - loop.time()))
        if operator is not None:
            await operator

    async def _operate(self, script: Script, begin: float) -> None:
        loop = asyncio.get_running_loop()
        for edit in script.edits:
            await asyncio.sleep(max(0.0, begin + edit.at - loop.time()))
            await self.operator.do(edit)

    def _start(self, act: Awaitable[None]) -> None:
        task = asyncio.ensure_future(act)
        self._actors.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Future[None]) -> None:
        self._actors.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)

    async def _spell(self, node: Node, weather: Weather) -> None:
        self.ledger.count("weather", weather.kind)
        if weather.kind in ("gone", "restart"):
            node.vanish()
            await asyncio.sleep(weather.secs if weather.kind == "gone" else 0)
            await node.listen()
            return
        models = node.models
        node.weather = weather.kind
        if weather.kind == "changed":
            node.models = (*models[:1], "extra")
        await asyncio.sleep(weather.secs)
        node.weather, node.models = "", models

    async def _freeze(self, freeze: Freeze) -> None:
        self.ledger.count("weather", "gateway frozen")
        self.gateway.send(signal.SIGSTOP)
        await asyncio.sleep(freeze.secs)
        self.gateway.send(signal.SIGCONT)

    async def _calm(self) -> None:
        """Let everything end, and see that nothing is left."""
        if self._actors:
            await asyncio.wait(set(self._actors), timeout=2 * PATIENCE_SECS)
        if self._actors:
            raise TimeoutError(f"{len(self._actors)} actors of the harness do not end")
        if self.gateway.code is not None:
            return
        await self._recovered()
        metrics, ended = await self._counted()
        self.ledger.settle(all_over=True)
        left = {name: metrics[(f"llmlb_requests_{name}",)] for name in ("waiting", "running")}
        if any(left.values()) or any(node.busy for node in self.nodes):
            self.ledger.breaks(CALM, f"{left}, at nodes {[node.name for node in self.nodes if node.busy]}")
        if metrics.get(("llmlb_config_refused",), 0):
            self.ledger.breaks(CALM, "the configuration counts as refused")
        if ended != self.watch.lines:
            self.ledger.breaks(ADD_UP, f"{ended:.0f} in the metrics, {self.watch.lines} in the log")
        if (extra := [n.name for n in self.nodes if len(n.connections) > 2]) != []:
            self.ledger.breaks(GROWTH, f"more than two connections at {extra}")
        self._grown()

    async def _counted(self) -> tuple[dict[tuple[str, ...], float], float]:
        """The metrics, and how many requests have ended by them, once the log has as many: it is a moment behind."""
        metrics: dict[tuple[str, ...], float] = {}
        ended = 0.0

        async def as_many() -> bool:
            nonlocal metrics, ended
            metrics = await self.gateway.metrics()
            ended = sum(value for sample, value in metrics.items() if sample[0] == "llmlb_requests_total")
            self.watch.read_log()
            return ended == self.watch.lines

        with suppress(NotReady):  # what is missing is for the ledger to say
            await comes(as_many, "the log", LOG_SECS)
        return metrics, ended

    def _grown(self) -> None:
        now = Held(self.gateway.resident, self.gateway.descriptors)
        self.held.append(now)
        second = len(self.held) == 2
        first, room = self.held[0 if second else min(1, len(self.held) - 1)], FIRST_ROOM_BYTES if second else ROOM_BYTES
        if now.memory > first.memory + room or now.descriptors > self.held[0].descriptors + ROOM_DESCRIPTORS:
            self.ledger.breaks(GROWTH, f"{now} now, {first} before")

    async def _recovered(self) -> None:
        """Wait until the gateway sees every node of the configuration, and no other, ready for work."""
        seen: dict[str, str] = {}
        wanted = {n.name: "draining" if n.settings.get("drain") else "idle" for n in self.operator.listed}

        async def good() -> bool:
            seen.clear()
            seen.update(states(await self.gateway.metrics()))
            return seen == wanted or self.gateway.code is not None

        try:
            await comes(good, "nodes", RECOVERY_SECS)
        except (OSError, TimeoutError, ValueError, NotReady):
            self.ledger.breaks(RECOVERS, f"{seen} instead of {wanted} after {RECOVERY_SECS:g} s")

    async def _stop(self, script: Script) -> None:
        """SIGTERM with requests waiting and in service."""
        trouble = asyncio.create_task(self._trouble(script, LAST_SECS))
        await asyncio.sleep(LAST_SECS / 2)
        self.ledger.stopping = True
        self.gateway.send(signal.SIGTERM)
        await trouble

        async def ended() -> bool:
            return self.gateway.code is not None

        try:
            await comes(ended, "the end", DRAIN_SECS)
        except NotReady:
            self.ledger.breaks(EXIT, f"still there {DRAIN_SECS:g} s after SIGTERM")
        if self.gateway.code not in (0, None):
            self.ledger.breaks(EXIT, f"exit code {self.gateway.code}")
        if self._actors:
            await asyncio.wait(set(self._actors), timeout=2 * PATIENCE_SECS)
        self.watch.read_log()
        self.ledger.settle(all_over=True)
