"""Sessions of the operator: when they end, and what is kept of them."""

from __future__ import annotations

import attrs
import pytest

from llmlb.config.model import Operator
from llmlb.testing import ManualClock
from llmlb.web.operator.sessions import MOST_SESSIONS, Session, Sessions


@attrs.define
class Desk:
    """Sessions under settings that a test changes."""

    settings: Operator = attrs.field(factory=lambda: Operator(password_hash="hash", session_secs=100))
    clock: ManualClock = attrs.field(factory=ManualClock)
    sessions: Sessions = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.sessions = Sessions(self.clock, lambda: self.settings)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_session_is_found_by_its_secret_only(desk: Desk) -> None:
    secret, session = desk.sessions.begin()
    assert desk.sessions.find(secret) is session
    for other in (None, "", secret[:-1], secret + "=", secret.swapcase(), "\udcff", session.csrf):
        assert desk.sessions.find(other) is None


def test_secrets_and_tokens_are_long_and_never_the_same(desk: Desk) -> None:
    begun = [desk.sessions.begin() for _ in range(50)]
    words = {secret for secret, _ in begun} | {session.csrf for _, session in begun}
    assert len(words) == 100
    assert min(map(len, words)) >= 43, "256 bits, six a character"


def test_the_secret_is_not_kept(desk: Desk) -> None:
    secret, session = desk.sessions.begin()
    kept = [*desk.sessions._by_digest, *attrs.astuple(session)]
    assert secret not in kept
    assert secret.encode() not in kept
    assert session.csrf not in repr(session)


def test_it_ends_when_its_time_is_over(desk: Desk) -> None:
    secret, session = desk.sessions.begin()
    assert session.until - session.since == 100
    desk.clock.advance(99.9)
    assert desk.sessions.alive(session)
    desk.clock.advance(0.2)
    assert not desk.sessions.alive(session)
    assert desk.sessions.find(secret) is None


def test_a_shorter_time_is_for_those_there_are_and_a_longer_one_for_those_to_come(desk: Desk) -> None:
    _, session = desk.sessions.begin()
    desk.clock.advance(50)
    desk.settings = attrs.evolve(desk.settings, session_secs=40)
    assert not desk.sessions.alive(session)
    desk.settings = attrs.evolve(desk.settings, session_secs=1000)
    assert desk.sessions.alive(session)
    desk.clock.advance(60)
    assert not desk.sessions.alive(session)


@pytest.mark.parametrize("password_hash", ["another", ""])
def test_it_ends_with_the_password(desk: Desk, password_hash: str) -> None:
    _, session = desk.sessions.begin()
    desk.settings = attrs.evolve(desk.settings, password_hash=password_hash)
    assert not desk.sessions.alive(session)


def test_no_session_goes_on_without_a_password(desk: Desk) -> None:
    desk.settings = Operator()
    _, session = desk.sessions.begin()
    assert not desk.sessions.alive(session)


def test_signing_out_ends_that_one_and_no_other(desk: Desk) -> None:
    (_, one), (_, other) = (desk.sessions.begin() for _ in range(2))
    desk.sessions.end(one)
    desk.sessions.end(one)
    assert [desk.sessions.alive(session) for session in (one, other)] == [False, True]


def test_the_oldest_ends_when_there_are_too_many(desk: Desk) -> None:
    begun: list[Session] = [desk.sessions.begin()[1] for _ in range(MOST_SESSIONS + 1)]
    assert [desk.sessions.alive(session) for session in begun] == [False] + [True] * MOST_SESSIONS
    assert len(desk.sessions) == MOST_SESSIONS


def test_those_that_have_ended_make_room_first(desk: Desk) -> None:
    for _ in range(MOST_SESSIONS):
        desk.sessions.begin()
    desk.clock.advance(100)
    desk.sessions.begin()
    assert len(desk.sessions) == 1
