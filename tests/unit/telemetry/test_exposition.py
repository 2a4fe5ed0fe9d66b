"""The text of /metrics, read back by the parser of its own package."""

from __future__ import annotations

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from llmlb.telemetry.exposition import CATALOGUE, Gauges, KeyGauges, exposition
from llmlb.telemetry.metrics import BOUNDS, Metrics
from llmlb.telemetry.record import Outcome, Record

HOSTILE = ['a"} 1\nllmlb_key_weight{key="b', "\\", '\\"', "\\n", "\n", "日本語 名前", "{}=,#", "\u2028", "\r", "x" * 64]

Values = dict[tuple[str, frozenset[tuple[str, str]]], float]


def gauges(*keys: str, nodes: tuple[str, ...] = ("n1",)) -> Gauges:
    return Gauges(
        waiting=3,
        running=2,
        max_size=100,
        nodes=dict.fromkeys(nodes, "idle"),
        failures=dict.fromkeys(nodes, 7),
        states=("idle", "busy"),
        shorter=4,
        longer=6,
        factor=1.25,
        config_refused=True,
        audit_failures={"slots": 2},
        keys={key: KeyGauges(weight=2.0, waiting=1, debt=0.5, share=0.25) for key in keys},
    )


def read(text: bytes) -> Values:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(values: Values, name: str, **labels: str) -> float:
    return values[name, frozenset(labels.items())]


def served(key: str = "alice") -> Record:
    return Record(
        id="r1",
        at=0.0,
        key_name=key,
        path="/v1/chat/completions",
        model="m",
        outcome=Outcome.SERVED,
        status=200,
        waited=1.5,
        reached_node=True,
        service=4.0,
        estimate=2,
        tokens=300,
        attempts=1,
    )


def test_all_that_is_known_can_be_read_back() -> None:
    metrics = Metrics(["alice"])
    metrics.add(served())
    values = read(exposition(metrics, gauges("alice")))
    assert value(values, "llmlb_requests_waiting") == 3
    assert value(values, "llmlb_requests_running") == 2
    assert value(values, "llmlb_queue_max_size") == 100
    assert value(values, "llmlb_requests_total", outcome="served") == 1
    assert value(values, "llmlb_requests_total", outcome="rejected") == 0
    assert value(values, "llmlb_wait_seconds_sum") == 1.5
    assert value(values, "llmlb_wait_seconds_bucket", le="1.0") == 0
    assert value(values, "llmlb_wait_seconds_bucket", le="2.0") == 1
    assert value(values, "llmlb_service_seconds_count") == 1
    assert value(values, "llmlb_service_seconds_sum") == 4.0
    assert value(values, "llmlb_node_state", node="n1", state="idle") == 1
    assert value(values, "llmlb_node_state", node="n1", state="busy") == 0
    assert value(values, "llmlb_node_failures_total", node="n1") == 7
    assert value(values, "llmlb_forecast_error_seconds_sum") == 0.5
    assert value(values, "llmlb_forecasts_total", wait="shorter") == 4
    assert value(values, "llmlb_forecasts_total", wait="longer") == 6
    assert value(values, "llmlb_forecast_factor") == 1.25
    assert value(values, "llmlb_config_refused") == 1
    assert value(values, "llmlb_audit_failures_total", check="slots") == 2
    assert value(values, "llmlb_key_requests_total", key="alice", outcome="served") == 1
    assert value(values, "llmlb_key_node_seconds_total", key="alice") == 4.0
    assert value(values, "llmlb_key_tokens_total", key="alice") == 300
    assert value(values, "llmlb_key_share", key="alice") == 0.25
    assert value(values, "llmlb_key_weight", key="alice") == 2.0
    assert value(values, "llmlb_key_debt", key="alice") == 0.5
    assert value(values, "llmlb_key_waiting", key="alice") == 1


def test_nothing_by_key_is_told_to_who_may_not_see_it() -> None:
    metrics = Metrics(["alice"])
    metrics.add(served())
    text = exposition(metrics, attrs.evolve(gauges(), keys=None))
    assert b"alice" not in text
    assert b"llmlb_key_" not in text
    assert value(read(text), "llmlb_requests_total", outcome="served") == 1


def test_the_catalogue_is_what_is_told() -> None:
    text = exposition(Metrics(["alice"]), gauges("alice"))
    told = list(text_string_to_metric_families(text.decode()))
    assert [(family.name, family.type, family.documentation) for family in told] == [
        (family.name.removesuffix("_total"), family.kind, family.help) for family in CATALOGUE
    ]
    for family, about in zip(told, CATALOGUE, strict=True):
        assert {frozenset(sample.labels) - {"le"} for sample in family.samples} == {frozenset(about.labels)}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_inside_its_label(name: str) -> None:
    plain = read(exposition(Metrics(["a"]), gauges("a")))
    hostile = read(exposition(Metrics([name]), gauges(name, nodes=(name,))))
    assert value(hostile, "llmlb_key_weight", key=name) == 2.0
    assert value(hostile, "llmlb_node_state", node=name, state="idle") == 1
    assert value(hostile, "llmlb_node_failures_total", node=name) == 7
    assert len(hostile) == len(plain), "no series more than with a plain name"


def test_buckets_have_their_bounds_and_end_with_infinity() -> None:
    values = read(exposition(Metrics([]), gauges()))
    limits = {dict(labels)["le"] for name, labels in values if name == "llmlb_wait_seconds_bucket"}
    assert {float(limit) for limit in limits} == {*BOUNDS, float("inf")}
