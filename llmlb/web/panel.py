"""The gateway's overview in the words and figures of the page.

The one place where they are chosen: the first paint and every later event show the same `Panel`, so the browser
needs to know no language and no rule.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import attrs

from llmlb.gateway.overview import NodeView, Overview
from llmlb.messages import Locale
from llmlb.nodes.states import STATES, trouble_first
from llmlb.telemetry.lines import printable
from llmlb.web.durations import Part, age, duration
from llmlb.web.notices import Notice, notices
from llmlb.web.page_texts import page_text, reason_text

TICKS = 50
"""Into how many marks the drawing of the queue is divided."""
MOST_TILES = 100
"""A page with a thousand tiles, four times a second, is of no use to anybody: the rest is counted."""


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
class StateCount:
    """How many nodes are in a state."""

    state: str
    label: str
    count: str


@attrs.frozen(kw_only=True)
class Panel:
    """All that changes on the page."""

    title: str
    notices: tuple[Notice, ...]
    """The worst first; there always is one."""
    waiting: str
    waiting_of: str
    fill: int
    """How much of the drawing of the queue is filled, in percent, by whole ticks; one request fills one."""
    processing: str
    processing_of: str
    avg_wait: tuple[Part, ...]
    avg_process: tuple[Part, ...]
    states: tuple[StateCount, ...]
    """Of all nodes, in the order of `STATES`; those that occur."""
    nodes: tuple[NodeTile, ...]
    """In the order of the configuration; if there are too many for the page, first those that are not well."""
    nodes_more: str
    """Says how many have no tile; may be empty."""


def panel(overview: Overview, locale: Locale) -> Panel:
    """What the page shows for `overview`."""
    count = len(overview.nodes)
    nodes_key = "processing_of_one" if count == 1 else "processing_of"
    tiles = _with_a_tile(overview.nodes)
    hidden = count - len(tiles)
    ticks = min(TICKS, math.ceil(TICKS * overview.waiting / max(1, overview.max_size)))
    return Panel(
        title=page_text(locale, "title", waiting=overview.waiting, processing=overview.processing),
        notices=notices(overview, locale),
        waiting=f"{overview.waiting:,}",
        waiting_of=page_text(locale, "waiting_of", max_size=f"{overview.max_size:,}"),
        fill=100 * ticks // TICKS,
        processing=f"{overview.processing:,}",
        processing_of=page_text(locale, nodes_key, nodes=f"{count:,}"),
        avg_wait=duration(overview.hour.avg_wait_time_ms / 1000, locale),
        avg_process=duration(overview.hour.avg_process_time_ms / 1000, locale),
        states=_counts(overview.nodes, locale),
        nodes=tuple(_tile(node, locale) for node in tiles),
        nodes_more=page_text(locale, "nodes_more", count=f"{hidden:,}") if hidden else "",
    )


def _with_a_tile(nodes: tuple[NodeView, ...]) -> Sequence[NodeView]:
    """Those for which there is room."""
    if len(nodes) <= MOST_TILES:
        return nodes
    return sorted(nodes, key=lambda node: trouble_first(node.state))[:MOST_TILES]


def _counts(nodes: tuple[NodeView, ...], locale: Locale) -> tuple[StateCount, ...]:
    counts = Counter(node.state for node in nodes)
    return tuple(
        StateCount(state=state, label=page_text(locale, f"state_{state}"), count=f"{counts[state]:,}")
        for state in STATES
        if counts[state]
    )


def _tile(node: NodeView, locale: Locale) -> NodeTile:
    return NodeTile(
        name=printable(node.name),
        state=node.state,
        label=page_text(locale, f"state_{node.state}"),
        since=age(node.since, locale),
        reason=printable(reason_text(locale, node.reason)),
        in_service=node.in_service,
        in_service_label=page_text(locale, "in_service", count=node.in_service),
    )
