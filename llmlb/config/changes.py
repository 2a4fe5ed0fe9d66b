"""What differs between two configurations, by name. Of values only those are told that can be no secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from llmlb.config.model import ENTRIES, TABLES, Config
from llmlb.config.settings import Setting, settings_of
from llmlb.config.shown import shown


@attrs.frozen
class Change:
    """One setting that differs, or one node or key more or fewer."""

    name: str
    """Such as `queue.max_size`, `nodes.gpu-1.drain` or `api_keys.alice added`. Holds names from strangers."""
    before: str = ""
    """As it stood in the file; empty where it is a secret, or more than one value."""
    after: str = ""

    @property
    def values(self) -> str:
        """From what to what; empty where that is not told."""
        return f"{self.before} -> {self.after}" if self.before or self.after else ""


def changes(old: Config, new: Config) -> tuple[str, ...]:
    """The names of what differs."""
    return tuple(change.name for change in differences(old, new))


def differences(old: Config, new: Config) -> tuple[Change, ...]:
    """What differs. A node is the same as long as its URL is, a key as long as its name is."""
    found: list[Change] = []
    for table, model in TABLES.items():
        found += _differing(table, getattr(old, table), getattr(new, table), settings_of(model))
    found += _entries("nodes", {one.base: one for one in old.nodes}, {one.base: one for one in new.nodes})
    found += _entries("api_keys", {one.name: one for one in old.api_keys}, {one.name: one for one in new.api_keys})
    return tuple(found)


def _entries(table: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for who, one in old.items():
        if who not in new:
            yield Change(f"{table}.{one.name} removed")
    settings = settings_of(ENTRIES[table])
    for who, one in new.items():
        if who in old:
            yield from _differing(f"{table}.{one.name}", old[who], one, settings)
        else:
            yield Change(f"{table}.{one.name} added")


def _differing(name: str, old: Any, new: Any, settings: Mapping[str, Setting]) -> Iterator[Change]:
    for key, about in settings.items():
        before, after = getattr(old, key), getattr(new, key)
        if before == after:
            continue
        told = not about.secret and isinstance(after, bool | int | float | str)
        yield Change(f"{name}.{key}", _shown(before), _shown(after)) if told else Change(f"{name}.{key}")


def _shown(value: bool | int | float | str) -> str:
    return shown(int(value) if isinstance(value, float) and value.is_integer() else value)
