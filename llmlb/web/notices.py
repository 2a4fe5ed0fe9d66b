"""What the page says of how things stand, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import attrs

from llmlb.gateway.overview import Overview
from llmlb.messages import Locale
from llmlb.nodes.states import WELL
from llmlb.telemetry.lines import printable
from llmlb.web.page_texts import page_text

_NAMES_SHOWN = 3
_GONE = {"offline", "draining"}

Level = Literal["good", "info", "warning", "error"]


@attrs.frozen(kw_only=True)
class Notice:
    """How things stand, and what to do about it."""

    level: Level
    title: str
    advice: str


def notices(overview: Overview, locale: Locale) -> tuple[Notice, ...]:
    """All there is to say of `overview`, the worst first. That all is well is said where nothing else is."""
    states = {node.state for node in overview.nodes}
    if overview.draining:
        return (_say(locale, "warning", "draining"),)
    return tuple(_troubles(overview, states, locale)) or (_say(locale, "good", _how_well(overview, states)),)


def _say(locale: Locale, level: Level, key: str, names: str = "") -> Notice:
    return Notice(level=level, title=page_text(locale, key, names=names), advice=page_text(locale, f"{key}_advice"))


def _troubles(overview: Overview, states: set[str], locale: Locale) -> Iterator[Notice]:
    error = _error(overview, states)
    if error is not None:
        yield _say(locale, "error", error)
    if overview.config_refused:
        yield _say(locale, "warning", "config_refused")
    if "offline" in states and not states <= _GONE:
        yield _say(locale, "warning", "some_offline", _names(overview, "offline", locale))
    if error is None and not states & WELL:
        yield _say(locale, "info", "checking" if "pending" in states else "getting_ready")
    if "draining" in states:
        yield _say(locale, "info", "nodes_draining", _names(overview, "draining", locale))


def _error(overview: Overview, states: set[str]) -> str | None:
    """What keeps new requests from being served or taken, if anything does."""
    if not states:
        return "no_node"
    if states == {"offline"}:
        return "all_offline"
    if states <= _GONE:
        return "no_usable"
    if overview.waiting >= overview.max_size:
        return "full"
    return "no_room" if overview.no_room else None


def _how_well(overview: Overview, states: set[str]) -> str:
    if "idle" not in states:
        return "crowded" if overview.waiting else "working"
    return "other_model" if overview.waiting else "calm"


def _names(overview: Overview, state: str, locale: Locale) -> str:
    names = [printable(node.name) for node in overview.nodes if node.state == state]
    shown = names[:_NAMES_SHOWN]
    if len(names) > _NAMES_SHOWN:
        shown.append(page_text(locale, "and_more", count=f"{len(names) - _NAMES_SHOWN:,}"))
    return ("、" if locale == "ja" else ", ").join(shown)
