"""How often the past hour is drawn."""

from __future__ import annotations

import json
from typing import cast

import attrs

from llmlb.telemetry.timeline import STEPS, Step, Timeline
from llmlb.testing.clock import ManualClock
from llmlb.web.latest_drawing import PERIOD_SECS, LatestDrawing


@attrs.define
class Past:
    looks: int = 0

    def steps(self) -> tuple[Step, ...]:
        self.looks += 1
        return (Step(most_waiting=self.looks),) * STEPS


def test_it_is_drawn_once_a_second_for_all_languages_and_every_watcher() -> None:
    past, clock = Past(), ManualClock()
    hour = LatestDrawing(cast(Timeline, past), clock)
    assert hour.drawn("ja") is hour.drawn("ja")
    assert hour.encoded("en") is hour.encoded("en")
    clock.advance(PERIOD_SECS - 0.01)
    hour.drawn("en")
    assert past.looks == 1
    clock.advance(0.01)
    assert json.loads(hour.encoded("en"))["charts"][0]["said"][0]["value"] == "2"
    assert hour.drawn("en").charts[0].said[0].value == "2"
    assert past.looks == 2


def test_an_event_is_one_line() -> None:
    assert b"\n" not in LatestDrawing(cast(Timeline, Past()), ManualClock()).encoded("ja")
