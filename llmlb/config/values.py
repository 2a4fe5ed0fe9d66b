"""Settings by their names, such as `queue.max_size`: how a text becomes a value, and how a value gets into a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs

from llmlb.config.edit import CannotEdit, Draft, written
from llmlb.config.entries import KeyConfig
from llmlb.config.environment import variable_of
from llmlb.config.model import TABLES, Config
from llmlb.config.nearest import nearest
from llmlb.config.rules import Switch
from llmlb.config.settings import Setting, settings_of

_KEYS = "api_keys"
_WORDS = {"on": "true", "yes": "true", "off": "false", "no": "false"}


class UnknownSetting(ValueError):
    """There is no setting of this name. `nearest`: what was probably meant, or None."""

    def __init__(self, name: str, meant: str | None) -> None:
        self.name = name
        self.nearest = meant
        super().__init__("unknown setting")  # never the name: it may be a secret in the wrong place


class UnknownKey(ValueError):
    """There is no API key of this name in the file. `nearest`: what was probably meant, or None."""

    def __init__(self, name: str, meant: str | None) -> None:
        self.name = name
        self.nearest = meant
        super().__init__("unknown API key")


@attrs.frozen
class Named:
    """A setting of a table that is given once, and where it stands."""

    table: str
    key: str
    setting: Setting
    default: Any = attrs.field(repr=False)

    @property
    def name(self) -> str:
        """The name by which it is called, such as `queue.max_size`."""
        return f"{self.table}.{self.key}"

    @property
    def variable(self) -> str:
        """The environment variable that wins over the file."""
        return variable_of(self.table, self.key)


def all_settings() -> Mapping[str, Named]:
    """Every setting by its name, in the order of the documentation."""
    return _known()


def setting_named(name: str) -> Named:
    """The setting of this name. Raises UnknownSetting."""
    known = _known()
    if name in known:
        return known[name]
    alone = [one.name for one in known.values() if one.key == name]  # without its table
    raise UnknownSetting(name, alone[0] if len(alone) == 1 else nearest(name, known))


def key_setting(field: str) -> Setting:
    """The setting `field` of an API key, such as `weight`. Raises UnknownSetting."""
    known = settings_of(KeyConfig)
    if field not in known:
        raise UnknownSetting(field, nearest(field, known))
    return known[field]


def read_value(setting: Setting, text: str) -> Any:
    """The value that somebody means by this text, as the model holds it. Raises Unfit."""
    if isinstance(setting.rule, Switch):
        text = _WORDS.get(text.strip().lower(), text)
    return setting.rule.check(setting.rule.read(text))


def as_written(value: Any) -> str:
    """A value of the model as it is put into a file: 2, not 2.0. Not for secrets."""
    return written(plain(value))


def present(config: Config, name: str) -> Any:
    """The value of a setting in this configuration. Raises UnknownSetting."""
    named = setting_named(name)
    return getattr(getattr(config, named.table), named.key)


def set_value(draft: Draft, name: str, value: Any) -> Draft:
    """The draft with this value of a setting. Raises UnknownSetting or CannotEdit."""
    named = setting_named(name)
    if not isinstance(draft.data.get(named.table, {}), dict):
        raise CannotEdit
    return draft.set((named.table,), named.key, plain(value))


def unset_value(draft: Draft, name: str) -> Draft:
    """The draft without the setting, so that its default holds. Raises UnknownSetting or CannotEdit."""
    named = setting_named(name)
    given = draft.data.get(named.table, {})
    if not isinstance(given, dict):
        raise CannotEdit
    return draft.unset((named.table,), named.key) if named.key in given else draft


def set_key(draft: Draft, key_name: str, field: str, value: Any) -> Draft:
    """The draft with this value for one field of the API key `key_name`.

    Raises UnknownKey, UnknownSetting or CannotEdit.
    """
    key_setting(field)
    return draft.set((_KEYS, key_index(draft, key_name)), field, plain(value))


def unset_key(draft: Draft, key_name: str, field: str) -> Draft:
    """The draft without one field of the API key `key_name`. Raises UnknownKey, UnknownSetting or CannotEdit."""
    key_setting(field)
    index = key_index(draft, key_name)
    return draft.unset((_KEYS, index), field) if field in draft.data[_KEYS][index] else draft


def key_entry(draft: Draft, key_name: str) -> Mapping[str, Any]:
    """What the file says of the API key `key_name`. Raises UnknownKey or CannotEdit."""
    index = key_index(draft, key_name)  # first: there may be no keys at all
    entry: Mapping[str, Any] = draft.data[_KEYS][index]
    return entry


def key_index(draft: Draft, key_name: str) -> int:
    """Which of `[[api_keys]]` is called so, from 0. Raises UnknownKey or CannotEdit."""
    entries = draft.data.get(_KEYS, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CannotEdit
    names = [str(entry.get("name")) for entry in entries]
    if key_name not in names:
        raise UnknownKey(key_name, nearest(key_name, names))
    return names.index(key_name)


def plain(value: Any) -> Any:
    """A value of the model as TOML has it, and as people write it: an array for a tuple, 2 for 2.0."""
    if isinstance(value, tuple):
        return list(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache
def _known() -> dict[str, Named]:
    return {
        f"{table}.{key}": Named(table, key, about, _default(model, key))
        for table, model in TABLES.items()
        for key, about in settings_of(model).items()
    }


def _default(model: type[attrs.AttrsInstance], key: str) -> Any:
    return attrs.fields_dict(model)[key].default
