"""What the page is looked at with: nothing, little, much, trouble, and a hall full of nodes."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from llmlb.gateway.overview import Overview
from llmlb.telemetry.hour import HourTotals
from tests.browser import hours
from tests.browser.site import node, overview


@attrs.frozen
class Scene:
    """A moment, and the hour before it."""

    now: Overview
    hour: hours.Hour


_NOTHING = HourTotals(avg_wait_time_ms=0.0, avg_process_time_ms=0.0, timeout_count=0, rejected_count=0)

EMPTY = Scene(attrs.evolve(overview(), hour=_NOTHING), hours.NEVER)
QUIET = Scene(overview(node("gpu-1", since=74.0), node("gpu-2", since=1830.0), wait_ms=70.0), hours.quiet())
BUSY = Scene(
    overview(
        node("gpu-1", "busy", since=8.0),
        node("gpu-2", "busy", since=21.0),
        node("gpu-3", "busy", since=3.0),
        node("mac-studio", "busy", since=14.0),
        waiting=23,
        wait_ms=11_400.0,
    ),
    hours.busy(),
)
TROUBLE = Scene(
    attrs.evolve(
        overview(
            node("gpu-1", "busy", since=8.0),
            node("gpu-2", "offline", "connection refused", since=500.0),
            node("gpu-3", "draining", "drained by the operator"),
            waiting=100,
        ),
        config_refused=True,
    ),
    hours.troubled(),
)
MANY = Scene(
    overview(
        *(node(f"gpu-{i}", ("busy", "busy", "idle", "offline")[3 if i % 20 == 3 else i % 3]) for i in range(100)),
        waiting=1234,
        max_size=10_000,
    ),
    hours.busy(100, 40.0),
)

SCENES: Mapping[str, Scene] = {"empty": EMPTY, "quiet": QUIET, "busy": BUSY, "trouble": TROUBLE, "many": MANY}
