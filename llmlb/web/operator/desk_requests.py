"""The requests in service and those that wait, in the words of the desk; and why each of them waits."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from llmlb.gateway.desk import AbleNode, Desk, RequestView, Why
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.durations import moment
from llmlb.web.operator.desk_figures import key_title, model_title, number
from llmlb.web.operator.desk_texts import desk_text
from llmlb.web.page_texts import reason_text

MOST_KEYS_BEFORE = 5
MOST_ABLE = 6
"""How many nodes are listed under each request that waits; the rest are counted."""


@attrs.frozen(kw_only=True)
class RunningRow:
    """One request in service."""

    id: str
    key: str
    model: str
    node: str
    stage: str
    stage_label: str
    attempt: str
    """Says which attempt it is, where it is not the first."""
    since: str


@attrs.frozen(kw_only=True)
class AbleLine:
    """One node that could serve a request that waits."""

    state: str
    name: str
    text: str


@attrs.frozen(kw_only=True)
class WaitingRow:
    """One request that waits."""

    id: str
    key: str
    model: str
    place: str
    waited: str
    expected: str
    told: str
    timeout_in: str
    attempt: str
    before: str
    """Who is before it, in a sentence."""
    late: str
    """Says that it will give up before its turn, if so it is expected; else empty."""
    able: str
    """How many nodes could serve it, in a sentence."""
    nodes: tuple[AbleLine, ...]
    nodes_more: str


@attrs.frozen(kw_only=True)
class Requests:
    """All that the desk says of requests."""

    found: str
    """How many are what was looked for; empty when nothing was."""
    running: tuple[RunningRow, ...]
    running_more: str
    order: str
    """By which rule those that wait are in line."""
    waiting: tuple[WaitingRow, ...]
    waiting_more: str


def requests(desk: Desk, locale: Locale, find: str = "") -> Requests:
    """The requests of `desk`, which are those that `find` means."""
    lines: dict[int, tuple[AbleLine, ...]] = {}  # many wait for the same nodes
    count = len(desk.running) + desk.running_more + len(desk.waiting) + desk.waiting_more
    return Requests(
        found=_found(count, find, locale),
        running=tuple(_running(view, locale) for view in desk.running),
        running_more=_more(desk.running_more, locale),
        order=desk_text(locale, "order_fair" if desk.fair else "order_arrival"),
        waiting=tuple(_waiting(view, why, _able_lines(why, lines, locale), locale) for view, why in desk.waiting),
        waiting_more=_more(desk.waiting_more, locale),
    )


def _found(count: int, find: str, locale: Locale) -> str:
    if not find:
        return ""
    return desk_text(locale, "found" if count else "found_none", find=printable(find), count=number(count))


def _more(count: int, locale: Locale) -> str:
    return desk_text(locale, "more_requests", count=number(count)) if count else ""


def _running(view: RequestView, locale: Locale) -> RunningRow:
    stage = "delivering" if view.node_done else view.stage
    return RunningRow(
        id=printable(view.id),
        key=key_title(view.key, locale),
        model=model_title(view.model, locale),
        node=desk_text(locale, "unknown") if view.node is None else printable(view.node),
        stage=stage,
        stage_label=desk_text(locale, f"stage_{stage}"),
        attempt=_attempt(view.attempts, locale),
        since=moment(view.since, locale),
    )


def _attempt(number_of: int, locale: Locale) -> str:
    return desk_text(locale, "attempt", count=number(number_of)) if number_of > 1 else ""


def _waiting(view: RequestView, why: Why, lines: tuple[AbleLine, ...], locale: Locale) -> WaitingRow:
    nothing = desk_text(locale, "unknown")
    return WaitingRow(
        id=printable(view.id),
        key=key_title(view.key, locale),
        model=model_title(view.model, locale),
        place=nothing if view.position is None else number(view.position),
        waited=moment(view.since, locale),
        expected=nothing if view.wait is None else desk_text(locale, "about", time=moment(view.wait, locale)),
        told=_told(view, locale),
        timeout_in=nothing if view.timeout_in is None else moment(view.timeout_in, locale),
        attempt=_attempt(view.attempts + 1, locale),
        before=_before(view.position, why, locale),
        late=_late(view, locale),
        able=_able(view.model, why, locale),
        nodes=lines,
        nodes_more=_able_more(max(0, len(why.nodes) - MOST_ABLE) + why.nodes_more, locale),
    )


def _told(view: RequestView, locale: Locale) -> str:
    if view.told_position is None:
        return desk_text(locale, "unknown")
    if view.told_wait is None:
        return desk_text(locale, "told_place", position=number(view.told_position))
    wait = moment(view.told_wait, locale)
    return desk_text(locale, "told_place_and_wait", position=number(view.told_position), wait=wait)


def _before(position: int | None, why: Why, locale: Locale) -> str:
    count = sum(number_of for _, number_of in why.before)
    if position is None:
        return desk_text(locale, "before_nowhere")
    if not count:
        return desk_text(locale, "before_none")
    if count == 1:
        return desk_text(locale, "before_one", keys=key_title(why.before[0][0], locale))
    return desk_text(locale, "before_many", count=number(count), keys=_by_key(why.before, locale))


def _late(view: RequestView, locale: Locale) -> str:
    if view.wait is None or view.timeout_in is None or view.wait <= view.timeout_in:
        return ""
    return desk_text(locale, "late")


def _by_key(before: Iterable[tuple[str, int]], locale: Locale) -> str:
    named = list(before)
    parts = [
        desk_text(locale, "before_key", key=key_title(name, locale), count=number(count))
        for name, count in named[:MOST_KEYS_BEFORE]
    ]
    if rest := sum(count for _, count in named[MOST_KEYS_BEFORE:]):
        parts.append(desk_text(locale, "before_other_keys", count=number(rest)))
    return desk_text(locale, "list_separator").join(parts)


def _able(model: str, why: Why, locale: Locale) -> str:
    name = printable(model) if model else desk_text(locale, "able_any")
    count = len(why.nodes) + why.nodes_more
    key = {0: "able_none", 1: "able_one"}.get(count, "able_many")
    return desk_text(locale, key, model=name, count=number(count))


def _able_lines(why: Why, known: dict[int, tuple[AbleLine, ...]], locale: Locale) -> tuple[AbleLine, ...]:
    lines = known.get(id(why.nodes))
    if lines is None:
        lines = known[id(why.nodes)] = tuple(_able_line(node, locale) for node in why.nodes[:MOST_ABLE])
    return lines


def _able_line(node: AbleNode, locale: Locale) -> AbleLine:
    time = moment(node.since, locale)
    if node.state == "busy" and node.key is not None:
        text = desk_text(locale, "able_busy_with", time=time, key=key_title(node.key, locale))
    else:
        text = desk_text(locale, f"able_{node.state}", time=time)
    if reason := printable(reason_text(locale, node.reason)):
        text += desk_text(locale, "able_reason", reason=reason)
    if node.tried:
        text += desk_text(locale, "able_tried")
    elif node.model != "has":
        text += desk_text(locale, f"able_{node.model}")
    return AbleLine(state=node.state, name=printable(node.name), text=text)


def _able_more(count: int, locale: Locale) -> str:
    return desk_text(locale, "able_more", count=number(count)) if count > 0 else ""
