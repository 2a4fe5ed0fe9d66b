"""Lengths of time as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import attrs

from llmlb.messages import Locale
from llmlb.web.page_texts import page_text

_GAP: dict[Locale, str] = {"ja": "", "en": " "}
"""Between a figure and its unit: Japanese writes them as one word."""
_UNITS = ((86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds"))


@attrs.frozen
class Part:
    """A figure and its unit, such as 12 and min."""

    value: str
    unit: str


def duration(seconds: float, locale: Locale) -> tuple[Part, ...]:
    """As exact as it is worth reading: tenths below ten seconds, then seconds, then minutes as well."""
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


def duration_text(seconds: float, locale: Locale) -> str:
    """The same in a line of text."""
    return in_line(duration(seconds, locale), locale)


def age(seconds: float, locale: Locale) -> str:
    """How long something has been so, in its largest whole unit."""
    return in_line(_whole_units(seconds, locale)[:1], locale)


def moment(seconds: float, locale: Locale) -> str:
    """The same more exactly: in its two largest whole units, or one of them where the rest is nothing."""
    return in_line(_whole_units(seconds, locale), locale)


def in_line(parts: Iterable[Part], locale: Locale) -> str:
    """Figures and their units in a line of text."""
    return _GAP[locale].join(word for part in parts for word in (part.value, part.unit))


def _whole_units(seconds: float, locale: Locale) -> tuple[Part, ...]:
    whole = max(0, int(seconds))
    for (length, unit), (less, smaller) in pairwise(_UNITS):
        if whole >= length:
            largest = Part(str(whole // length), page_text(locale, unit))
            rest = whole % length // less
            return (largest, Part(str(rest), page_text(locale, smaller))) if rest else (largest,)
    return (Part(str(whole), page_text(locale, "seconds")),)
