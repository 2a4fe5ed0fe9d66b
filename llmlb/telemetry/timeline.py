"""The past hour drawn: how the queue was, half a minute after half a minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

import attrs

from llmlb.clock import Clock
from llmlb.telemetry.quantiles import Quantiles
from llmlb.telemetry.record import Outcome, Record

STEP_SECS = 30
STEPS = 120
"""An hour of them, the unfinished one included."""


@attrs.frozen(kw_only=True)
class Step:
    """Half a minute."""

    waiting: float = 0.0
    """Requests in the queue, the mean of what was seen each second."""
    most_waiting: int = 0
    """The most that were seen."""
    in_service: float = 0.0
    """Requests on nodes, the mean of what was seen each second."""
    wait_p50: float | None = None
    """Seconds that half of the requests did not wait longer than; see `wait_p90`."""
    wait_p90: float | None = None
    """Of the requests that were over then and had reached a node (0 if they did not wait) or timed out waiting."""
    outcomes: Mapping[Outcome, int] = attrs.field(factory=lambda: dict.fromkeys(Outcome, 0))
    """How requests that were over then ended."""
    seen: bool = True
    """False where nobody looked: before the gateway ran."""


NOT_SEEN = Step(seen=False)


@attrs.define
class _Present:
    """The step that is not over yet."""

    looks: int = 0
    waiting: int = 0
    most_waiting: int = 0
    in_service: int = 0
    waits: Quantiles = attrs.field(factory=Quantiles)
    outcomes: dict[Outcome, int] = attrs.field(factory=lambda: dict.fromkeys(Outcome, 0))

    def so_far(self) -> Step:
        """What there is to tell of it."""
        if not self.looks and not any(self.outcomes.values()):
            return NOT_SEEN
        looks = max(1, self.looks)
        wait_p50, wait_p90 = self.waits.quantiles((0.5, 0.9))
        return Step(
            waiting=self.waiting / looks,
            most_waiting=self.most_waiting,
            in_service=self.in_service / looks,
            wait_p50=wait_p50,
            wait_p90=wait_p90,
            outcomes=dict(self.outcomes),
        )


class Timeline:
    """The past hour in `STEPS` steps of `STEP_SECS`: the present one, and the 119 before it.

    So it reaches back an hour, less the half minute at most that the present step has still to go. Steps begin at
    multiples of `STEP_SECS` on the clock's own scale. A step that is over never changes. Takes 70 kB, whatever happens.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._past = deque([NOT_SEEN] * (STEPS - 1), maxlen=STEPS - 1)
        self._number = int(clock.now() // STEP_SECS)
        self._present = _Present()

    def add(self, record: Record) -> None:
        """Count a request that is over now."""
        self._move_on()
        present = self._present
        present.outcomes[record.outcome] += 1
        if record.tells_a_wait:
            present.waits.add(record.waited)

    def sample(self, waiting: int, in_service: int) -> None:
        """So many requests wait and are in service now. To be told once a second."""
        self._move_on()
        present = self._present
        present.looks += 1
        present.waiting += waiting
        present.most_waiting = max(waiting, present.most_waiting)
        present.in_service += in_service

    def steps(self) -> tuple[Step, ...]:
        """Exactly `STEPS`, oldest first; the last one is not over yet."""
        self._move_on()
        return (*self._past, self._present.so_far())

    def _move_on(self) -> None:
        number = int(self._clock.now() // STEP_SECS)
        if number <= self._number:
            return
        self._past.append(self._present.so_far())
        self._past.extend([NOT_SEEN] * min(number - self._number - 1, STEPS))
        self._number = number
        self._present = _Present()
