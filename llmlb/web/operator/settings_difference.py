"""What the operator's changes would do: each from what to what, and what follows from it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs

from llmlb.config.model import Config
from llmlb.config.values import as_written
from llmlb.messages import Locale
from llmlb.telemetry.lines import printable
from llmlb.web.operator.settings_form import called, label_of, shown_value
from llmlb.web.operator.settings_places import as_typed
from llmlb.web.operator.settings_submission import Wish
from llmlb.web.operator.settings_texts import settings_text

MOST_NAMED = 5
"""Keys that an effect names."""


@attrs.frozen(kw_only=True)
class Row:
    """One setting that changes."""

    label: str
    written: str
    """As it will stand in the file, such as `[queue] max_size = 200`."""
    key: str
    """The name of the API key; empty for a setting of a table."""
    before: str
    after: str
    default: bool
    """Whether the default holds again."""


@attrs.frozen(kw_only=True)
class Effect:
    """Something that follows from the changes. `grave`: somebody may be worse off by it."""

    text: str
    grave: bool = False


@attrs.frozen(kw_only=True)
class Trial:
    """How to try the changes before they are made."""

    command: str
    """For a shell; empty where `llmlb simulate` cannot try them by itself."""
    only_keys: bool
    """Whether something changes that the command leaves out."""


def rows(news: Sequence[Wish], locale: Locale) -> tuple[Row, ...]:
    """The changes, in the order of the page."""
    return tuple(
        Row(
            label=label_of(wish.place, locale),
            written=f"{called(wish.place)} = {as_written(wish.value)}",
            key=printable(wish.place.key),
            before=shown_value(wish.place, wish.place.value, locale),
            after=shown_value(wish.place, wish.value, locale),
            default=wish.value == wish.place.default,
        )
        for wish in news
    )


def effects(news: Sequence[Wish], config: Config, waiting: int, locale: Locale) -> tuple[Effect, ...]:
    """What follows from the changes of `config` while so many requests wait, gravest first."""
    found = list(_effects(news, config, waiting, locale))
    return tuple(sorted(found, key=lambda effect: not effect.grave))


def trial(news: Sequence[Wish], file: Path, log_file: str) -> Trial:
    """The command that tries the changes on what has been logged to `log_file`."""
    changes = [f"{wish.place.id}={as_typed(wish.value)}" for wish in news if not wish.place.key]
    words = ["llmlb", "simulate", "--history", log_file or "FILE", "--config", str(file), "--set", *changes]
    return Trial(
        command=printable(shlex.join(words)) if changes else "",
        only_keys=any(wish.place.key for wish in news),
    )


def _effects(news: Sequence[Wish], config: Config, waiting: int, locale: Locale) -> Iterator[Effect]:
    def effect(key: str, *, grave: bool = False, **values: Any) -> Effect:
        return Effect(text=settings_text(locale, f"does_{key}", **values), grave=grave)

    to = {wish.place.id: wish.value for wish in news}
    fair = to.get("queue.enable_fairness", config.queue.enable_fairness)
    if (size := to.get("queue.max_size")) is not None:
        limit = config.server.max_connections
        if size < waiting:
            yield effect("fewer", waiting=waiting, to=size, grave=True)
        if 0 < limit < size:
            yield effect("connections", limit=limit)
    if "queue.timeout_secs" in to and waiting:
        yield effect("timeout", was=config.queue.timeout_secs)
    if "queue.max_per_key" in to and waiting:
        yield effect("per_key")
    if to.get("queue.when_full") == "push_out":
        yield effect("push_out", grave=True)
    if to.get("queue.enable_fairness") is False:
        yield effect("arrival", grave=True)
    elif fair and to.keys() & {"queue.enable_fairness", "fairness.cost"}:
        yield effect("level", grave=True)
    if any(wish.place.key and wish.place.field == "weight" for wish in news):
        if fair:
            yield effect("weight")
        elif "queue.enable_fairness" not in to:
            yield effect("weight_nothing")
    yield from _disabled(news, config, locale)


def _disabled(news: Sequence[Wish], config: Config, locale: Locale) -> Iterator[Effect]:
    """What follows from keys that may do no more."""
    access = {wish.place.key: wish.value for wish in news if wish.place.key and wish.place.field == "disabled"}
    names = [printable(name) for name, off in access.items() if off]
    if not names:
        return
    named = ", ".join(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        named += ", " + settings_text(locale, "and_more", count=len(names) - MOST_NAMED)
    yield Effect(text=settings_text(locale, "does_disable", names=named), grave=True)
    if all(access.get(key.name, key.disabled) for key in config.api_keys):
        yield Effect(text=settings_text(locale, "does_disable_all"), grave=True)
