"""Whose request it is: API keys, and the flows they are kept apart by."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable

import attrs

from llmlb.config.model import KeyConfig
from llmlb.errors import DisabledKey, MissingKey, WrongKey


@attrs.frozen
class Identity:
    """The sender of a request: the flow it queues in, and a name that may be shown and logged."""

    flow: str
    name: str


NOBODY = Identity("", "-")
"""Requests without a key, where none is needed: all of them are one flow."""


class Identities:
    """Tells senders apart, as fast with ten thousand keys as with one. Keys are kept as SHA-256 only.

    They are looked up by it, not compared one by one in constant time: a lookup compares a digest with one of the same
    64-bit hash only, under a seed of this process, so how long it takes tells of no part of a digest. Nor would a part
    tell of the key.
    """

    def __init__(self, api_keys: Iterable[KeyConfig]) -> None:
        self._salt = secrets.token_bytes(16)
        self._by_digest: dict[bytes, Identity] = {}
        self._disabled: frozenset[str] = frozenset()
        self.weights: dict[str, float] = {}
        """Weight by flow."""
        self.limits: dict[str, int] = {}
        """How many may wait, by the flows that have a limit of their own."""
        self.names: dict[str, str] = {}
        """Name of each configured key, by flow."""
        self.apply(api_keys)

    def apply(self, api_keys: Iterable[KeyConfig]) -> None:
        """Know just these keys from now on. Who has been let in already is not asked again."""
        keys = list(api_keys)
        self._by_digest = {key.digest: Identity(f"key:{key.name}", key.name) for key in keys}
        self._disabled = frozenset(f"key:{key.name}" for key in keys if key.disabled)
        self.weights = {f"key:{key.name}": key.weight for key in keys}
        self.limits = {f"key:{key.name}": key.max_waiting for key in keys if key.max_waiting}
        self.names = {identity.flow: identity.name for identity in self._by_digest.values()}

    @property
    def open(self) -> bool:
        """Whether anyone may use the gateway. Not so with nothing but disabled keys: then nobody may."""
        return not self._by_digest

    def identify(self, authorization: str | None, x_api_key: str | None) -> Identity:
        """The sender, by `Authorization: Bearer` or else `x-api-key`.

        With no keys configured every key is its own flow, under a name that cannot be traced back to it.
        Raises WrongKey when keys are configured and this is none of them, MissingKey when there is none, DisabledKey
        when it is one let in no more.
        """
        key = bearer(authorization) or x_api_key or ""
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
        if self.open:
            if not key:
                return NOBODY
            name = hashlib.blake2b(digest, key=self._salt, digest_size=6).hexdigest()
            return Identity(f"anonymous:{name}", f"anonymous-{name}")
        identity = self._by_digest.get(digest)
        if identity is None:
            raise WrongKey if key else MissingKey
        if identity.flow in self._disabled:
            raise DisabledKey(identity.name)
        return identity


def name_of(flow: str) -> str:
    """The name of the identity that has this flow."""
    kind, _, name = flow.partition(":")
    return NOBODY.name if not flow else name if kind == "key" else f"{kind}-{name}"


def bearer(authorization: str | None) -> str | None:
    """What an `Authorization: Bearer` header carries; None if it is none."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None
