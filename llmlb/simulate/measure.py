"""The numbers of a run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import floor
from statistics import fmean, median

import attrs

from llmlb.simulate.drive import Run
from llmlb.simulate.fair_share import fair_shares
from llmlb.simulate.gaps import gap_bound, largest_gap
from llmlb.simulate.job import Fate, NodeSpec
from llmlb.simulate.sampling import pace_of
from llmlb.simulate.watch import without_instants
from llmlb.simulate.windows import jain_indices
from llmlb.simulate.workload import Workload
from llmlb.telemetry.record import Outcome

MOST_COMPARED = 20
"""Keys between which gaps are looked for: those with most node time."""


@attrs.frozen(kw_only=True)
class Waits:
    """Seconds in the queue of those who reached a node (0 if they met an idle one) or gave up at the deadline."""

    p50: float | None
    p90: float | None
    p99: float | None
    """None when there were none."""


@attrs.frozen(kw_only=True)
class KeyResult:
    """What became of a key's requests, or of those of several."""

    asked: int
    served: int
    full: int
    """Answered 429."""
    late: int
    """Answered 504."""
    cancelled: int
    failed: int
    waits: Waits
    share: float
    """Of all node time there was until the workload's end."""
    fair: float
    """The share that would have been fair."""


@attrs.frozen(kw_only=True)
class Result:
    """What a configuration did with a workload. None where there was nothing to measure."""

    keys: Mapping[str, KeyResult]
    """The one that asked for most first."""
    total: KeyResult
    utilisation: float
    jain_mean: float | None
    jain_worst: float | None
    gap: float | None
    """Node-seconds per weight."""
    bound: float | None
    """Of the gap; None where none is promised: other units of cost, no fairness, or nodes with different models."""
    estimates: int
    """How many waits could be held against an estimate."""
    estimate_error: float | None
    """Median of |wait - estimate| / wait; a wait of less than a second counts as one, for whole seconds are told."""
    estimate_bias: float | None
    """Mean of wait - estimate, seconds: above 0, waits were longer than told."""
    estimate_miss: float | None
    """Mean of |wait - estimate|, seconds."""
    below: float | None
    """Share of waits that were shorter than their estimate."""
    promises: int
    """How many refusals said when to come back."""
    kept: float | None
    """Share of them after which there was a place."""


def measure(run: Run) -> Result:
    """The numbers of this run."""
    workload, length = run.workload, run.workload.length
    weights = {key.name: key.weight for key in run.config.api_keys}
    services = run.watch.services
    backlogs = run.watch.backlogs(length)
    groups = _groups(workload, run.nodes)
    wanting = {key: without_instants(spans) for key, spans in backlogs.items()}
    jain = jain_indices(services, wanting, weights, groups, length)
    busy: dict[str, float] = defaultdict(float)
    for service in services:
        busy[service.key] += max(0.0, min(service.end, length) - service.start)
    there = len(run.nodes) * length
    large = set(sorted(busy, key=lambda key: (-busy[key], key))[:MOST_COMPARED])
    compared = [[key for key in group if key in large] for group in groups]
    one_pool = len({frozenset(node.models) for node in run.nodes}) == 1
    promised = run.config.queue.enable_fairness and run.config.fairness.cost == "seconds" and one_pool
    gap = largest_gap([s for s in services if s.key in large], backlogs, weights, compared, until=length)
    fates: dict[str, list[Fate]] = defaultdict(list)
    for fate in run.fates:
        fates[fate.job.key].append(fate)
    disabled = frozenset(key.name for key in run.config.api_keys if key.disabled)
    fair = fair_shares(*asked_of(workload.without(disabled), run.nodes, weights))
    wanted = sorted(fates, key=lambda key: (-sum(fate.job.secs for fate in fates[key]), key))
    told = _told(run)
    return Result(
        keys={key: _key(fates[key], busy[key] / there, fair.get(key, 0.0) / there) for key in wanted},
        total=_key(run.fates, sum(busy.values()) / there, sum(fair.values()) / there),
        utilisation=sum(busy.values()) / there,
        jain_mean=fmean(jain) if jain else None,
        jain_worst=min(jain, default=None),
        gap=gap,
        bound=gap_bound(services, weights, compared, len(run.nodes), run.config.fairness.quantum) if promised else None,
        estimates=len(told),
        estimate_error=median(abs(wait - told_) / max(1.0, wait) for wait, told_, _ in told) if told else None,
        estimate_bias=fmean(wait - told_ for wait, told_, _ in told) if told else None,
        estimate_miss=fmean(abs(wait - told_) for wait, told_, _ in told) if told else None,
        below=fmean(below for _, _, below in told) if told else None,
        promises=len(run.promises),
        kept=fmean(promise.kept for promise in run.promises) if run.promises else None,
    )


