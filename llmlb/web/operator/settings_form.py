"""The form of settings in words: what the page shows, made from the configuration and what the operator has typed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import attrs

from llmlb.config.rules import Choice, Switch, Whole
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.durations import Part, in_line
from llmlb.web.operator.settings_places import TABLES, Place, as_typed
from llmlb.web.operator.settings_submission import Wish, Wishes
from llmlb.web.operator.settings_texts import SETTINGS_TEXTS, settings_text

MOST_ROWS = 200
"""Keys in one form. Each takes its time, of the gateway's one loop and, ten times as much, of the browser."""


@attrs.frozen(kw_only=True)
class Option:
    """One of the values a field may have."""

    value: str
    label: str


@attrs.frozen(kw_only=True)
class Field:
    """One setting in the form."""

    id: str
    label: str
    called: str
    """As the file calls it, such as `[queue] max_size`."""
    meaning: str
    allowed: str
    default: str
    unit: str
    text: str
    """What is in the field: as typed, or as it is."""
    was: str
    """What was in it when nothing had been typed."""
    options: tuple[Option, ...]
    """Empty for a number."""
    whole: bool
    locked: str
    """Why it cannot be changed; empty if it can."""
    error: str
    note: str
    """What else there is beside the field: the present value, where another one was typed."""

    @property
    def touched(self) -> bool:
        """Whether what is in it is not what there is."""
        return self.text != self.was


@attrs.frozen
class Cell:
    """One setting of one key, in a table whose columns tell the rest."""

    id: str
    text: str
    was: str
    error: str = ""
    note: str = ""
    locked: str = ""
    """No variable holds what belongs to a key."""

    @property
    def touched(self) -> bool:
        """As of a field."""
        return self.text != self.was


@attrs.frozen(kw_only=True)
class Column:
    """What the cells of one setting of keys have in common."""

    label: str
    options: tuple[Option, ...]
    whole: bool


@attrs.frozen(kw_only=True)
class Group:
    """The settings of one table."""

    title: str
    called: str
    fields: tuple[Field, ...]


@attrs.frozen(kw_only=True)
class KeyRow:
    """What one API key may."""

    name: str
    cells: tuple[Cell, ...]


@attrs.frozen(kw_only=True)
class SettingsForm:
    """The whole form."""

    version: str
    was: str
    """For `Submission`: what is not as by default."""
    groups: tuple[Group, ...]
    columns: tuple[Column, ...]
    """Of `keys`."""
    keys: tuple[KeyRow, ...]
    keys_more: int


def settings_form(
    places: Mapping[str, Place],
    wished: Wishes,
    locked: Mapping[str, str],
    locale: Locale,
    *,
    version: str,
    find: str = "",
) -> SettingsForm:
    """The form of these settings as they are, with what has been typed in their place.

    `locked`: by id, the variables that hold settings. `find`: only keys with this in their name, and those touched.
    """
    by_key: dict[str, list[Place]] = {}
    for place in places.values():
        if place.key:
            by_key.setdefault(place.key, []).append(place)
    shown, more = _shown_keys(by_key, {wish.place.key for wish in wished.of.values()}, find)
    keys = tuple(
        KeyRow(
            name=printable(name),
            cells=tuple(_cell(place, wished.of.get(place.id), locale) for place in by_key[name]),
        )
        for name in shown
    )
    columns = tuple(
        Column(label=label_of(place, locale), options=_options(place, locale), whole=_whole(place))
        for place in (by_key[shown[0]] if shown else ())
    )
    on_page = {"", *shown}
    in_form = [place for place in places.values() if place.key in on_page]
    return SettingsForm(
        version=version,
        was=was_of(in_form),
        groups=tuple(_group(table, places, wished, locked, locale) for table in TABLES),
        columns=columns,
        keys=keys,
        keys_more=more,
    )


def was_of(places: Sequence[Place]) -> str:
    """What these settings are, in one line: those that are not as by default."""
    return " ".join(f"{place.id}={as_typed(place.value)}" for place in places if place.value != place.default)


