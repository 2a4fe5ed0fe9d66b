"""Past hours to look at, the same each time."""

from __future__ import annotations

import math
import random

from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import NOT_SEEN, STEPS, Step

Hour = tuple[Step, ...]

NEVER: Hour = (NOT_SEEN,) * STEPS
"""The moment after the start."""
EMPTY: Hour = (Step(),) * STEPS
"""Nobody came."""


def outcomes(**counts: int) -> dict[Outcome, int]:
    return {outcome: counts.get(outcome.value, 0) for outcome in Outcome}


def quiet() -> Hour:
    """Now and then a request; the gateway has run for 35 minutes."""
    dice = random.Random(5)
    steps = [NOT_SEEN] * 50
    for _ in range(STEPS - len(steps)):
        served = dice.choice((0, 0, 0, 0, 1, 1, 2))
        wait = 0.0 if served else None
        steps.append(
            Step(
                in_service=0.12 * served,
                wait_p50=wait,
                wait_p90=dice.choice((0.0, 0.0, 1.4)) if served else None,
                outcomes=outcomes(served=served),
            )
        )
    return tuple(steps)


def busy(nodes: int = 4, scale: float = 1.0) -> Hour:
    """A morning at the office: calm, a rush half an hour ago, and another that has just begun."""
    dice = random.Random(7)
    steps = []
    for i in range(STEPS):
        rush = math.exp(-(((i - 58) / 13) ** 2)) + 0.75 * math.exp(-(((i - 122) / 16) ** 2))
        load = 0.35 + 0.12 * math.sin(i / 7) + 1.4 * rush + dice.uniform(-0.08, 0.08)
        waiting = max(0.0, scale * (26 * rush + 5 * dice.random() * load - 1.2))
        in_service = min(nodes, nodes * (0.3 + load))
        served = round(in_service * 30 / 8 * dice.uniform(0.8, 1.15))
        median = waiting * 8 / nodes * dice.uniform(0.6, 0.85)
        steps.append(
            Step(
                waiting=waiting,
                most_waiting=math.ceil(waiting * 1.15 + dice.random() * 2 * load),
                in_service=in_service,
                wait_p50=median,
                wait_p90=median * dice.uniform(1.5, 2.2) + dice.random() * load,
                outcomes=outcomes(served=served, cancelled=int(dice.random() < 0.12 + rush / 3)),
            )
        )
    return tuple(steps)


def troubled() -> Hour:
    """A storm: the queue filled up, requests were refused, timed out and failed; then all nodes went away."""
    dice = random.Random(11)
    steps = []
    for i, calm in enumerate(busy()):
        storm = max(0.0, min(1.0, (i - 70) / 12))
        gone = i > 108
        waiting = 100 * storm + (1 - storm) * calm.waiting
        steps.append(
            Step(
                waiting=waiting,
                most_waiting=min(100, math.ceil(waiting + 2)),
                in_service=0.0 if gone else calm.in_service,
                wait_p50=None if gone else 180 * storm + (calm.wait_p50 or 0),
                wait_p90=None if gone else 290 * storm + (calm.wait_p90 or 0),
                outcomes=outcomes(
                    served=0 if gone else calm.outcomes[Outcome.SERVED],
                    cancelled=round(3 * storm * dice.random()),
                    rejected=round(14 * storm * dice.random()),
                    timed_out=round(4 * storm * dice.random()) + 6 * gone,
                    failed=round(2 * storm * dice.random()) + 4 * (108 < i < 112),
                ),
            )
        )
    return tuple(steps)
