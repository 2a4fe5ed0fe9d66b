"""Hashing the operator's password."""

from __future__ import annotations

import unicodedata

import pytest

from llmlb.config.password import hash_password, is_password
from llmlb.config.words import PASSWORD_HASH

PASSWORD = "ｐａｓｓ 馬と電池が正しい"
HASH = hash_password(PASSWORD)


def test_the_password_is_recognised_and_another_is_not() -> None:
    assert is_password(HASH, PASSWORD)
    for other in ("", "pass 馬と電池が正しい", PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1]):
        assert not is_password(HASH, other)


def test_a_hash_is_what_the_configuration_takes_and_tells_nothing() -> None:
    assert PASSWORD_HASH.check(HASH) == HASH
    assert HASH.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert PASSWORD not in HASH
    assert hash_password(PASSWORD) != HASH, "each has a salt of its own"


def test_it_does_not_matter_how_a_keyboard_composes_characters() -> None:
    decomposed = unicodedata.normalize("NFD", PASSWORD)
    assert decomposed != PASSWORD
    assert is_password(HASH, decomposed)


# with names of their own: a hash is another one in each process that runs tests
@pytest.mark.parametrize(
    "password_hash",
    ["", "x", "$argon2id$v=19$m=8,t=1,p=1$AAAA$", HASH[:-1], HASH + "A"],
    ids=["empty", "a letter", "no digest", "cut", "too long"],
)
def test_a_hash_that_cannot_be_read_is_that_of_no_password(password_hash: str) -> None:
    assert not is_password(password_hash, PASSWORD)
    assert not is_password(password_hash, "")


def test_what_is_no_unicode_is_another_password() -> None:
    assert not is_password(HASH, "\udcff")
