"""Who is signed in. A session ends by itself after a while, when its operator signs out, and with the password."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

import attrs

from llmlb.clock import Clock
from llmlb.config.model import Operator

MOST_SESSIONS = 100
"""One more, and the oldest ends."""
_BYTES = 32


@attrs.frozen(kw_only=True, eq=False)
class Session:
    """One browser that is signed in. Times are on the gateway's clock."""

    csrf: str = attrs.field(repr=False)
    """Stands in every form of this session; no page elsewhere can know it."""
    since: float
    until: float
    _digest: bytes = attrs.field(repr=False)
    _password_hash: str = attrs.field(repr=False)


class Sessions:
    """The sessions of one gateway, in memory only. Of what a browser holds, the digest alone is kept.

    `settings` gives `[operator]` as it applies: the password that is asked for, and how long a session may last.
    """

    def __init__(self, clock: Clock, settings: Callable[[], Operator]) -> None:
        self._clock = clock
        self._settings = settings
        self._by_digest: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._by_digest)

    def begin(self) -> tuple[str, Session]:
        """A new session, and the secret by which its browser shows that it is the one."""
        self._forget_ended()
        while len(self._by_digest) >= MOST_SESSIONS:
            del self._by_digest[next(iter(self._by_digest))]
        secret, settings, now = secrets.token_urlsafe(_BYTES), self._settings(), self._clock.now()
        session = Session(
            csrf=secrets.token_urlsafe(_BYTES),
            since=now,
            until=now + settings.session_secs,
            digest=_digest(secret),
            password_hash=settings.password_hash,
        )
        self._by_digest[session._digest] = session
        return secret, session

    def find(self, secret: str | None) -> Session | None:
        """The session that was begun with this secret, while it goes on."""
        session = self._by_digest.get(_digest(secret or ""))
        return session if session is not None and self.alive(session) else None

    def alive(self, session: Session) -> bool:
        """Whether it goes on: neither ended nor too old, begun here, and with the password that applies now.

        A shorter `session_secs` applies to sessions there are; a longer one to those begun from now on.
        """
        settings, now = self._settings(), self._clock.now()
        return (
            self._by_digest.get(session._digest) is session
            and now < min(session.until, session.since + settings.session_secs)
            and session._password_hash == settings.password_hash
            and settings.password_hash != ""
        )

    def end(self, session: Session) -> None:
        """Sign this one out. Harmless when it has ended."""
        self._by_digest.pop(session._digest, None)

    def _forget_ended(self) -> None:
        for session in [one for one in self._by_digest.values() if not self.alive(one)]:
            self.end(session)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
