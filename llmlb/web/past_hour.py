"""The past hour drawn, in the words and figures of the page: the queue, the waits, and what became of requests.

Like the panel, made here for the first paint and every later event alike: the browser only puts it in place.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from llmlb.messages import Locale
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import STEP_SECS, STEPS, Step
from llmlb.web.charts import area, blocks, line, spans, stack, top_of_counts, top_of_seconds
from llmlb.web.durations import Part, age, duration_text, in_line
from llmlb.web.page_texts import page_text

LABELLED_STEPS = 24
"""A stretch of time of which nothing is known is named where there is room for it: twelve minutes."""

STACKED = (Outcome.SERVED, Outcome.CANCELLED, Outcome.REJECTED, Outcome.TIMED_OUT, Outcome.FAILED)
"""From the lowest layer up; from the best to the worst, and in the style of the page from light to dark."""


@attrs.frozen
class Series:
    """One line, area or layer of bars. Its key is its style."""

    key: str
    d: str


@attrs.frozen(kw_only=True)
class Plot:
    """A drawing with a scale from 0 up."""

    key: str
    top: str
    half: str
    series: tuple[Series, ...]


@attrs.frozen(kw_only=True)
class Said:
    """A figure below the title of a chart, and what it stands for."""

    key: str
    """Of the series in whose style it is marked."""
    label: str
    value: str
    note: str
    """When that was, where it matters; may be empty."""


@attrs.frozen(kw_only=True)
class Chart:
    """Drawings of one subject."""

    key: str
    title: str
    period: str
    """What one bar stands for; may be empty."""
    summary: str
    """All of it in words, for those who do not see it."""
    nothing: str
    """Says that there is nothing to draw yet; empty if there is."""
    said: tuple[Said, ...]
    plots: tuple[Plot, ...]


@attrs.frozen(kw_only=True)
class DrawnHour:
    """All that changes in the drawings of the past hour."""

    gap: str
    """The `d` of when the gateway did not run."""
    gap_at: str
    """Where the middle of that is, in percent of the width."""
    gap_word: str
    """What that is called; empty where there is no room for it."""
    charts: tuple[Chart, ...]


def drawn_hour(steps: Sequence[Step], locale: Locale) -> DrawnHour:
    """What the page draws for `steps`, oldest first."""
    # The present step has just begun where nobody has looked yet: that is no gap.
    unseen = [not step.seen for step in steps[:-1]] + [not any(step.seen for step in steps[-2:])]
    start, length = max(spans(unseen), key=lambda span: span[1], default=(0, 0))
    return DrawnHour(
        gap=blocks(unseen),
        gap_at=f"{100 * (start + length / 2) / len(steps):.1f}%",
        gap_word=page_text(locale, "chart_gap") if LABELLED_STEPS <= length < len(steps) else "",
        charts=(_queue(steps, locale), _waits(steps, locale), _outcomes(steps, locale)),
    )


def _queue(steps: Sequence[Step], locale: Locale) -> Chart:
    seen = [step for step in steps if step.seen]
    most = max((step.most_waiting for step in seen), default=0)
    when = next((i for i, step in enumerate(steps) if step.seen and step.most_waiting == most), None)
    served = max((step.in_service for step in seen), default=0.0)
    mean_served = sum(step.in_service for step in seen) / max(1, len(seen))
    top, served_top = top_of_counts(most), top_of_counts(served)
    peaks = [step.most_waiting if step.seen else None for step in steps]
    means = [step.waiting if step.seen else None for step in steps]
    in_service = [step.in_service if step.seen else None for step in steps]
    return _chart(
        locale,
        "queue",
        any(step.most_waiting or step.in_service for step in seen),
        (
            _said(locale, "waiting", f"{most:,}", _ago(when, locale) if most else ""),
            _said(locale, "in_service", f"{mean_served:.1f}"),
        ),
        (
            _plot("waiting", f"{top:,}", f"{top // 2:,}", ("peak", area(peaks, top)), ("waiting", area(means, top))),
            _plot("serving", f"{served_top:,}", "", ("in_service", line(in_service, served_top))),
        ),
    )


def _waits(steps: Sequence[Step], locale: Locale) -> Chart:
    half, most = [step.wait_p50 for step in steps], [step.wait_p90 for step in steps]
    known = [(i, wait) for i, wait in enumerate(most) if wait is not None]
    longest_at, longest = max(known, key=lambda one: one[1], default=(None, 0.0))
    latest = known[-1][0] if known else None
    top = top_of_seconds(longest)
    peak = page_text(locale, "said_peak", wait=duration_text(longest, locale), ago=_ago(longest_at, locale))
    return _chart(
        locale,
        "waits",
        bool(known),
        (
            _said(locale, "p50", _wait(half, latest, locale), _ago(latest, locale) if latest != len(steps) - 1 else ""),
            _said(locale, "p90", _wait(most, latest, locale), peak if longest and longest_at != latest else ""),
        ),
        (
            _plot(
                "waits",
                _round_time(top, locale),
                _round_time(top / 2, locale),
                ("below_p90", area(most, top)),
                ("p90", line(most, top)),
                ("p50", line(half, top)),
            ),
        ),
    )


def _outcomes(steps: Sequence[Step], locale: Locale) -> Chart:
    layers = [[step.outcomes[outcome] for step in steps] for outcome in STACKED]
    totals = [sum(layer) for layer in layers]
    top = top_of_counts(max(sum(step.outcomes.values()) for step in steps))
    drawn = zip(STACKED, stack(layers, top), strict=True)
    return _chart(
        locale,
        "outcomes",
        any(totals),
        tuple(_said(locale, outcome.value, f"{total:,}") for outcome, total in zip(STACKED, totals, strict=True)),
        (_plot("outcomes", f"{top:,}", f"{top // 2:,}", *((outcome.value, d) for outcome, d in drawn)),),
    )


def _chart(locale: Locale, key: str, something: bool, said: tuple[Said, ...], plots: tuple[Plot, ...]) -> Chart:
    nothing = "" if something else page_text(locale, "chart_nothing")
    title = page_text(locale, f"chart_{key}")
    figures = [
        f"{one.label} {one.value}{page_text(locale, 'said_note', note=one.note) if one.note else ''}" for one in said
    ]
    return Chart(
        key=key,
        title=title,
        period=page_text(locale, "chart_period") if key == "outcomes" else "",
        summary=page_text(
            locale, "chart_summary", title=title, words=nothing or page_text(locale, "and").join(figures)
        ),
        nothing=nothing,
        said=said,
        plots=plots,
    )


def _plot(key: str, top: str, half: str, *series: tuple[str, str]) -> Plot:
    return Plot(key=key, top=top, half=half, series=tuple(Series(*one) for one in series))


def _said(locale: Locale, key: str, value: str, note: str = "") -> Said:
    return Said(key=key, label=page_text(locale, f"said_{key}"), value=value, note=note)


def _wait(waits: Sequence[float | None], step: int | None, locale: Locale) -> str:
    wait = None if step is None else waits[step]
    if wait is None:
        return "–"
    words = duration_text(wait, locale)
    return page_text(locale, "said_within", wait=words) if wait else words


def _ago(step: int | None, locale: Locale) -> str:
    """How long ago a step was, to the minute; nothing of a step that was not."""
    if step is None:
        return ""
    seconds = (STEPS - 1 - step) * STEP_SECS
    return page_text(locale, "ago", age=age(seconds, locale)) if seconds >= 60 else page_text(locale, "just_now")


def _round_time(seconds: float, locale: Locale) -> str:
    units = ((3600, "hours"), (60, "minutes"))
    length, unit = next((one for one in units if seconds >= one[0] and seconds % one[0] == 0), (1, "seconds"))
    return in_line((Part(f"{seconds / length:g}", page_text(locale, unit)),), locale)
