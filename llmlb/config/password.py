"""The operator's password: how it is hashed, and how one that is typed is compared with the hash."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

LEAST_CHARACTERS = 8
MOST_BYTES = 1024
"""Of the password in UTF-8."""

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)


def hash_password(text: str) -> str:
    """The Argon2id hash of a password, as the file holds it. Takes about 100 ms and 64 MiB, as comparing does."""
    return _HASHER.hash(_as_bytes(text))


def is_password(password_hash: str, text: str) -> bool:
    """Whether the text is the password. A hash that cannot be read is that of no password."""
    try:
        return _HASHER.verify(password_hash, _as_bytes(text))
    except (VerificationError, InvalidHashError):
        return False


def _as_bytes(text: str) -> bytes:
    """As it was typed, but composed: が is one character on some systems and two on others, and looks the same.

    Nothing else is changed: ａ is not a, nor is 1 １.
    """
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogateescape")
