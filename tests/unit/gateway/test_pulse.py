"""Every second a look, from which the past hour is drawn."""

from __future__ import annotations

from llmlb.gateway.pulse import Look, Pulse
from llmlb.telemetry.node_history import NodeHistory
from llmlb.telemetry.timeline import STEP_SECS, Timeline
from llmlb.testing import ManualClock


def test_it_looks_every_second_and_tells_queue_and_nodes() -> None:
    clock = ManualClock(start=36_000.0)
    timeline, nodes = Timeline(clock), NodeHistory(clock)
    looks = 0

    def look() -> Look:
        nonlocal looks
        looks += 1
        return Look(waiting=looks, in_service=2, nodes=[("n1", "busy"), ("n2", "idle" if looks < 10 else "offline")])

    pulse = Pulse(look, timeline, nodes, clock)
    pulse.start()
    assert looks == 0
    clock.advance(STEP_SECS - 1)
    assert looks == STEP_SECS - 1
    step = timeline.steps()[-1]
    assert (step.seen, step.waiting, step.most_waiting, step.in_service) == (True, 15.0, 29, 2.0)
    assert nodes.columns("n1")[-1] == {"busy": 1.0}
    assert nodes.columns("n2")[-1] == {"idle": 9 / 29, "offline": 20 / 29}


def test_it_stops_and_leaves_nothing_behind() -> None:
    clock = ManualClock()
    timeline = Timeline(clock)
    pulse = Pulse(lambda: Look(waiting=1, in_service=0, nodes=()), timeline, NodeHistory(clock), clock)
    pulse.start()
    pulse.stop()
    pulse.stop()
    assert clock.pending == 0
    clock.advance(5)
    assert not timeline.steps()[-1].seen