def others(run: Run, result: Result, keys: Iterable[str]) -> KeyResult:
    """Several keys as one."""
    chosen = set(keys)
    mine = [result.keys[key] for key in chosen]
    return _key(
        [fate for fate in run.fates if fate.job.key in chosen], sum(r.share for r in mine), sum(r.fair for r in mine)
    )


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of the sorted values lies, between two neighbours by proportion."""
    place = part * (len(values) - 1)
    low = floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def waited(fates: Iterable[Fate]) -> list[float]:
    """The waits that count, sorted."""
    return sorted(fate.waited for fate in fates if fate.started is not None or fate.outcome is Outcome.TIMED_OUT)


def asked_of(
    workload: Workload, nodes: Sequence[NodeSpec], weights: Mapping[str, float]
) -> tuple[
    dict[str, dict[str, float]],
    Mapping[str, float],
    dict[frozenset[str], float],
    dict[str, frozenset[frozenset[str]]],
]:
    """What `fair_shares` needs: node-seconds asked for by key and model, weights, node-seconds there, who serves what.

    A client that always wants more asks for as many nodes as it has requests, all the time.
    """
    asked: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    paces = {model: pace_of(nodes, model) or 1.0 for model in (*workload.models, "")}
    for arrival in workload.arrivals:
        asked[arrival.job.key][arrival.job.model] += arrival.job.secs / paces[arrival.job.model]
    for client in workload.closed:
        asked[client.key][client.model] += min(client.count, len(nodes)) * max(0.0, client.stop - client.start)
    there: dict[frozenset[str], float] = defaultdict(float)
    for node in nodes:
        there[frozenset(node.models)] += workload.length
    servers = {model: frozenset(kind for kind in there if not model or model in kind) for model in paces}
    return {key: dict(by_model) for key, by_model in asked.items()}, weights, dict(there), servers


def _groups(workload: Workload, nodes: Sequence[NodeSpec]) -> list[list[str]]:
    """The keys, those together that ask for the same nodes: only they can be compared."""
    models: dict[str, set[str]] = defaultdict(set)
    for arrival in workload.arrivals:
        models[arrival.job.key].add(arrival.job.model)
    for client in workload.closed:
        models[client.key].add(client.model)
    groups: dict[frozenset[str], list[str]] = defaultdict(list)
    for key in sorted(models):
        groups[frozenset(n.name for n in nodes if "" in models[key] or models[key] & set(n.models))].append(key)
    return list(groups.values())


def _told(run: Run) -> list[tuple[float, float, bool]]:
    """Each wait with its estimate, and whether it was shorter.

    One that ended at the deadline is taken for as long as that. If the estimate was longer still, nobody knows which
    of the two was: it is left out.
    """
    told = []
    for fate in run.fates:
        if fate.estimate is None or not fate.waited:
            continue
        if fate.outcome is Outcome.TIMED_OUT and fate.estimate >= fate.waited:
            continue
        if fate.attempts == 1 or fate.outcome is Outcome.TIMED_OUT:
            told.append((fate.waited, fate.estimate, fate.waited < fate.estimate))
    return told


def _key(fates: Sequence[Fate], share: float, fair: float) -> KeyResult:
    outcomes = Counter(fate.outcome for fate in fates)
    waits = waited(fates)
    return KeyResult(
        asked=len(fates),
        served=outcomes[Outcome.SERVED],
        full=outcomes[Outcome.REJECTED],
        late=outcomes[Outcome.TIMED_OUT],
        cancelled=outcomes[Outcome.CANCELLED],
        failed=outcomes[Outcome.FAILED],
        waits=Waits(**{f"p{part}": quantile(waits, part / 100) if waits else None for part in (50, 90, 99)}),
        share=share,
        fair=fair,
    )
