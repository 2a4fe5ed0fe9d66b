"""The numbers of one or several runs as text, and as values for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from llmlb.messages import Locale
from llmlb.simulate.drive import Run
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.measure import KeyResult, Result, others
from llmlb.simulate.table import cut, table
from llmlb.simulate.texts import say

MOST_KEYS = 20
LONGEST_NAME = 40
NOTHING = "-"


@attrs.frozen
class Tried:
    """A configuration under its name, and what it did."""

    name: str
    run: Run = attrs.field(repr=False)
    result: Result


def key_table(tried: Sequence[Tried], locale: Locale) -> str:
    """What each key got: the keys that asked for most, each with a line for every configuration, and all together."""
    several = len(tried) > 1
    header = ["key", *(["configuration"] if several else [])]
    header += ["asked", "served", "full", "late", "p50", "p90", "p99", "share", "fair"]
    rows: list[Sequence[str] | None] = []
    shown = list(tried[0].result.keys)[:MOST_KEYS]
    rest = {key for one in tried for key in one.result.keys} - set(shown)
    if len(rest) == 1:
        shown += rest
        rest = set()
    entries = [(_name(key, locale), [_of(one, {key}) for one in tried]) for key in shown]
    if rest:
        entries.append((say(locale, "others", count=len(rest)), [_of(one, rest) for one in tried]))
    entries.append((say(locale, "all"), [one.result.total for one in tried]))
    for name, results in entries:
        if several and rows:
            rows.append(None)
        for line, (one, result) in enumerate(zip(tried, results, strict=True)):
            cells = [name if not line else "", cut(one.name, LONGEST_NAME)] if several else [name]
            rows.append([*cells, *_cells(result)])
    return table([say(locale, word) for word in header], rows, left=2 if several else 1)


def overall_table(tried: Sequence[Tried], locale: Locale) -> str:
    """What is true of all together, a configuration a column."""
    rows = [[say(locale, name), *(_overall(one.result)[name] for one in tried)] for name in _overall(tried[0].result)]
    return table([say(locale, "overall"), *(cut(one.name, LONGEST_NAME) for one in tried)], rows)


def describe_nodes(nodes: Sequence[NodeSpec], locale: Locale) -> str:
    """The nodes in a few words: how many are alike."""
    alike: dict[tuple[tuple[str, ...], float], int] = {}
    for node in nodes:
        alike[node.models, node.speed] = alike.get((node.models, node.speed), 0) + 1
    parts = []
    for (models, speed), count in list(alike.items())[:8]:
        about = [cut(" ".join(models), 40)] if len(alike) > 1 and models else []
        about += [f"x{speed:g}"] if speed != 1 else []
        parts.append(f"{count}" + (f" ({', '.join(about)})" if about else ""))
    return " + ".join(parts) + (" + …" if len(alike) > 8 else "")


def json_report(tried: Sequence[Tried], about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, as plain values: seconds, shares from 0 to 1, null where there was nothing to measure."""
    return {
        **about,
        "configurations": [
            {
                "name": one.name,
                "queue": attrs.asdict(one.run.config.queue),
                "fairness": attrs.asdict(one.run.config.fairness),
                "nodes": [attrs.asdict(node) for node in one.run.nodes],
                **attrs.asdict(one.result),
            }
            for one in tried
        ],
    }


def _of(one: Tried, keys: set[str]) -> KeyResult:
    mine = [key for key in keys if key in one.result.keys]
    return one.result.keys[mine[0]] if len(mine) == 1 else others(one.run, one.result, mine)


def _name(key: str, locale: Locale) -> str:
    return cut(key, LONGEST_NAME) if key else say(locale, "no_key")


def _cells(result: KeyResult) -> list[str]:
    waits = (result.waits.p50, result.waits.p90, result.waits.p99)
    return [
        *(str(count) for count in (result.asked, result.served, result.full, result.late)),
        *(_number(wait, 1) for wait in waits),
        _part(result.share),
        _part(result.fair),
    ]


def _overall(result: Result) -> dict[str, str]:
    total = result.total
    counts = {"asked": total.asked, "served": total.served}
    lost = {"full": total.full, "late": total.late, "cancelled": total.cancelled, "failed": total.failed}
    return {
        **{name: str(count) for name, count in counts.items()},
        **{name: f"{count} ({_part(count / max(1, total.asked))})" for name, count in lost.items()},
        "wait_p50": _number(total.waits.p50, 1),
        "wait_p90": _number(total.waits.p90, 1),
        "wait_p99": _number(total.waits.p99, 1),
        "utilisation": _part(result.utilisation),
        "jain_mean": _number(result.jain_mean, 3),
        "jain_worst": _number(result.jain_worst, 3),
        "gap": _number(result.gap, 1),
        "bound": _number(result.bound, 1),
        "estimates": str(result.estimates),
        "estimate_error": _part(result.estimate_error),
        "estimate_miss": _number(result.estimate_miss, 1),
        "estimate_bias": _number(result.estimate_bias, 1),
        "below": _part(result.below),
        "promises": str(result.promises),
        "kept": _part(result.kept),
    }


def _number(value: float | None, digits: int) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}"


def _part(value: float | None) -> str:
    return NOTHING if value is None else f"{100 * value:.1f}%"
