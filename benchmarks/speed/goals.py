"""What is promised of llmlb's speed, and what would be better still."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from benchmarks.speed.goal import OURS, Goal
from benchmarks.speed.samples import Value

SAME = 1.15
"""Differences under 15 % count as none on machines that are shared."""
BODY_KIB = 0.3


@attrs.frozen
class _At:
    """Where a figure is found, and what it is called."""

    what: str
    measure: str
    case: str
    figure: str

    def goal(self, **limits: Any) -> Goal:
        """A goal for it."""
        return Goal(**({"what": self.what, "measure": self.measure, "case": self.case, "figure": self.figure} | limits))

    def by(self, peer: str, **limits: Any) -> Goal:
        """One for it divided by the same figure of a peer."""
        base = Value(peer, self.case, self.figure)
        return self.goal(what=f"{self.what}, by {peer}'s", base=base, comparing="ratio", **limits)

    def like(self, case: str, most: float) -> Goal:
        """One for it divided by llmlb's own in another case."""
        return self.goal(base=Value(OURS, case, self.figure), comparing="ratio", most=most)


def _most(at: _At, peer: str, goal: float, stretch: float) -> tuple[Goal, Goal]:
    return at.by(peer, most=goal), at.by(peer, most=stretch, stretch=True)


def _least(at: _At, peer: str, goal: float, stretch: float) -> tuple[Goal, Goal]:
    return at.by(peer, least=goal), at.by(peer, least=stretch, stretch=True)


_COST = _At("processor time per request, 16 connections", "requests", "16 connections", "cpu_us")
_RATE = _At("requests per second of a core, 16 connections", "requests", "16 connections", "per_core")
_SMALL = _At("added latency, 300 B", "latency", "300 B", "added_ms")
_MIDDLE = _At("added latency, 100 KiB", "latency", "100 KiB", "added_ms")
_LARGE = _At("added latency, 1 MiB", "latency", "1 MiB", "added_ms")
_GAP = _At("hand-over gap, 4 nodes", "handover", "4 nodes", "gap_us")
_GAP_ONE = _At("hand-over gap, 1 node", "handover", "1 node", "gap_us")
_GAP_KEYS = _At("hand-over gap with 100 keys, by that with one", "handover", "4 nodes, 100 keys", "gap_us")
_GAP_NODES = _At("the same among 1,000 nodes", "handover", "4 of 1,000 nodes, 100 keys", "gap_us")
_BUSY = _At("time that a node is busy, points below haproxy's", "handover", "4 nodes", "busy")
_MOST = _At("most requests at a time on a node", "handover", "4 nodes, 100 keys", "most")
_EVENTS = _At("processor time per 1,000 events", "streaming", "paced", "cpu_ms")
_DELAY = _At("delay added to an event", "streaming", "paced", "added_ms")
_WAITS = _At("memory for one of 10,000 that wait", "waiting", "10,000 waiting", "kib")
_FAILED = _At("of 10,000 that wait, not served in the end", "waiting", "10,000 waiting", "failed")
_RESTING = _At("processor while 10,000 wait", "waiting", "10,000 waiting", "idle")
_REFUSED = _At("a refusal, 100 waiting, by one served", "refusals", "refused, 100 waiting", "cpu_us")
_REFUSED_MANY = _At("a refusal, 1,000 waiting, by one served", "refusals", "refused, 1,000 waiting", "cpu_us")
_READY = _At("start to the first answer", "footprint", "4 nodes", "ready")
_IDLE = _At("memory when idle", "footprint", "4 nodes", "mib")
_PACKAGES = _At("packages without extras", "footprint", "4 nodes", "packages")

GOALS: Sequence[Goal] = (
    _COST.by("minimal", most=0.55),
    _COST.by("vllm-router", most=1.0, stretch=True),
    *_least(_RATE, "haproxy", 0.15, 0.35),
    *_least(_RATE, "litellm", 40, 80),
    *_most(_SMALL, "minimal", 0.65, 0.45),
    *_most(_SMALL, "haproxy", 2.2, 1.4),
    *_most(_SMALL, "litellm", 0.03, 0.02),
    *_most(_MIDDLE, "haproxy", 3.2, 2.0),
    *_most(_LARGE, "haproxy", 4.5, 3.5),
    *_most(_GAP, "haproxy", 2.0, 1.3),
    *_most(_GAP, "minimal", 0.5, 0.33),
    *_most(_GAP_ONE, "haproxy", 2.0, 1.3),
    _GAP_KEYS.like("4 nodes", SAME),
    _GAP_NODES.like("4 nodes", SAME),
    _BUSY.goal(base=Value("haproxy", "4 nodes", "busy"), comparing="points below", most=3.0, digits=1),
    _MOST.goal(most=1, digits=0),
    *_most(_EVENTS, "haproxy", 1.8, 1.2),
    *_most(_EVENTS, "minimal", 0.6, 0.42),
    *_most(_DELAY, "haproxy", 2.0, 1.3),
    _WAITS.goal(most=14 + BODY_KIB, unit=" KiB", digits=1),
    *_most(_WAITS, "haproxy", 1.7, 1.0),
    _FAILED.goal(most=0, digits=0),
    _RESTING.goal(most=1.0, unit=" %"),
    _REFUSED.like("served", 0.5),
    _REFUSED_MANY.like("served", 0.5),
    _READY.goal(most=0.7, unit=" s"),
    *_most(_READY, "minimal", 1.5, 1.0),
    _IDLE.goal(most=55, unit=" MiB", digits=1),
    *_most(_IDLE, "minimal", 1.4, 1.2),
    _PACKAGES.goal(most=25, digits=0),
)
