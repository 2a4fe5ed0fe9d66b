"""The past hour: what is counted, for how long, and in how much memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.telemetry.hour import BUCKET_SECS, HOUR_SECS, HourTotals, PastHour
from llmlb.telemetry.record import Outcome, Record
from llmlb.testing.clock import ManualClock
from tests.unit.telemetry.records import over


def test_means_are_zero_while_there_is_nothing_to_average() -> None:
    assert PastHour(ManualClock()).totals() == HourTotals(
        avg_wait_time_ms=0.0, avg_process_time_ms=0.0, timeout_count=0, rejected_count=0
    )


def test_a_request_that_did_not_wait_counts_as_a_wait_of_zero() -> None:
    hour = PastHour(ManualClock())
    hour.add(over(waited=3.0))
    hour.add(over(waited=0.0))
    assert hour.totals().avg_wait_time_ms == 1500.0


def test_a_timeout_counts_with_the_time_it_waited_though_it_reached_no_node() -> None:
    hour = PastHour(ManualClock())
    hour.add(over(waited=0.0))
    hour.add(over(Outcome.TIMED_OUT, waited=60.0, reached_node=False))
    totals = hour.totals()
    assert totals.avg_wait_time_ms == 30_000.0
    assert totals.timeout_count == 1


def test_a_timeout_after_a_node_sent_it_back_counts_once() -> None:
    hour = PastHour(ManualClock())
    hour.add(over(Outcome.TIMED_OUT, waited=60.0, reached_node=True))
    assert hour.totals().avg_wait_time_ms == 60_000.0


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.FAILED])
def test_who_reached_a_node_counts_as_waited_however_it_ended(outcome: Outcome) -> None:
    hour = PastHour(ManualClock())
    hour.add(over(outcome, waited=2.0, service=5.0))
    assert hour.totals().avg_wait_time_ms == 2000.0


@pytest.mark.parametrize("outcome", [Outcome.CANCELLED, Outcome.REJECTED, Outcome.FAILED])
def test_who_never_reached_a_node_is_no_wait(outcome: Outcome) -> None:
    hour = PastHour(ManualClock())
    hour.add(over(waited=1.0))
    hour.add(over(outcome, waited=40.0, reached_node=False))
    assert hour.totals().avg_wait_time_ms == 1000.0


def test_only_served_requests_make_the_mean_service_time() -> None:
    hour = PastHour(ManualClock())
    hour.add(over(service=2.0))
    hour.add(over(service=4.0))
    hour.add(over(Outcome.FAILED, service=300.0))
    hour.add(over(Outcome.CANCELLED, service=300.0))
    assert hour.totals().avg_process_time_ms == 3000.0


def test_refusals_are_counted() -> None:
    hour = PastHour(ManualClock())
    hour.add(over(Outcome.REJECTED, reached_node=False))
    hour.add(over(Outcome.REJECTED, reached_node=False))
    assert hour.totals().rejected_count == 2


def test_a_record_counts_for_an_hour_and_is_gone_ten_seconds_later() -> None:
    clock = ManualClock()
    hour = PastHour(clock)
    hour.add(over(Outcome.TIMED_OUT, waited=60.0))
    clock.advance(HOUR_SECS)
    assert hour.totals().timeout_count == 1
    clock.advance(BUCKET_SECS)
    assert hour.totals() == PastHour(clock).totals()


def test_a_day_of_silence_forgets_everything() -> None:
    clock = ManualClock()
    hour = PastHour(clock)
    hour.add(over(waited=0.1, service=0.2))
    clock.advance(24 * HOUR_SECS)
    hour.add(over(waited=7.0, service=9.0))
    assert hour.totals().avg_wait_time_ms == 7000.0
    assert hour.totals().avg_process_time_ms == 9000.0


def mean_ms(seconds: list[float]) -> float:
    return 1000 * sum(seconds) / max(1, len(seconds))


records = st.builds(
    over,
    st.sampled_from(Outcome),
    waited=st.floats(0, 3600),
    reached_node=st.booleans(),
    service=st.none() | st.floats(0, 3600),
)
pauses = st.floats(0, 30) | st.sampled_from([10.0, 3590.0, 3600.0, 3610.0, 1e6])


@given(st.lists(st.tuples(pauses, records), max_size=40), pauses)
def test_it_says_what_a_list_of_everything_would_say(story: list[tuple[float, Record]], pause: float) -> None:
    clock = ManualClock()
    hour = PastHour(clock)
    everything: list[tuple[float, Record]] = []
    for before, record in story:
        clock.advance(before)
        hour.add(record)
        everything.append((clock.now(), record))
    clock.advance(pause)

    oldest = (clock.now() // BUCKET_SECS - HOUR_SECS // BUCKET_SECS) * BUCKET_SECS
    recent = [record for at, record in everything if at >= oldest]
    waits = [r.waited for r in recent if r.reached_node or r.outcome is Outcome.TIMED_OUT]
    services = [r.service for r in recent if r.outcome is Outcome.SERVED and r.service is not None]
    totals = hour.totals()
    assert totals.avg_wait_time_ms == pytest.approx(1000 * sum(waits) / max(1, len(waits)), abs=0.001)
    assert totals.avg_process_time_ms == pytest.approx(1000 * sum(services) / max(1, len(services)), abs=0.001)
    assert totals.timeout_count == sum(r.outcome is Outcome.TIMED_OUT for r in recent)
    assert totals.rejected_count == sum(r.outcome is Outcome.REJECTED for r in recent)
