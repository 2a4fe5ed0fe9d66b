"""The settings that the operator changes on the page: those of queue and fairness, and what each API key may."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.entries import KeyConfig
from llmlb.config.model import Config
from llmlb.config.problems import Path
from llmlb.config.settings import Setting
from llmlb.config.values import all_settings, key_index, key_setting, present

TABLES = ("queue", "fairness")
OF_KEYS = ("weight", "max_waiting", "disabled")


@attrs.frozen(kw_only=True)
class Place:
    """One setting on the page, and what it is in some configuration."""

    id: str
    """Its name in the form, the same whatever else changes: `queue.max_size`; of a key, with a digest of its name."""
    table: str
    field: str
    key: str = ""
    """The name of the API key it belongs to; empty for a setting of a table."""
    setting: Setting
    default: Any
    value: Any

    def at(self, draft: Draft) -> Path:
        """Where its table or entry is in a draft. Raises UnknownKey or CannotEdit."""
        if self.key:
            return self.table, key_index(draft, self.key)
        if not isinstance(draft.data.get(self.table, {}), dict):
            raise CannotEdit
        return (self.table,)


def places(config: Config) -> dict[str, Place]:
    """Every setting of the page by id, those of tables first."""
    found = {
        name: Place(
            id=name,
            table=named.table,
            field=named.key,
            setting=named.setting,
            default=named.default,
            value=present(config, name),
        )
        for name, named in all_settings().items()
        if named.table in TABLES
    }
    fields = attrs.fields_dict(KeyConfig)
    of_keys = [(field, key_setting(field), fields[field].default) for field in OF_KEYS]
    for key in config.api_keys:
        row = row_id(key.name)
        for field, setting, default in of_keys:
            id, value = f"key.{row}.{field}", getattr(key, field)
            found[id] = Place(
                id=id, table="api_keys", field=field, key=key.name, setting=setting, default=default, value=value
            )
    return found


def row_id(key_name: str) -> str:
    """What stands in the form for the name of a key, which may be anything, and long."""
    return hashlib.sha256(key_name.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def usual(id: str) -> str | None:
    """What stands in the field of a key that has nothing of its own, whether or not there is such a key."""
    field = id.rpartition(".")[2]
    return as_typed(attrs.fields_dict(KeyConfig)[field].default) if id.startswith("key.") and field in OF_KEYS else None


def as_typed(value: Any) -> str:
    """A value as it stands in a field of the form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)
