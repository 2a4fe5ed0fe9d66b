"""The chaos can fail: each rule about a request is broken by evidence made up to break it, and by nothing less."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.chaos import verdict
from benchmarks.chaos.ledger import Attempt, Entry, Ledger, Seen
from benchmarks.chaos.reading import Reading, Unreadable
from benchmarks.chaos.script import CHAT, Ask, Leave, draw

EVENTS = b'data: {"choices": [1]}\n\ndata: {"choices": [2]}\n\n'
DONE = b"data: [DONE]\n\n"
ERROR = b'data: {"error": {"message": "", "type": "server_error", "code": "node_failed"}}\n\n'
OURS = {"x-request-id": "req-7", "server": "llmlb", "content-type": "text/event-stream"}
FULL = b'{"error": {"message": "", "type": "queue_full", "code": "queue_full", "retry_after": 3}}'
LATE = b'{"error": {"message": "", "type": "queue_timeout", "code": "queue_timeout", "waited_secs": 3}}'


def entry(seen: Seen, *attempts: Attempt, **line: Any) -> Entry:
    """A request that was answered so, after these attempts, and with such a line in the log."""
    ask = Ask("req-7", "one", CHAT, "m", True, 100, "", False, Leave("stay", "close", 0.5))
    made = Entry(ask, 0.0, sent_at=0.1, seen=seen, seen_at=5.0, attempts=list(attempts))
    made.lines = [{"event": "request", "id": "req-7", "position": None, "wait": 0.0, **line}]
    return made


def attempt(sent: bytes, *, whole: bool = True, node: str = "d0", mood: str = "good", status: int = 200) -> Attempt:
    """What a node has sent."""
    return Attempt(node, 0.2, mood, status, bytearray(sent), whole=whole, over=True)


def hung_up() -> Attempt:
    """A node was hung up on although it was at work."""
    made = attempt(EVENTS, whole=False)
    made.hung_up = True
    return made


def reply(body: bytes, status: int = 200, **headers: str) -> Seen:
    """A whole answer."""
    return Seen("reply", status, OURS | {name.replace("_", "-"): value for name, value in headers.items()}, body, 99)


def cut(body: bytes) -> Seen:
    """The start of one."""
    return Seen("cut", 200, dict(OURS), body, 99)


def broken(entry: Entry) -> set[str]:
    """The rules it breaks."""
    return {rule for rule, _ in verdict.problems(entry)}


SERVED = {"outcome": "served", "status": 200}
FAILED = {"outcome": "failed", "status": 200}


def test_good_ends_break_nothing() -> None:
    whole, half = attempt(EVENTS + DONE), attempt(EVENTS, whole=False)
    assert broken(entry(reply(EVENTS + DONE), whole, **SERVED)) == set()
    assert broken(entry(reply(EVENTS + DONE), attempt(b"", whole=False, node="d1"), whole, **SERVED)) == set()
    assert broken(entry(cut(EVENTS + ERROR), half, **FAILED)) == set()
    assert broken(entry(reply(FULL, 429, retry_after="3"), outcome="rejected", status=429)) == set()
    assert broken(entry(reply(LATE, 504), outcome="timed_out", status=504, wait=3.01)) == set()


@pytest.mark.parametrize(
    ("rule", "case"),
    [
        (verdict.SAME, entry(reply(EVENTS + DONE), attempt(EVENTS + DONE), **FAILED)),
        (verdict.SAME, entry(cut(EVENTS + ERROR), attempt(EVENTS, whole=False), **SERVED)),
        (verdict.SAME, entry(reply(FULL, 429, retry_after="3"), outcome="failed", status=429)),
        (verdict.OWN, entry(reply(EVENTS + DONE), attempt(b"other" + DONE), **SERVED)),
        (verdict.OWN, entry(cut(EVENTS + EVENTS + ERROR), attempt(EVENTS, whole=False), **FAILED)),
        (verdict.WHOLE, entry(reply(EVENTS), attempt(EVENTS, whole=False), **SERVED)),
        (verdict.WHOLE, entry(cut(EVENTS), attempt(EVENTS, whole=False), **FAILED)),
        (verdict.WHOLE, entry(cut(EVENTS + ERROR + DONE), attempt(EVENTS, whole=False), **FAILED)),
        (verdict.ONE_ANSWER, entry(Seen("nothing"), **FAILED)),
        (verdict.ONE_ANSWER, entry(Seen("silent", problem="60 s"), **FAILED)),
        (verdict.ONE_ANSWER, entry(reply(b"{}", 502), outcome="failed", status=502)),
        (verdict.ONE_ANSWER, entry(reply(FULL, 500), outcome="failed", status=500)),
        (verdict.ONE_ANSWER, entry(reply(FULL, 502), outcome="failed", status=502)),
        (verdict.HEADERS, entry(reply(EVENTS + DONE, x_request_id="s"), attempt(EVENTS + DONE), **SERVED)),
        (verdict.HEADERS, entry(reply(EVENTS + DONE, set_cookie="a=b"), attempt(EVENTS + DONE), **SERVED)),
        (verdict.HEADERS, entry(reply(EVENTS + DONE, x_queue_position="2"), attempt(EVENTS + DONE), **SERVED)),
        (verdict.HEADERS, entry(reply(FULL, 429, retry_after="90"), outcome="rejected", status=429)),
        (verdict.DEADLINE, entry(reply(LATE, 504), outcome="timed_out", status=504, wait=4.5)),
        (verdict.KEPT, entry(reply(EVENTS + DONE), hung_up(), attempt(EVENTS + DONE, node="d1"), **SERVED)),
        (verdict.FEW, entry(reply(EVENTS + DONE), *[attempt(EVENTS + DONE)] * 3, **SERVED)),
    ],
)
def test_each_rule_about_a_request_can_be_broken(rule: str, case: Entry) -> None:
    assert rule in broken(case)


def test_a_request_has_one_line_in_the_log() -> None:
    none = entry(reply(EVENTS + DONE), attempt(EVENTS + DONE), **SERVED)
    none.lines = []
    two = entry(reply(EVENTS + DONE), attempt(EVENTS + DONE), **SERVED)
    two.lines *= 2
    assert broken(none) == broken(two) == {verdict.ONE_LINE}


def test_a_second_line_is_seen_although_the_request_was_settled_before() -> None:
    ledger = Ledger(verdict.problems)
    done = entry(reply(EVENTS + DONE), attempt(EVENTS + DONE), **SERVED)
    ledger.open["req-7"] = done
    ledger.settle()
    assert ledger.broken == []
    ledger.line({"event": "request", "id": "req-7"})
    assert [one.rule for one in ledger.broken] == [verdict.ONE_LINE]


def test_a_client_that_left_is_owed_nothing() -> None:
    left = entry(Seen("nothing"), outcome="cancelled", status=499)
    left.left_at = 3.0
    assert broken(left) == set()


def test_one_seed_is_one_script() -> None:
    names = ("d0", "d1")
    assert draw(7, 0, 30, names) == draw(7, 0, 30, names)
    assert draw(7, 0, 30, names) != draw(8, 0, 30, names)
    assert draw(7, 0, 30, names) != draw(7, 1, 30, names)
    script = draw(7, 0, 30, names)
    ids = [ask.id for session in script.sessions for ask in session.asks]
    assert len(ids) == len(set(ids)) > 300


def test_replies_are_read_as_their_framing_says() -> None:
    chunked = Reading()
    for byte in b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n":
        assert not chunked.complete
        chunked.feed(bytes((byte,)))
    assert (chunked.status, bytes(chunked.body), chunked.complete) == (200, b"abc", True)
    short = Reading()
    short.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    assert not short.complete
    short.feed(b"defghiHTTP")
    assert (short.complete, short.rest) == (True, b"HTTP")
    with pytest.raises(Unreadable):
        Reading().feed(b"HTTP/1.1 200 OK\r\nServer: a\r\nServer: b\r\n\r\n")
