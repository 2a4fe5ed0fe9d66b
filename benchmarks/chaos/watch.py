"""What must hold of the whole gateway: looked at several times a second, and in every calm."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence

from benchmarks.chaos.gateway import Gateway
from benchmarks.chaos.ledger import Entry, Ledger
from benchmarks.chaos.node import Node
from benchmarks.chaos.operator import Operator

LOOK_SECS = 0.25
LONG_SECS = {"left": 0.4, "idle": 1.0}
"""How long something may be so that must not be."""
SETTLED_SECS = 4.0
"""After so long an edited file has taken effect."""
LAG_SECS = 0.15
"""With more delay of its own, a look proves nothing."""
LEFT = "a client that left is let go at its node"
STRANDED = "no node idles while a request waits that it could serve"
BOUND = "the queue keeps to its bound"
CALM_LOG = "no crash and no error in the log"
AUDIT = "the gateway's own audit holds"
ERRORS_TO_BE_EXPECTED = frozenset({"configuration refused"})
"""While a file is broken."""


class Watch:
    """Reads the log, asks for the metrics, and compares with what the nodes know."""

    def __init__(self, gateway: Gateway, nodes: Sequence[Node], operator: Operator, ledger: Ledger) -> None:
        self._gateway = gateway
        self._nodes = nodes
        self._operator = operator
        self._ledger = ledger
        self._since: dict[tuple[str, str], float] = {}
        self.peaks: Counter[str] = Counter()
        self.lines = 0
        """Requests in the log."""
        self._looked = time.time()

    async def run(self) -> None:
        """Look, for ever."""
        self._looked = time.time()
        while True:
            await asyncio.sleep(LOOK_SECS)
            lag = time.time() - self._looked - LOOK_SECS
            self._peak("delay of the harness itself, ms", lag * 1000)
            self.read_log()
            self._ledger.settle()
            started = time.time()
            try:
                metrics = await self._gateway.metrics()
            except (OSError, TimeoutError, ValueError) as error:
                if not self._ledger.stopping:
                    self._ledger.breaks("metrics are always there", repr(error))
                metrics = {}
            took = time.time() - started
            self._looked = time.time()
            self._peak("answer to /metrics, ms", took * 1000)
            if metrics:
                self._look(metrics, trusted=lag < LAG_SECS and took < LAG_SECS)

    def read_log(self) -> None:
        """Take in what the gateway has logged."""
        for line in self._gateway.new_lines():
            if isinstance(line, str):
                if line.strip():
                    self._ledger.breaks(CALM_LOG, "a line that is no JSON", lines=[line])
                continue
            event = line.get("event")
            if event in ("request", "refused"):
                self.lines += event == "request"
                self._ledger.line(line)
            alarming = "exception" in line or line.get("level") in ("error", "critical")
            broken = time.time() < self._operator.broken_at + SETTLED_SECS
            if alarming and not (broken and event in ERRORS_TO_BE_EXPECTED):
                self._ledger.breaks(CALM_LOG, str(event), str(line.get("id", "")), [line])

    def peak_of_memory(self) -> None:
        """Note what the process holds."""
        self._peak("memory, MB", self._gateway.resident / 1e6)
        self._peak("descriptors", self._gateway.descriptors)

    def _peak(self, name: str, value: float) -> None:
        self.peaks[name] = max(self.peaks[name], round(value))

    def _look(self, metrics: dict[tuple[str, ...], float], *, trusted: bool) -> None:
        waiting, running = metrics[("llmlb_requests_waiting",)], metrics[("llmlb_requests_running",)]
        self._peak("waiting", waiting)
        self._peak("in service", running)
        self.peak_of_memory()
        # Those who come back from a failed node have their place in any case.
        if waiting > self._operator.most_waiting + len(self._nodes):
            self._ledger.breaks(BOUND, f"{waiting} wait")
        if running > len(self._nodes):
            self._ledger.breaks(BOUND, f"{running} in service at {len(self._nodes)} nodes")
        failures = sum(value for sample, value in metrics.items() if sample[0] == "llmlb_audit_failures_total")
        if failures > self.peaks["audit failures"]:
            self._peak("audit failures", failures)
            self._ledger.breaks(AUDIT, f"{self.peaks['audit failures']} failures")
        self._operator.check()
        now = time.time()
        present = {("left", id): entry for id, entry in self._orphans()} if trusted else {}
        if trusted and now - self._operator.written_at > SETTLED_SECS:
            present |= {("idle", f"{name} {id}"): entry for name, id, entry in self._stranded(metrics)}
        self._since = {what: self._since.get(what, now) for what in present}
        for (kind, id), since in self._since.items():
            if now - since > LONG_SECS[kind]:
                entry = present[(kind, id)]
                told = [entry.ask, *entry.attempts]
                self._ledger.breaks(LEFT if kind == "left" else STRANDED, f"{id} for {now - since:.1f} s", id, told)
                self._since[(kind, id)] = now + 3600  # said once

    def _orphans(self) -> list[tuple[str, Entry]]:
        """Requests that a node still has although their client has left."""
        busy = [node.busy.entry for node in self._nodes if node.busy is not None]
        return [(entry.ask.id, entry) for entry in busy if entry is not None and entry.left_at is not None]

    def _stranded(self, metrics: dict[tuple[str, ...], float]) -> list[tuple[str, str, Entry]]:
        """Requests that wait, and nodes that could have them and have nothing."""
        waiting = [(id, entry) for id, entry in self._ledger.open.items() if entry.waits and not entry.ask.flaw]
        found = []
        for listed in self._operator.listed:
            node = listed.node
            idle = metrics.get(("llmlb_node_state", listed.name, "idle")) == 1 and node.busy is None
            if not idle or node.weather:
                continue
            for id, entry in waiting:
                tried = any(attempt.node == node.name for attempt in entry.attempts)
                if entry.ask.model in node.models and not tried and entry.ask.key not in ("wrong", "six"):
                    found.append((listed.name, id, entry))
        return found


def states(metrics: dict[tuple[str, ...], float]) -> dict[str, str]:
    """The state of each node."""
    found: dict[str, str] = {}
    for sample, value in metrics.items():
        if sample[0] == "llmlb_node_state" and value == 1:
            found[sample[1]] = sample[2]
    return found
