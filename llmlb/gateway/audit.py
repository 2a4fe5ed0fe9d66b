"""The gateway checks itself: what several of its parts know must be the same.

Each second, for as long as the gateway runs. A check that fails is a bug of ours: it is counted as a metric and logged
with the part that owns the state, once for as long as it goes on being the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import attrs
import structlog

from llmlb.clock import Clock, Timer

EVERY_SECS = 1.0
CHECKS = ("slots", "waiting", "arrivals", "bodies")
"""The names of all checks."""

_log = structlog.get_logger("llmlb.audit")


@attrs.frozen(kw_only=True)
class State:
    """What the parts of the gateway know at one moment."""

    on_nodes: Mapping[str, str]
    """By node, the id of the ticket whose exchange its dispatcher has."""
    in_service: Mapping[str, str]
    """The same as the scheduler knows it."""
    waiting: int
    """In the scheduler."""
    visits_waiting: int
    arrivals: int
    outcomes: int
    visits: int
    """Waiting, in service, or delivering what a node has finished."""
    inside: int
    """Requests being received, or inside as visits."""
    held: int
    """Bytes of bodies."""


@attrs.frozen
class Finding:
    """A check that failed."""

    check: str
    """One of `CHECKS`."""
    owner: str
    """The part that owns the state."""
    seen: str


def audit(state: State) -> tuple[Finding, ...]:
    """Everything that does not add up."""
    found = []
    differ = state.on_nodes != state.in_service
    for node in sorted({*state.on_nodes, *state.in_service}) if differ else ():
        has, should = state.on_nodes.get(node), state.in_service.get(node)
        if has != should:
            found.append(Finding("slots", f"node {node}", f"its dispatcher has {has}, the scheduler knows of {should}"))
    if state.waiting != state.visits_waiting:
        seen = f"{state.waiting} in the scheduler, {state.visits_waiting} visits"
        found.append(Finding("waiting", "scheduler", seen))
    if state.arrivals != state.outcomes + state.visits:
        seen = f"{state.arrivals} arrivals, {state.outcomes} outcomes and {state.visits} inside"
        found.append(Finding("arrivals", "gateway", seen))
    if state.visits > state.inside or state.held < 0 or (state.held and not state.inside):
        seen = f"{state.held} bytes held, {state.inside} requests inside, {state.visits} visits"
        found.append(Finding("bodies", "bodies", seen))
    return tuple(found)


class SelfAudit:
    """Looks every second from `start` until `stop`. `look` tells the present state."""

    def __init__(self, look: Callable[[], State], clock: Clock) -> None:
        self.failures: Counter[str] = Counter(dict.fromkeys(CHECKS, 0))
        """By check, in how many seconds it has failed."""
        self._look = look
        self._clock = clock
        self._timer: Timer | None = None
        self._known: tuple[Finding, ...] = ()

    def start(self) -> None:
        """Begin, with the first look in a second."""
        self._timer = self._clock.call_at(self._clock.now() + EVERY_SECS, self._turn)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def now(self) -> tuple[Finding, ...]:
        """Look at once, and count and log what is found."""
        found = audit(self._look())
        self.failures.update({finding.check for finding in found})
        if found != self._known:
            for finding in found:
                _log.error("audit failed", check=finding.check, owner=finding.owner, seen=finding.seen)
            self._known = found
        return found

    def _turn(self) -> None:
        self.start()
        self.now()
