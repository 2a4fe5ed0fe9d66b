"""Lengths of time as people read them."""

from __future__ import annotations

from itertools import pairwise

import attrs

from llmlb.messages import Locale
from llmlb.web.page_texts import page_text

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
    return " ".join(f"{part.value} {part.unit}" for part in duration(seconds, locale))


def age(seconds: float, locale: Locale) -> str:
    """How long something has been so, in its largest whole unit."""
    whole = max(0, int(seconds))
    length, unit = next((one for one in _UNITS if whole >= one[0]), _UNITS[-1])
    return f"{whole // length} {page_text(locale, unit)}"


def moment(seconds: float, locale: Locale) -> str:
    """The same more exactly: in its two largest whole units, or one of them where the rest is nothing."""
    whole = max(0, int(seconds))
    for (length, _), (less, smaller) in pairwise(_UNITS):
        if whole >= length:
            rest = whole % length // less
            return age(whole, locale) + (f" {rest} {page_text(locale, smaller)}" if rest else "")
    return age(whole, locale)
