"""The past hour of each node as the desk draws it, a few of them anew at each look.

Most of what there is to draw of a full desk is this, and it changes slowly: two hundred at once would hold up the
gateway for longer than requests should wait for anything.
"""

from __future__ import annotations

from heapq import nsmallest

import attrs

from llmlb.gateway.desk import Desk, NodeCard
from llmlb.messages import Locale
from llmlb.web.operator.desk_history import bands, summary

AT_ONCE = 10
"""Nodes drawn anew at each look, those first that were so longest ago. With fewer all are always of now."""
STALE_SECS = 60.0
"""What was drawn before that, when nobody had a desk open, is not shown any more."""


@attrs.frozen(kw_only=True)
class Band:
    """The past hour of a node: data of SVG paths, one for each state of `desk_history.STACK`, and a summary."""

    id: str
    paths: tuple[str, ...]
    text: str


class Past:
    """What was drawn, by language and id of the node, and when: of the nodes of the latest look only."""

    def __init__(self) -> None:
        self._drawn: dict[Locale, dict[str, tuple[float, Band]]] = {}

    def bands(self, desk: Desk, locale: Locale) -> tuple[Band, ...]:
        """Those of the nodes of `desk`, in their order."""
        known = self._drawn.get(locale, {})
        there = [node for node in desk.nodes if node.id in known]
        due = {node.id for node in nsmallest(AT_ONCE, there, key=lambda node: known[node.id][0])}
        fresh = {node.id for node in there if abs(desk.at - known[node.id][0]) < STALE_SECS} - due
        drawn = {node.id: known[node.id] if node.id in fresh else (desk.at, _band(node, locale)) for node in desk.nodes}
        self._drawn[locale] = drawn
        return tuple(band for _, band in drawn.values())


def _band(node: NodeCard, locale: Locale) -> Band:
    return Band(id=node.id, paths=bands(node.history), text=summary(node.history, locale))
