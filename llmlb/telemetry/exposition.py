"""Every metric there is, and all of them as the text that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import attrs

from llmlb.telemetry.metrics import BOUNDS, Histogram, KeyTally, Metrics
from llmlb.telemetry.record import Outcome

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_OUTCOMES = [f'outcome="{outcome.value}"' for outcome in Outcome]
_LIMITS = [*map(str, BOUNDS), "+Inf"]

Samples = Iterable[tuple[str, float]]
"""Values, each with its labels as they are written between braces."""


@attrs.frozen
class Family:
    """One metric: what it is called, what it means, and by which labels it is told apart."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    labels: tuple[str, ...] = ()

    def one(self, value: float) -> str:
        """The metric with its only value."""
        return f"{self._head()}{self.name} {float(value)}\n"

    def of(self, samples: Samples) -> str:
        """The metric with these values."""
        name = self.name
        return self._head() + "".join([f"{name}{{{labels}}} {float(value)}\n" for labels, value in samples])

    def by(self, values: Mapping[str, float]) -> str:
        """The metric with these values of its only label."""
        (label,) = self.labels
        return self.of((_label(label, key), value) for key, value in values.items())

    def buckets(self, histogram: Histogram) -> str:
        """The metric with these buckets."""
        name, counts = self.name, histogram.cumulative()
        lines = [
            f'{name}_bucket{{le="{limit}"}} {float(count)}\n' for limit, count in zip(_LIMITS, counts, strict=True)
        ]
        return f"{self._head()}{''.join(lines)}{name}_count {float(counts[-1])}\n{name}_sum {float(histogram.sum)}\n"

    def _head(self) -> str:
        return f"# HELP {self.name} {self.help}\n# TYPE {self.name} {self.kind}\n"


WAITING = Family("llmlb_requests_waiting", "gauge", "Requests that wait in the queue.")
RUNNING = Family("llmlb_requests_running", "gauge", "Requests in service on a node.")
PLACES = Family("llmlb_queue_max_size", "gauge", "Requests that may wait in the queue, as configured.")
REQUESTS = Family("llmlb_requests_total", "counter", "Requests that are over, by how they ended.", ("outcome",))
WAIT = Family(
    "llmlb_wait_seconds", "histogram",
    "Time in the queue of requests that reached a node (0 if they did not wait) or timed out waiting.",
)  # fmt: skip
SERVICE = Family("llmlb_service_seconds", "histogram", "Time on the node of requests that were served.")
NODE_STATE = Family(
    "llmlb_node_state", "gauge", "1 for the state the node is in, 0 for the others.", ("node", "state")
)  # fmt: skip
NODE_FAILURES = Family(
    "llmlb_node_failures_total", "counter",
    "Requests that failed on the node, those that another node then served as well.", ("node",),
)  # fmt: skip
FORECAST_ERROR = Family(
    "llmlb_forecast_error_seconds", "histogram",
    "Difference between a wait and its X-Estimated-Wait, whichever was longer.",
)  # fmt: skip
FORECASTS = Family(
    "llmlb_forecasts_total", "counter",
    "Waits that were over, by whether they were shorter or longer than estimated; half and half is right.", ("wait",),
)  # fmt: skip
FORECAST_FACTOR = Family(
    "llmlb_forecast_factor", "gauge", "What estimates are multiplied by, learned from how earlier ones came out."
)  # fmt: skip
CONFIG_REFUSED = Family(
    "llmlb_config_refused", "gauge",
    "1 while the configuration file is refused as it is now, so that the former configuration still applies.",
)  # fmt: skip
AUDIT_FAILURES = Family(
    "llmlb_audit_failures_total", "counter",
    "Seconds in which parts of the gateway did not know the same, by check. More than 0 is a bug of llmlb.", ("check",),
)  # fmt: skip
KEY_REQUESTS = Family(
    "llmlb_key_requests_total", "counter", "Requests of the key that are over, by how they ended.", ("key", "outcome")
)  # fmt: skip
KEY_NODE_SECONDS = Family(
    "llmlb_key_node_seconds_total", "counter",
    "Node time that requests of the key held, on every node they were tried on, added when they are over.", ("key",),
)  # fmt: skip
KEY_TOKENS = Family(
    "llmlb_key_tokens_total", "counter",
    "Tokens of requests of the key and of their replies, as nodes state them or by count, added when they are over.",
    ("key",),
)  # fmt: skip
KEY_SHARE = Family(
    "llmlb_key_share", "gauge",
    "Part of all node time of the past 5 minutes that the key had, 0 to 1, requests in service included.", ("key",),
)  # fmt: skip
KEY_WEIGHT = Family("llmlb_key_weight", "gauge", "Weight of the key as configured.", ("key",))
KEY_DEBT = Family(
    "llmlb_key_debt", "gauge",
    "How far the key is ahead of the least served key it competes with, in units of cost per weight.", ("key",),
)  # fmt: skip
KEY_WAITING = Family("llmlb_key_waiting", "gauge", "Requests of the key that wait in the queue.", ("key",))

