"""The tables of the screen: nodes, keys, and those who are next in line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from llmlb.cli.status.bars import bar
from llmlb.cli.status.columns import Column, column, lines_of
from llmlb.cli.status.paint import Line, Piece, Style, clipped
from llmlb.cli.status.texts import say
from llmlb.gateway.desk import Desk, KeyView, NodeCard, RequestView, Why
from llmlb.gateway.identity import NOBODY
from llmlb.messages import Locale
from llmlb.nodes.states import trouble_first
from llmlb.simulate.table import cut
from llmlb.telemetry.record import Outcome
from llmlb.web.durations import age, duration_text
from llmlb.web.page_texts import page_text, reason_text

LONGEST = 60
"""Columns of the terminal that one text takes at most, however wide that is."""
_SHORT = 8
"""Columns that a name is not cut below."""
_REASON = 18
"""Columns that what is wrong with a node is not cut below: figures go before."""
_STYLES: Mapping[str, Style] = {
    "idle": "good",
    "busy": "good",
    "offline": "error",
    "loading": "warning",
    "resting": "warning",
    "draining": "warning",
}


@attrs.frozen
class Section:
    """A table of which there may be room for a part only."""

    rows: int
    more: int
    """Rows that are not among `rows`, for there are too many."""
    drawn: Callable[[int, int], list[Line]]
    """Its first rows, so many, under their heading; in so many columns of the terminal."""
    locale: Locale
    empty: str = ""
    """What is said where there are no rows; without it there is no section then."""

    @property
    def wanted(self) -> int:
        """Lines that all of it takes."""
        return 1 + self.rows + bool(self.more) if self.rows else int(bool(self.empty))

    def lines(self, most: int, wide: int) -> list[Line]:
        """It in at most so many lines, the last of which tells how many rows are not there."""
        if not self.rows:
            return [clipped((Piece(self.empty, "dim"),), wide)][:most] if self.empty else []
        shown = self.rows if most >= self.wanted else max(1, most - 2)
        lines = [clipped(line, wide) for line in self.drawn(shown, wide)]
        if left := self.rows - shown + self.more:
            lines.append(clipped((Piece(say(self.locale, "more", count=f"{left:,}"), "dim"),), wide))
        return lines[:most]


def sections(desk: Desk, locale: Locale) -> tuple[Section, Section, Section]:
    """Nodes (those in trouble first), keys (the busiest first), and those who wait (the next first)."""
    nodes = sorted(desk.nodes, key=lambda node: trouble_first(node.state))

    def draw_nodes(count: int, wide: int) -> list[Line]:
        return lines_of(_nodes(nodes[:count], locale), wide)

    def draw_keys(count: int, wide: int) -> list[Line]:
        return lines_of(_keys(desk.keys[:count], desk.fair, locale), wide)

    def draw_waiting(count: int, wide: int) -> list[Line]:
        return lines_of(_waiting(desk.waiting[:count], locale), wide)

    return (
        Section(len(nodes), desk.nodes_more, draw_nodes, locale),
        Section(len(desk.keys), desk.keys_more, draw_keys, locale, say(locale, "keys_none")),
        Section(len(desk.waiting), desk.waiting_more, draw_waiting, locale, say(locale, "waiting_none")),
    )


def _nodes(nodes: Sequence[NodeCard], locale: Locale) -> list[Column]:
    styles = [_STYLES.get(node.state, "plain") for node in nodes]

    def head(key: str) -> str:
        return say(locale, f"h_{key}")

    return [
        column(head("node"), [_name(node.name) for node in nodes], least=_SHORT),
        column(head("state"), [page_text(locale, f"state_{node.state}") for node in nodes], styles),
        column(head("since"), [age(node.since, locale) for node in nodes], right=True, goes=2),
        column(head("key_in_service"), [_key(node.key, locale) for node in nodes], least=_SHORT),
        _counts(head("served"), [node.usage.outcomes[Outcome.SERVED] for node in nodes], goes=5),
        column(head("service"), [_secs(node.usage.service_p50, locale) for node in nodes], right=True, goes=4),
        _counts(head("failures"), [node.failures for node in nodes], "warning", goes=3),
        column(head("reason"), [_name(reason_text(locale, node.reason)) for node in nodes], least=_REASON, goes=1),
    ]


def _keys(keys: Sequence[KeyView], fair: bool, locale: Locale) -> list[Column]:
    turned_away = [key.usage.outcomes[Outcome.REJECTED] + key.usage.outcomes[Outcome.TIMED_OUT] for key in keys]
    marks = [say(locale, "disabled") if key.disabled else "" for key in keys]
    off: list[Style] = ["dim" if key.disabled else "plain" for key in keys]
    bars = [bar(key.share, key.due) for key in keys]

    def head(key: str) -> str:
        return say(locale, f"h_{key}")

    return [
        column(head("key"), [_key(key.name, locale) for key in keys], off, least=_SHORT),
        column("", marks, off, goes=1),
        _counts(head("waiting"), [key.waiting for key in keys]),
        _counts(head("in_service"), [key.in_service for key in keys]),
        _parts(head("share"), [key.share for key in keys], goes=2),
        *([_parts(head("due"), [key.due for key in keys], goes=3)] if fair else []),
        column(head("wait_p50"), [_secs(key.usage.wait_p50, locale) for key in keys], right=True, goes=5),
        column(head("wait_p90"), [_secs(key.usage.wait_p90, locale) for key in keys], right=True, goes=4),
        _counts(head("turned_away"), turned_away, "warning", goes=6),
        column(head("bar" if fair else "share"), bars, ["good"] * len(keys), goes=7),
    ]


def _counts(head: str, counts: Sequence[int], style: Style = "plain", goes: int = 0) -> Column:
    return column(head, [_count(count) for count in counts], _where_any(counts, style), right=True, goes=goes)


def _parts(head: str, parts: Sequence[float], goes: int) -> Column:
    return column(head, [f"{100 * part:.0f}%" for part in parts], _where_any(parts, "plain"), right=True, goes=goes)


def _where_any(figures: Sequence[float], style: Style) -> list[Style]:
    """The figures that are something stand out among those that are nothing."""
    return [style if figure else "dim" for figure in figures]


def _waiting(waiting: Sequence[tuple[RequestView, Why]], locale: Locale) -> list[Column]:
    views = [view for view, _ in waiting]
    places = ["—" if view.position is None else _count(view.position) for view in views]
    stuck: list[Style] = ["error" if view.position is None else "plain" for view in views]
    expected = [_about(view.wait, locale) for view in views]

    def head(key: str) -> str:
        return say(locale, f"h_{key}")

    return [
        column(head("place"), places, stuck, right=True),
        column(head("key"), [_key(view.key, locale) for view in views], least=_SHORT),
        column(head("model"), [_name(view.model) for view in views], least=_SHORT, goes=1),
        column(head("waited"), [duration_text(view.since, locale) for view in views], right=True),
        column(head("expected"), expected, right=True),
        column(head("why"), [_why(view, why, locale) for view, why in waiting], stuck, least=12, goes=2),
        column(head("id"), [_name(view.id) for view in views], ["dim"] * len(views), least=_SHORT, goes=3),
    ]


def _about(seconds: float | None, locale: Locale) -> str:
    if seconds is None:
        return "—"
    text = duration_text(seconds, locale)
    return text if text.startswith("<") else say(locale, "about_secs", time=text)


def _why(view: RequestView, why: Why, locale: Locale) -> str:
    """Who is before it; or what has become of the nodes for it."""
    join = say(locale, "separator").join
    if view.position is not None:
        return cut(join(say(locale, "before", key=_key(key, locale), count=n) for key, n in why.before[:5]), LONGEST)
    states = [f"{_name(node.name)} {page_text(locale, f'state_{node.state}')}" for node in why.nodes[:3]]
    return cut(join(states) or say(locale, "nowhere"), LONGEST)


def _key(name: str | None, locale: Locale) -> str:
    if name is None:
        return ""
    return say(locale, "no_key") if name == NOBODY.name else _name(name)


def _name(text: str) -> str:
    return cut(text, LONGEST)


def _count(number: int) -> str:
    return f"{number:,}"


def _secs(seconds: float | None, locale: Locale) -> str:
    return "" if seconds is None else duration_text(seconds, locale)
