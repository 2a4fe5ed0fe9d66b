"""The past hour by step and by name, against a list of everything that happened."""

from __future__ import annotations

from collections import Counter
from math import ceil

import attrs
import hypothesis.strategies as st
import pytest
from hypothesis import given

from llmlb.telemetry import usage
from llmlb.telemetry.quantiles import RELATIVE_ERROR, SHORTEST_SECS
from llmlb.telemetry.record import Outcome, Record
from llmlb.telemetry.timeline import STEP_SECS, STEPS, Timeline
from llmlb.telemetry.usage import HourByName
from llmlb.testing.clock import ManualClock
from tests.unit.telemetry.records import over

TIMES = st.just(0.0) | st.floats(SHORTEST_SECS, 7200)
RECORDS = st.builds(
    over,
    st.sampled_from(Outcome),
    waited=TIMES,
    reached_node=st.booleans(),
    service=st.none() | TIMES,
    tokens=st.none() | st.integers(0, 100_000),
)
PAUSES = st.floats(0, 60) | st.floats(0, 900) | st.sampled_from([30.0, 300.0, 3570.0, 3600.0, 3900.0, 1e6])


@attrs.frozen
class Past:
    """What happened at a time."""

    at: float
    name: str
    record: Record

    @property
    def wait(self) -> list[float]:
        waited = self.record.reached_node or self.record.outcome is Outcome.TIMED_OUT
        return [self.record.waited] if waited else []

    @property
    def served(self) -> list[float]:
        service = self.record.service
        return [service] if self.record.outcome is Outcome.SERVED and service is not None else []


def near(values: list[float], q: float) -> object:
    """What the quantile of these values has to equal."""
    if not values:
        return None
    return pytest.approx(sorted(values)[ceil(q * len(values)) - 1], rel=RELATIVE_ERROR + 1e-9, abs=0.0)


def outcomes(of: list[Past]) -> dict[Outcome, int]:
    return dict.fromkeys(Outcome, 0) | Counter(past.record.outcome for past in of)


STORIES = st.lists(st.tuples(PAUSES, st.sampled_from("abc"), RECORDS), max_size=40)


@given(STORIES, PAUSES, st.booleans())
def test_usage_by_name_is_that_of_the_records_of_the_past_hour(
    story: list[tuple[float, str, Record]], pause: float, asks: bool
) -> None:
    clock = ManualClock(start=1e5)
    hour = HourByName(clock)
    everything: list[Past] = []
    for before, name, record in story:
        clock.advance(before)
        hour.add(name, record)
        everything.append(Past(clock.now(), name, record))
        if asks:
            hour.usage()
    clock.advance(pause)

    bucket = usage.BUCKET_SECS
    oldest = (clock.now() // bucket - usage.HOUR_SECS // bucket) * bucket
    recent = [past for past in everything if past.at >= oldest]
    assert set(hour.names()) == {past.name for past in recent}
    told = hour.usage()
    for name in "abc":
        mine = [past for past in recent if past.name == name]
        waits = [wait for past in mine for wait in past.wait]
        served = [service for past in mine for service in past.served]
        had = hour.of(name)
        assert had == told.get(name, usage.NO_USAGE)
        assert had.outcomes == outcomes(mine)
        assert had.tokens == sum(past.record.tokens or 0 for past in mine)
        assert had.node_seconds == pytest.approx(sum(past.record.service or 0.0 for past in mine), abs=1e-4)
        assert (had.wait_p50, had.wait_p90) == (near(waits, 0.5), near(waits, 0.9))
        assert (had.service_p50, had.service_p90) == (near(served, 0.5), near(served, 0.9))
        mean = sum(served) / len(served) if served else None
        assert had.service_mean == (mean if mean is None else pytest.approx(mean, abs=1e-5))


@given(st.lists(st.tuples(PAUSES, st.sampled_from("abcdefg"), RECORDS), max_size=60), PAUSES)
def test_no_record_is_lost_where_there_are_more_names_than_are_told_apart(
    story: list[tuple[float, str, Record]], pause: float
) -> None:
    clock = ManualClock(start=1e5)
    everything: list[Past] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(usage, "MOST_NAMES", 3)
        hour = HourByName(clock)
        for before, name, record in story:
            clock.advance(before)
            hour.add(name, record)
            everything.append(Past(clock.now(), name, record))
            assert len(hour.names()) <= 3 + 1
        clock.advance(pause)
        told = hour.usage()

    bucket = usage.BUCKET_SECS
    oldest = (clock.now() // bucket - usage.HOUR_SECS // bucket) * bucket
    recent = [past for past in everything if past.at >= oldest]
    for outcome in Outcome:
        assert sum(had.outcomes[outcome] for had in told.values()) == outcomes(recent)[outcome]
    assert sum(had.tokens for had in told.values()) == sum(past.record.tokens or 0 for past in recent)
    for name in told.keys() - {usage.OTHERS}:
        mine = [past for past in recent if past.name == name]
        assert all(told[name].outcomes[outcome] <= count for outcome, count in outcomes(mine).items())


@given(STORIES, PAUSES)
def test_each_step_is_that_of_the_records_and_the_looks_in_it(
    story: list[tuple[float, str, Record]], pause: float
) -> None:
    clock = ManualClock(start=1e5)
    timeline = Timeline(clock)
    everything: list[Past] = []
    looks: list[tuple[float, int, int]] = []
    for number, (before, name, record) in enumerate(story):
        clock.advance(before)
        timeline.add(record)
        everything.append(Past(clock.now(), name, record))
        if number % 3:
            timeline.sample(7 * number % 5, number % 4)
            looks.append((clock.now(), 7 * number % 5, number % 4))
    clock.advance(pause)

    present = clock.now() // STEP_SECS
    steps = timeline.steps()
    assert len(steps) == STEPS
    for ago, step in enumerate(reversed(steps)):
        mine = [past for past in everything if past.at // STEP_SECS == present - ago]
        seen = [(waiting, running) for at, waiting, running in looks if at // STEP_SECS == present - ago]
        waits = [wait for past in mine for wait in past.wait]
        assert step.seen == bool(mine or seen)
        assert step.outcomes == outcomes(mine)
        assert (step.wait_p50, step.wait_p90) == (near(waits, 0.5), near(waits, 0.9))
        assert step.waiting == pytest.approx(sum(w for w, _ in seen) / max(1, len(seen)))
        assert step.in_service == pytest.approx(sum(r for _, r in seen) / max(1, len(seen)))
        assert step.most_waiting == max([w for w, _ in seen], default=0)