def shown_value(place: Place, value: object, locale: Locale) -> str:
    """A value of a setting in words, with its unit."""
    text = as_typed(value)
    word = _choice(place, text, locale)
    if word or place.setting.unit != "seconds":
        return word or text
    return in_line([Part(text, settings_text(locale, "unit_seconds"))], locale)


def label_of(place: Place, locale: Locale) -> str:
    """What a setting is called on the page."""
    return settings_text(locale, f"of_key.{place.field}" if place.key else place.id)


def called(place: Place) -> str:
    """What a setting is called in the file."""
    return f"[[{place.table}]] {place.field}" if place.key else f"[{place.table}] {place.field}"


def _group(table: str, places: Mapping[str, Place], wished: Wishes, locked: Mapping[str, str], locale: Locale) -> Group:
    fields = tuple(
        _field(place, wished.of.get(id), locked.get(id, ""), locale)
        for id, place in places.items()
        if place.table == table
    )
    return Group(title=settings_text(locale, f"table_{table}"), called=f"[{table}]", fields=fields)


def _shown_keys(names: Iterable[str], touched: Collection[str], find: str) -> tuple[list[str], int]:
    """Those that are touched or have `find` in their name, as far as there is room; and how many more there are."""
    found = [name for name in names if name in touched or find.casefold() in name.casefold()]
    shown = found[:MOST_ROWS] + [name for name in found[MOST_ROWS:] if name in touched]
    return shown, len(found) - len(shown)


def _field(place: Place, wish: Wish | None, variable: str, locale: Locale) -> Field:
    options, wrong = _options(place, locale), wish is not None and wish.wrong is not None
    return Field(
        id=place.id,
        label=label_of(place, locale),
        called=called(place),
        meaning=_meaning(place, locale),
        allowed="" if options or wrong else place.setting.rule.allowed(locale),
        default=settings_text(locale, "default", value=shown_value(place, place.default, locale)),
        unit=settings_text(locale, "unit_seconds") if place.setting.unit == "seconds" else "",
        text=as_typed(place.value) if wish is None else wish.typed,
        was=as_typed(place.value),
        options=options,
        whole=_whole(place),
        locked=settings_text(locale, "locked", variable=variable) if variable else "",
        error=_error(wish, variable, locale),
        note=_note(wish, locale),
    )


def _meaning(place: Place, locale: Locale) -> str:
    """What a setting does. The file's own words for its values are none of the page."""
    key = f"about.{place.id}"
    return settings_text(locale, key) if key in SETTINGS_TEXTS else place.setting.meaning(locale)


def _cell(place: Place, wish: Wish | None, locale: Locale) -> Cell:
    was = as_typed(place.value)
    if wish is None:
        return Cell(place.id, was, was)
    return Cell(place.id, wish.typed, was, _error(wish, "", locale), _note(wish, locale))


def _options(place: Place, locale: Locale) -> tuple[Option, ...]:
    rule = place.setting.rule
    words: Sequence[str] = ()
    if isinstance(rule, Switch):
        words = ("false", "true") if place.key else ("true", "false")
    elif isinstance(rule, Choice):
        words = rule.words
    return tuple(Option(value=word, label=_choice(place, word, locale)) for word in words)


def _whole(place: Place) -> bool:
    return isinstance(place.setting.rule, Whole)


def _error(wish: Wish | None, variable: str, locale: Locale) -> str:
    if wish is None or wish.wrong is None:
        return ""
    if wish.wrong == "locked":
        return settings_text(locale, "wrong_locked", variable=variable)
    return settings_text(locale, "wrong_unfit", allowed=wish.place.setting.rule.allowed(locale))


def _note(wish: Wish | None, locale: Locale) -> str:
    """What there is now, where something else has been typed."""
    if wish is None:
        return ""
    now = shown_value(wish.place, wish.place.value, locale)
    if wish.overtaken:
        was = _choice(wish.place, wish.was, locale) or printable(wish.was)
        return settings_text(locale, "overtaken", was=was, now=now)
    return settings_text(locale, "now_is", value=now)


def _choice(place: Place, text: str, locale: Locale) -> str:
    """The words for one of the values of a choice; empty where there are none."""
    key = f"choice.{place.field if place.key else place.id}.{text}"
    return settings_text(locale, key) if key in SETTINGS_TEXTS else ""