CATALOGUE = (
    WAITING, RUNNING, PLACES, REQUESTS, WAIT, SERVICE, NODE_STATE, NODE_FAILURES,
    FORECAST_ERROR, FORECASTS, FORECAST_FACTOR, CONFIG_REFUSED, AUDIT_FAILURES,
    KEY_REQUESTS, KEY_NODE_SECONDS, KEY_TOKENS, KEY_SHARE, KEY_WEIGHT, KEY_DEBT, KEY_WAITING,
)  # fmt: skip
"""All metrics, in the order they are told. Names and labels are stable; docs/metrics.md explains them."""


@attrs.frozen(kw_only=True)
class KeyGauges:
    """What is read of a key when somebody asks."""

    weight: float
    waiting: int
    debt: float
    share: float


@attrs.frozen(kw_only=True)
class Gauges:
    """What is read when somebody asks, and not counted before."""

    waiting: int
    running: int
    max_size: int
    nodes: Mapping[str, str]
    """The state of each node, by its name."""
    failures: Mapping[str, int]
    """How many requests have failed on each node, by its name."""
    states: tuple[str, ...]
    """All states there are."""
    shorter: int
    longer: int
    factor: float
    config_refused: bool
    audit_failures: Mapping[str, int]
    """By check."""
    keys: Mapping[str, KeyGauges] | None
    """By name; None for those who may see nothing by key."""


def exposition(metrics: Metrics, gauges: Gauges) -> bytes:
    """The text of all metrics, of those by key only if `gauges` has them."""
    by_key = () if gauges.keys is None else _by_key(metrics.keys, gauges.keys)
    return "".join((*_totals(metrics, gauges), *by_key)).encode()


def _totals(metrics: Metrics, gauges: Gauges) -> Iterator[str]:
    yield WAITING.one(gauges.waiting)
    yield RUNNING.one(gauges.running)
    yield PLACES.one(gauges.max_size)
    yield REQUESTS.of(zip(_OUTCOMES, metrics.outcomes.values(), strict=True))
    yield WAIT.buckets(metrics.wait)
    yield SERVICE.buckets(metrics.service)
    yield NODE_STATE.of(
        (f'{label},state="{state}"', state == now)
        for label, now in [(_label("node", name), now) for name, now in gauges.nodes.items()]
        for state in gauges.states
    )
    yield NODE_FAILURES.by(gauges.failures)
    yield FORECAST_ERROR.buckets(metrics.forecast_error)
    yield FORECASTS.by({"shorter": gauges.shorter, "longer": gauges.longer})
    yield FORECAST_FACTOR.one(gauges.factor)
    yield CONFIG_REFUSED.one(gauges.config_refused)
    yield AUDIT_FAILURES.by(gauges.audit_failures)


def _by_key(tallies: Mapping[str, KeyTally], gauges: Mapping[str, KeyGauges]) -> Iterator[str]:
    counted = [(_label("key", key), tally) for key, tally in tallies.items()]
    yield KEY_REQUESTS.of(
        (f"{label},{outcome}", count)
        for label, tally in counted
        for outcome, count in zip(_OUTCOMES, tally.outcomes.values(), strict=True)
    )
    yield KEY_NODE_SECONDS.of((label, tally.node_seconds) for label, tally in counted)
    yield KEY_TOKENS.of((label, tally.tokens) for label, tally in counted)
    read = [(_label("key", key), gauge) for key, gauge in gauges.items()]
    yield KEY_SHARE.of((label, gauge.share) for label, gauge in read)
    yield KEY_WEIGHT.of((label, gauge.weight) for label, gauge in read)
    yield KEY_DEBT.of((label, gauge.debt) for label, gauge in read)
    yield KEY_WAITING.of((label, gauge.waiting) for label, gauge in read)


def _label(name: str, value: str) -> str:
    """A label as it is written between braces, whatever its value is made of."""
    escaped = value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
    return f'{name}="{escaped}"'
