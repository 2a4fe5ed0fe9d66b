"""What each API key has, is due and got, in the words of the desk."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from llmlb.gateway.desk import Desk, KeyView
from llmlb.messages import Locale
from llmlb.telemetry.record import Outcome
from llmlb.web.operator import desk_figures as figures
from llmlb.web.operator.desk_texts import desk_text

NO_BREAK = "\u00a0"
NOWHERE = "-10"
LAST_MARK = 99.0
"""Where a mark is drawn at most, in percent: at the very end the half of it would be outside of the room."""
SCALES = (0.1, 0.25, 0.5, 1.0)
"""What a whole bar may stand for: among many keys each share is a sliver of all the time there was."""


@attrs.frozen(kw_only=True)
class KeyRow:
    """One key. The figures of the past hour are those of the requests that ended in it."""

    name: str
    state: str
    """active, disabled or unconfigured."""
    note: str
    """What sets it apart, such as that it is disabled; may be empty."""
    weight: str
    waiting: str
    in_service: str
    share: str
    share_width: str
    """Of the bar, in percent of its room."""
    due_at: str
    """Where in that room the mark is; outside of it where nothing is due."""
    debt: str
    waits: str
    requests: str
    outcomes: str
    """How many of them were served, refused and so on; those that occur."""
    tokens: str
    node_time: str


@attrs.frozen(kw_only=True)
class Keys:
    """All keys there is room for, the busiest first."""

    rows: tuple[KeyRow, ...]
    about: str
    """Says what shares and debts mean."""
    more: str


def keys(desk: Desk, locale: Locale) -> Keys:
    """The keys of `desk`."""
    most = max((part for key in desk.keys for part in (key.share, key.due)), default=1.0)
    whole = next((scale for scale in SCALES if most <= scale), 1.0)
    rows = tuple(_row(key, whole, desk.unit, locale) for key in desk.keys)
    more = desk_text(locale, "keys_more", count=figures.number(desk.keys_more)) if desk.keys_more else ""
    return Keys(rows=rows, about=_about(whole, desk.fair, locale), more=more)


def _about(whole: float, fair: bool, locale: Locale) -> str:
    said = ["share_note", "share_due", "share_scale", "debt_note"] if fair else ["share_note", "unfair", "share_scale"]
    scale = figures.percent(whole, locale)
    return desk_text(locale, "sentence_gap").join(desk_text(locale, key, whole=scale) for key in said)


def _row(key: KeyView, whole: float, unit: str, locale: Locale) -> KeyRow:
    outcomes = key.usage.outcomes
    return KeyRow(
        name=figures.key_title(key.name, locale),
        state="disabled" if key.disabled else "active" if key.configured else "unconfigured",
        note=_note(key, locale),
        weight=figures.weight(key.weight),
        waiting=figures.number(key.waiting),
        in_service=figures.number(key.in_service),
        share=_share(key, locale),
        share_width=f"{100 * min(1.0, key.share / whole):.1f}",
        due_at=f"{min(LAST_MARK, 100 * key.due / whole):.1f}" if key.due else NOWHERE,
        debt=figures.owed(key.debt, unit, locale),
        waits=figures.pair(key.usage.wait_p50, key.usage.wait_p90, locale),
        requests=figures.number(sum(outcomes.values())),
        outcomes=_outcomes(outcomes, locale),
        tokens=figures.number(key.usage.tokens),
        node_time=figures.measured(key.usage.node_seconds, locale),
    )


def _outcomes(outcomes: Mapping[Outcome, int], locale: Locale) -> str:
    parts = [
        desk_text(locale, f"count_{outcome.value}", count=figures.number(count)).replace(" ", NO_BREAK)
        for outcome in Outcome
        if (count := outcomes.get(outcome, 0))
    ]
    return desk_text(locale, "list_separator").join(parts)


def _share(key: KeyView, locale: Locale) -> str:
    share = figures.percent(key.share, locale)
    if not key.due:
        return desk_text(locale, "share_only", share=share)
    return desk_text(locale, "share_text", share=share, due=figures.percent(key.due, locale))


def _note(key: KeyView, locale: Locale) -> str:
    notes = []
    if key.disabled:
        notes.append(desk_text(locale, "key_disabled"))
    elif not key.configured and key.name != figures.NO_KEY:
        notes.append(desk_text(locale, "key_unconfigured"))
    if key.max_waiting:
        notes.append(desk_text(locale, "key_max_waiting", count=figures.number(key.max_waiting)))
    return desk_text(locale, "list_separator").join(notes)
