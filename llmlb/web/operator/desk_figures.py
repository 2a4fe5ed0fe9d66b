"""Times, counts and parts of a whole as the desk writes them."""

from __future__ import annotations

from llmlb.gateway.identity import NOBODY
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.durations import duration_text, moment
from llmlb.web.operator.desk_texts import desk_text

NO_KEY = NOBODY.name
"""The name of requests that came without a key."""


def measured(seconds: float | None, locale: Locale) -> str:
    """A mean or a quantile, as exact as it is worth reading: tenths below ten seconds. A dash where there is none."""
    if seconds is None:
        return desk_text(locale, "unknown")
    whole = round(seconds)
    return moment(whole, locale) if whole >= 60 else duration_text(max(0.0, seconds), locale)


def pair(one: float | None, other: float | None, locale: Locale) -> str:
    """Two measured times that belong together, such as p50 and p90; one dash where there are none."""
    if one is None and other is None:
        return desk_text(locale, "unknown")
    return f"{measured(one, locale)} / {measured(other, locale)}"


def number(count: float) -> str:
    """A count with its thousands apart."""
    return f"{count:,.0f}"


def weight(value: float) -> str:
    """A weight as one would write it: 1, 2.5."""
    return f"{value:,.12g}"


def percent(part: float, locale: Locale) -> str:
    """A part of a whole, 0 to 1, in whole percent; what is there but rounds to nothing is below one."""
    value = "<1" if 0 < part < 0.005 else f"{part * 100:.0f}"
    return desk_text(locale, "percent", value=value)


def owed(debt: float, unit: str, locale: Locale) -> str:
    """A debt in the unit of cost: seconds of node time, requests or tokens."""
    if unit == "seconds":
        return measured(max(0.0, debt), locale)
    if unit == "tokens":
        return desk_text(locale, "debt_token" if round(debt) == 1 else "debt_tokens", count=number(debt))
    return desk_text(locale, "debt_request", count=f"{debt:,.1f}".removesuffix(".0"))


def key_title(name: str, locale: Locale) -> str:
    """What a key is called where people read it."""
    return desk_text(locale, "no_key") if name == NO_KEY else printable(name)


def model_title(model: str, locale: Locale) -> str:
    """What a request's model is called; requests may name none."""
    return printable(model) if model else desk_text(locale, "any_model")
