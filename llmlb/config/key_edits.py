"""Changes to the API keys of a configuration file: a new one, another secret, gone."""

from __future__ import annotations

import hashlib
import secrets

from llmlb.config.edit import Draft
from llmlb.config.values import UnknownKey, key_entry, key_index, plain, set_key, unset_key

PREFIX = "sk-llmlb-"
"""What a key of ours begins with, so that scanners for leaked secrets can tell it."""
RANDOM_BYTES = 32
NO_SETTINGS = "# Nothing is set.\n"
"""Instead of an empty file: a gateway that has keys takes that for one that is just being written."""

_KEYS = "api_keys"


class KnownKey(ValueError):
    """There is an API key of this name already."""


def new_key() -> str:
    """A key that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(RANDOM_BYTES)


def add_key(draft: Draft, name: str, key: str, *, weight: float | None = None, max_waiting: int | None = None) -> Draft:
    """The draft with one more key, as its hash. What is None is left to the defaults. Raises KnownKey or CannotEdit."""
    try:
        key_index(draft, name)
    except UnknownKey:
        given = {"weight": weight, "max_waiting": max_waiting}
        entry = {"name": name, "key_sha256": _hash(key)}
        return draft.add(_KEYS, entry | {field: plain(value) for field, value in given.items() if value is not None})
    raise KnownKey


def rotate_key(draft: Draft, name: str, key: str) -> Draft:
    """The draft with another secret under this name, as its hash; all else stays. Raises UnknownKey or CannotEdit."""
    return unset_key(set_key(draft, name, "key_sha256", _hash(key)), name, "key")


def remove_key(draft: Draft, name: str) -> Draft:
    """The draft without this key. Raises UnknownKey or CannotEdit."""
    less = draft.remove(_KEYS, key_index(draft, name))
    return less if less.text.strip() else Draft(NO_SETTINGS, less.data)


def switch_key(draft: Draft, name: str, *, disabled: bool) -> Draft:
    """The draft with this key disabled or not; the same draft if it is so already. Raises UnknownKey or CannotEdit."""
    stands = key_entry(draft, name).get("disabled", False)
    if disabled:
        return draft if stands is True else set_key(draft, name, "disabled", True)
    return unset_key(draft, name, "disabled") if stands else draft


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
