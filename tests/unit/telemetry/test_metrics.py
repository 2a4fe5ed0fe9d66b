"""What is counted of a request that is over."""

from __future__ import annotations

import pytest

from llmlb.telemetry.metrics import BOUNDS, UNCONFIGURED, Histogram, Metrics
from llmlb.telemetry.record import Outcome, Record


def over(
    outcome: Outcome = Outcome.SERVED,
    *,
    key: str = "alice",
    waited: float = 0.0,
    attempts: int = 1,
    service: float | None = None,
    estimate: int | None = None,
) -> Record:
    return Record(
        id="r1",
        at=0.0,
        key_name=key,
        path="/v1/chat/completions",
        model="m",
        outcome=outcome,
        status=200,
        waited=waited,
        reached_node=attempts > 0,
        service=service,
        estimate=estimate,
        position=None if estimate is None else 1,
        attempts=attempts,
    )


def counting(*records: Record, keys: tuple[str, ...] = ("alice", "bob")) -> Metrics:
    metrics = Metrics(keys)
    for record in records:
        metrics.add(record)
    return metrics


def count(histogram: Histogram) -> int:
    return histogram.cumulative()[-1]


def test_every_request_is_counted_once_under_its_outcome() -> None:
    metrics = counting(*[over(outcome) for outcome in Outcome], over(Outcome.SERVED))
    assert metrics.outcomes == {outcome: 1 + (outcome is Outcome.SERVED) for outcome in Outcome}
    assert metrics.keys["alice"].outcomes == metrics.outcomes
    assert metrics.keys["bob"].outcomes == dict.fromkeys(Outcome, 0), "there from the start, so that a rate is known"


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_value_on_a_bound_is_not_above_it(bound: float) -> None:
    histogram = Histogram()
    histogram.observe(bound)
    histogram.observe(bound * 1.001)
    place = BOUNDS.index(bound)
    assert histogram.cumulative() == [0] * place + [1] + [2] * (len(BOUNDS) - place)


def test_a_value_above_all_bounds_is_in_the_last_bucket_and_in_the_sum() -> None:
    histogram = Histogram()
    histogram.observe(0.0)
    histogram.observe(10_000.0)
    assert histogram.cumulative() == [1] * len(BOUNDS) + [2]
    assert histogram.sum == 10_000.0


def test_buckets_reach_from_a_twentieth_of_a_second_to_ten_minutes() -> None:
    assert (BOUNDS[0], BOUNDS[-1]) == (0.05, 600.0)
    assert list(BOUNDS) == sorted(set(BOUNDS))


def test_a_wait_counts_when_it_led_to_a_node_or_to_a_timeout() -> None:
    metrics = counting(
        over(waited=1.0),
        over(waited=0.0),
        over(Outcome.CANCELLED, waited=2.0),
        over(Outcome.TIMED_OUT, waited=60.0, attempts=0),
        over(Outcome.CANCELLED, waited=500.0, attempts=0),
        over(Outcome.REJECTED, attempts=0),
    )
    assert (count(metrics.wait), metrics.wait.sum) == (4, 63.0)


def test_only_a_served_request_tells_how_long_a_service_takes() -> None:
    metrics = counting(over(service=2.0), over(Outcome.FAILED, service=7.0), over(Outcome.CANCELLED, service=7.0))
    assert (count(metrics.service), metrics.service.sum) == (1, 2.0)


def test_node_time_is_counted_however_the_request_ended() -> None:
    metrics = counting(
        over(service=2.0), over(Outcome.FAILED, service=7.0), over(Outcome.CANCELLED, key="bob", service=3.0)
    )
    assert {name: tally.node_seconds for name, tally in metrics.keys.items()} == {"alice": 9.0, "bob": 3.0}


@pytest.mark.parametrize(("waited", "estimate", "error"), [(7.5, 10, 2.5), (12.0, 10, 2.0), (10.0, 10, 0.0)])
def test_a_forecast_is_off_by_as_much_in_either_direction(waited: float, estimate: int, error: float) -> None:
    metrics = counting(over(waited=waited, estimate=estimate))
    assert (count(metrics.forecast_error), metrics.forecast_error.sum) == (1, error)


@pytest.mark.parametrize(
    "record",
    [
        over(waited=3.0),
        over(Outcome.TIMED_OUT, waited=60.0, estimate=100, attempts=0),
        over(Outcome.TIMED_OUT, waited=160.0, estimate=100, attempts=1),
        over(Outcome.CANCELLED, waited=1.0, estimate=100, attempts=0),
        over(Outcome.CANCELLED, waited=60.0, estimate=20, attempts=0),
        over(waited=30.0, estimate=10, attempts=2),
    ],
    ids=["told nothing", "timed out early", "sent back and timed out", "left", "left late", "waited twice"],
)
def test_a_wait_that_is_not_the_one_foretold_is_no_forecast_error(record: Record) -> None:
    assert count(counting(record).forecast_error) == 0


def test_who_timed_out_later_than_told_shows_how_wrong_the_forecast_was_by_then() -> None:
    metrics = counting(over(Outcome.TIMED_OUT, waited=60.0, estimate=20, attempts=0))
    assert (count(metrics.forecast_error), metrics.forecast_error.sum) == (1, 40.0)


def test_all_unconfigured_keys_are_counted_as_one() -> None:
    metrics = counting(*[over(key=f"anonymous-{n:012x}", service=1.0) for n in range(1000)], over(key="-"), keys=())
    assert list(metrics.keys) == [UNCONFIGURED]
    assert metrics.keys[UNCONFIGURED].outcomes[Outcome.SERVED] == 1001
    assert metrics.keys[UNCONFIGURED].node_seconds == 1000.0


def test_unconfigured_keys_have_no_series_where_keys_are_configured_until_there_is_one() -> None:
    metrics = counting(over())
    assert set(metrics.keys) == {"alice", "bob"}
    metrics.add(over(key="removed since"))
    assert set(metrics.keys) == {"alice", "bob", UNCONFIGURED}
    assert metrics.keys[UNCONFIGURED].outcomes[Outcome.SERVED] == 1
