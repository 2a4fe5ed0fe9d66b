"""What differs between two configurations, by name: no value is told, for it may be a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlb.config.model import ENTRIES, TABLES, Config
from llmlb.config.settings import settings_of


def changes(old: Config, new: Config) -> tuple[str, ...]:
    """The settings that differ, such as `queue.max_size`, `nodes.gpu-1.drain` or `api_keys.alice added`.

    A node is the same as long as its URL is, a key as long as its name is.
    """
    found = [
        f"{table}.{key}"
        for table, model in TABLES.items()
        for key in settings_of(model)
        if getattr(getattr(old, table), key) != getattr(getattr(new, table), key)
    ]
    found += _entries("nodes", {one.base: one for one in old.nodes}, {one.base: one for one in new.nodes})
    found += _entries("api_keys", {one.name: one for one in old.api_keys}, {one.name: one for one in new.api_keys})
    return tuple(found)


def _entries(table: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = [f"{table}.{one.name} removed" for who, one in old.items() if who not in new]
    for who, one in new.items():
        if who not in old:
            found.append(f"{table}.{one.name} added")
            continue
        found += [
            f"{table}.{one.name}.{key}"
            for key in settings_of(ENTRIES[table])
            if getattr(old[who], key) != getattr(one, key)
        ]
    return found
