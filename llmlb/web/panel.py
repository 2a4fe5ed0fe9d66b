"""The gateway's overview in the words and figures of the page.

The one place where they are chosen: the first paint and every later event show the same `Panel`, so the browser
needs to know no language and no rule.
"""

from __future__ import annotations

import math
from typing import Literal

import attrs

from llmlb.gateway.overview import NodeView, Overview
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.page_texts import page_text, reason_text

TICKS = 50
"""Into how many marks the drawing of the queue is divided."""

_NAMES_SHOWN = 3
_UNUSABLE = {"offline", "draining"}

Level = Literal["good", "info", "warning", "error"]


@attrs.frozen
class Part:
    """A figure and its unit, such as 12 and min."""

    value: str
    unit: str


@attrs.frozen(kw_only=True)
class Notice:
    """How things stand, and what to do about it."""

    level: Level
    title: str
    advice: str


@attrs.frozen(kw_only=True)
class NodeTile:
    """One node."""

    name: str
    state: str
    label: str
    since: str
    reason: str
    in_service: int
    in_service_label: str


@attrs.frozen(kw_only=True)
class Panel:
    """All that changes on the page."""

    title: str
    notice: Notice
    waiting: str
    waiting_of: str
    fill: int
    """How much of the drawing of the queue is filled, in percent, by whole ticks; one request fills one."""
    processing: str
    processing_of: str
    avg_wait: tuple[Part, ...]
    avg_process: tuple[Part, ...]
    timeouts: str
    refusals: str
    nodes: tuple[NodeTile, ...]


def panel(overview: Overview, locale: Locale) -> Panel:
    """What the page shows for `overview`."""
    count = len(overview.nodes)
    nodes_key = "processing_of_one" if count == 1 else "processing_of"
    ticks = min(TICKS, math.ceil(TICKS * overview.waiting / max(1, overview.max_size)))
    return Panel(
        title=page_text(locale, "title", waiting=overview.waiting, processing=overview.processing),
        notice=_notice(overview, locale),
        waiting=f"{overview.waiting:,}",
        waiting_of=page_text(locale, "waiting_of", max_size=f"{overview.max_size:,}"),
        fill=100 * ticks // TICKS,
        processing=f"{overview.processing:,}",
        processing_of=page_text(locale, nodes_key, nodes=f"{count:,}"),
        avg_wait=_duration(overview.hour.avg_wait_time_ms / 1000, locale),
        avg_process=_duration(overview.hour.avg_process_time_ms / 1000, locale),
        timeouts=f"{overview.hour.timeout_count:,}",
        refusals=f"{overview.hour.rejected_count:,}",
        nodes=tuple(_tile(node, locale) for node in overview.nodes),
    )


def _tile(node: NodeView, locale: Locale) -> NodeTile:
    return NodeTile(
        name=printable(node.name),
        state=node.state,
        label=page_text(locale, f"state_{node.state}"),
        since=_age(node.since, locale),
        reason=printable(reason_text(locale, node.reason)),
        in_service=node.in_service,
        in_service_label=page_text(locale, "in_service", count=node.in_service),
    )


def _notice(overview: Overview, locale: Locale) -> Notice:
    def say(level: Level, key: str, **values: str) -> Notice:
        return Notice(
            level=level,
            title=page_text(locale, key, **values),
            advice=page_text(locale, f"{key}_advice"),
        )

    states = [node.state for node in overview.nodes]
    offline = [printable(node.name) for node in overview.nodes if node.state == "offline"]
    if overview.draining:
        return say("warning", "draining")
    if not states:
        return say("error", "no_node")
    if len(offline) == len(states):
        return say("error", "all_offline")
    if _UNUSABLE.issuperset(states):
        return say("error", "no_usable")
    if overview.waiting >= overview.max_size:
        return say("error", "full")
    if offline:
        return say("warning", "some_offline", names=_listed(offline, locale))
    if {"pending"}.issuperset(states):
        return say("info", "checking")
    if "idle" not in states:
        return say("good", "crowded" if overview.waiting else "working")
    return say("good", "other_model" if overview.waiting else "calm")


def _listed(names: list[str], locale: Locale) -> str:
    shown = names[:_NAMES_SHOWN]
    if len(names) > _NAMES_SHOWN:
        shown.append(page_text(locale, "and_more", count=len(names) - _NAMES_SHOWN))
    return ("、" if locale == "ja" else ", ").join(shown)


def _duration(seconds: float, locale: Locale) -> tuple[Part, ...]:
    """A mean, as exact as it is worth reading: tenths below ten seconds, then seconds, then minutes as well."""
    if seconds == 0:
        figures = [("0", "seconds")]
    elif seconds < 0.05:
        figures = [("<0.1", "seconds")]
    elif round(seconds, 1) < 10:
        figures = [(f"{seconds:.1f}", "seconds")]
    elif round(seconds) < 60:
        figures = [(f"{seconds:.0f}", "seconds")]
    else:
        minutes, rest = divmod(round(seconds), 60)
        figures = [(f"{minutes:,}", "minutes"), (str(rest), "seconds")]
    return tuple(Part(value, page_text(locale, unit)) for value, unit in figures)


def _age(seconds: float, locale: Locale) -> str:
    """How long something has been so, in its largest whole unit."""
    whole = max(0, int(seconds))
    for length, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if whole >= length:
            return f"{whole // length} {page_text(locale, unit)}"
    return f"{whole} {page_text(locale, 'seconds')}"
