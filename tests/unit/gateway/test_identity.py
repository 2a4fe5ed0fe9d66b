"""Whose request it is."""

from __future__ import annotations

import hashlib
import sys

import pytest

from llmlb.config.model import KeyConfig
from llmlb.errors import DisabledKey, MissingKey, WrongKey
from llmlb.gateway.identity import NOBODY, Identities, Identity, name_of

CONFIGURED = Identities(
    [
        KeyConfig(name="plain", key="sk-1", weight=2),
        KeyConfig(name="hashed", key_sha256=hashlib.sha256(b"sk-2").hexdigest().upper()),
    ]
)


@pytest.mark.parametrize("header", ["Bearer sk-1", "bearer sk-1", "BEARER  sk-1 "])
def test_bearer_in_any_case_is_the_key(header: str) -> None:
    assert CONFIGURED.identify(header, None) == Identity("key:plain", "plain")


def test_x_api_key_is_the_key_where_there_is_no_bearer() -> None:
    assert CONFIGURED.identify(None, "sk-2") == Identity("key:hashed", "hashed")
    assert CONFIGURED.identify("Basic eA==", "sk-2").name == "hashed"
    assert CONFIGURED.identify("Bearer sk-1", "sk-2").name == "plain"


@pytest.mark.parametrize("key", [None, "", "sk-", "sk-11", "\udcff", hashlib.sha256(b"sk-2").hexdigest()])
def test_any_other_key_is_wrong(key: str | None) -> None:
    with pytest.raises(WrongKey) as error:
        CONFIGURED.identify(f"Bearer {key}" if key else None, None)
    assert not key or key not in str(error.value)
    assert isinstance(error.value, MissingKey) == (not key), "who sent none is not told that it was wrong"


def test_weights_are_by_flow() -> None:
    assert CONFIGURED.weights == {"key:plain": 2, "key:hashed": 1}
    assert not CONFIGURED.open


def test_a_disabled_key_is_known_and_does_not_pass() -> None:
    off = KeyConfig(name="off", key="sk-1", disabled=True, max_waiting=3)
    identities = Identities([off])
    with pytest.raises(DisabledKey):
        identities.identify("Bearer sk-1", None)
    assert not identities.open, "nobody may use it, rather than anybody"
    with pytest.raises(WrongKey):
        identities.identify(None, None)
    assert (identities.names, identities.limits) == ({"key:off": "off"}, {"key:off": 3})
    identities.apply([KeyConfig(name="off", key="sk-1")])
    assert identities.identify("Bearer sk-1", None).name == "off"
    assert identities.limits == {}


def test_without_configured_keys_every_key_is_a_flow_that_does_not_tell_it() -> None:
    identities = Identities([])
    first, again, other = (identities.identify(f"Bearer {key}", None) for key in ("a", "a", "b"))
    assert identities.open
    assert first == again
    assert first.flow != other.flow
    assert identities.identify(None, "a") == first
    for text in (first.flow, first.name):
        assert hashlib.sha256(b"a").hexdigest()[:12] not in text


def test_names_of_keys_cannot_be_traced_from_one_run_to_the_next() -> None:
    assert Identities([]).identify(None, "a") != Identities([]).identify(None, "a")


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer ", "Basic x"])
def test_requests_without_a_key_are_one_flow(authorization: str | None) -> None:
    assert Identities([]).identify(authorization, None) is NOBODY


@pytest.mark.parametrize("key", ["", "sk-1", "made up"])
@pytest.mark.parametrize("name", [None, "alice", "a:b"])
def test_the_name_can_be_told_from_the_flow(key: str, name: str | None) -> None:
    configured = [] if name is None else [KeyConfig(name=name, key=key or "sk-2")]
    identity = Identities(configured).identify(None, key if name is None else configured[0].key)
    assert name_of(identity.flow) == identity.name


def test_a_key_among_a_thousand_takes_no_more_steps_than_one_by_itself() -> None:
    many = Identities([KeyConfig(name=f"k{number}", key=f"sk-{number}") for number in range(1000)])
    assert steps(many, "sk-999") == steps(Identities([KeyConfig(name="k", key="sk-999")]), "sk-999")


def steps(identities: Identities, key: str) -> int:
    """How many functions are called to tell whose it is."""
    called: list[str] = []
    sys.setprofile(lambda _frame, event, _arg: called.append(event) if event in ("call", "c_call") else None)
    try:
        identities.identify(f"Bearer {key}", None)
    finally:
        sys.setprofile(None)
    return len(called)
