"""What must be true of one request when it is over: as its client, the nodes and the log have seen it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from benchmarks.chaos.bodies import last_event
from benchmarks.chaos.ledger import Entry, Seen

ONE_ANSWER = "one definite answer a request"
ONE_LINE = "one log line a request"
SAME = "the log says what the client saw"
OWN = "a reply is its own node's, unmixed"
WHOLE = "what is cut does not pass for whole"
HEADERS = "headers of our own on every answer"
KEPT = "no request is dropped that a node answers well"
FEW = "tried once per node, and not after silence"
DEADLINE = "a wait ends at its deadline"

SURELY_READ_SECS = 1.0
"""A request that was sent whole so long before its client left has been read."""
LATE_SECS = 1.0
EARLY_SECS = 0.7
"""The wait counts from its place in the queue, the deadline from its arrival: the gateway may be frozen in between."""
MOST_ATTEMPTS = 3
BUSY = (429, 503)
WELL = {"good", "slow", "long", "until closed", "early hints"}
_OUTCOMES = {429: "rejected", 502: "failed", 503: "failed", 404: "failed"}

Problems = Iterator[tuple[str, str]]


def problems(entry: Entry) -> Problems:
    """Each broken rule, with what broke it."""
    seen = entry.seen
    assert seen is not None
    yield from _lines(entry, seen)
    yield from _attempts(entry)
    if seen.kind == "reply":
        yield from _headers(entry, seen)
        yield from _reply(entry, seen)
    elif entry.left_at is None:
        yield from _not_whole(entry, seen)
    if seen.kind != "reply" and seen.status == 200:
        yield from _cut_body(entry, seen)


def _lines(entry: Entry, seen: Seen) -> Problems:
    count = len(entry.lines)
    if count > 1:
        yield ONE_LINE, f"{count} lines"
    read = entry.sent_at is not None and (entry.left_at or entry.seen_at) - entry.sent_at > SURELY_READ_SECS
    if count == 0 and (seen.got or entry.attempts or read) and seen.kind != "unreachable":
        yield ONE_LINE, "no line"


def _attempts(entry: Entry) -> Problems:
    tries = [attempt for attempt in entry.attempts if attempt.status not in BUSY]
    # A kept connection that dies at once may have been stale, so the node is asked once more on a new one.
    again = Counter(attempt.node for attempt in tries)
    if len(again) > MOST_ATTEMPTS or any(count > 2 for count in again.values()):
        yield FEW, f"tried on {dict(again)}"
    stays = entry.left_at is None and not entry.stalled and not entry.stopping
    if stays and any(attempt.hung_up and attempt.mood in WELL for attempt in entry.attempts):
        yield KEPT, "the gateway hung up on a node that was at work"
    if entry.left_at is None and any(attempt.mood == "hang" and attempt.hung_up for attempt in tries[:-1]):
        yield FEW, "tried again after a node was silent"


def _headers(entry: Entry, seen: Seen) -> Problems:
    if seen.headers.get("x-request-id") != entry.ask.id:
        yield HEADERS, f"X-Request-Id {seen.headers.get('x-request-id')!r}"
    if seen.headers.get("server") != "llmlb":
        yield HEADERS, f"Server {seen.headers.get('server')!r}"
    if not_ours := seen.headers.keys() & {"location", "set-cookie"}:
        yield HEADERS, f"a node set {not_ours}"
    line = entry.lines[0] if entry.lines else {}
    for header, field in (("x-queue-position", "position"), ("x-estimated-wait", "estimate")):
        told = seen.headers.get(header)
        if line.get("event") == "request" and (None if told is None else int(told)) != line.get(field):
            yield HEADERS, f"{header} {told}, in the log {line.get(field)}"
    if seen.status == 429 and not 1 <= int(seen.headers.get("retry-after", "0")) <= 60:
        yield HEADERS, f"Retry-After {seen.headers.get('retry-after')!r}"


def _reply(entry: Entry, seen: Seen) -> Problems:
    """A whole answer: some node's, or a refusal of the gateway's own."""
    line = entry.lines[0] if entry.lines else {}
    passed_on = [a for a in entry.attempts if a.whole and a.status == seen.status and a.sent == seen.body]
    if passed_on:
        if entry.known is False:
            yield ONE_ANSWER, f"{seen.status} although its key is none"
        yield from _logged(entry, line, "served", seen.status)
        return
    if seen.status < 400:
        started = any(a.sent.startswith(seen.body) for a in entry.attempts)
        yield WHOLE if started else OWN, f"{len(seen.body)} bytes that no node sent whole: {seen.body[-200:]!r}"
        return
    error = _error(seen.body)
    if error is None:
        yield ONE_ANSWER, f"{seen.status} without an error: {seen.body[:200]!r}"
        return
    if seen.status == 500 or not _to_be_expected(entry, seen.status, error):
        yield ONE_ANSWER, f"{seen.status} {error}"
    if line.get("event") == "refused":
        if line.get("status") != seen.status:
            yield SAME, f"client {seen.status}, log {line.get('status')}"
        return
    code = error.get("code")
    outcome = "timed_out" if code == "queue_timeout" else _OUTCOMES.get(seen.status, "failed")
    yield from _logged(entry, line, outcome, seen.status)
    if code == "queue_timeout" and not -EARLY_SECS <= line.get("wait", 0) - error["waited_secs"] <= LATE_SECS:
        yield DEADLINE, f"waited {line.get('wait')} s of {error['waited_secs']} s"


def _logged(entry: Entry, line: dict[str, Any], outcome: str, status: int) -> Problems:
    told = (line.get("outcome"), line.get("status"))
    if line and told != (outcome, status) and entry.left_at is None:
        yield SAME, f"client {outcome} {status}, log {told}"


def _error(body: bytes) -> dict[str, Any] | None:
    try:
        error = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return None
    return error if isinstance(error, dict) and "message" in error and "type" in error else None


def _to_be_expected(entry: Entry, status: int, error: dict[str, Any]) -> bool:
    """Whether the gateway has a reason to answer so."""
    ask = entry.ask
    if status == 401:
        return not entry.known
    if entry.known is False:
        return ask.flaw == "other path"
    if ask.flaw:
        return status in {400, 404, 415}
    if status == 404:
        return ask.model in ("nobody-has-it", "solo", "extra", "b", "gpt-x", "a")
    if status == 502 or error.get("code") == "node_timeout":
        return any(line.get("attempts") for line in entry.lines)  # a node that is reset does not see all
    if status == 503:
        return error.get("type") == "server_error"
    return status in (429, 504)


def _not_whole(entry: Entry, seen: Seen) -> Problems:
    """The client stayed, and has no whole reply."""
    if seen.kind != "cut":
        yield ONE_ANSWER, f"{seen.kind}: {seen.problem}"
        return
    line = entry.lines[0] if entry.lines else {}
    told = (line.get("outcome"), line.get("status"))
    allowed = {("failed", seen.status)} | ({("cancelled", 499)} if entry.stalled else set())
    if line and told not in allowed:
        yield SAME, f"client cut {seen.status}, log {told}"
    if seen.status >= 400 and not any(a.status == seen.status for a in entry.attempts):
        yield ONE_ANSWER, f"an error of {seen.status} that is cut short"


def _cut_body(entry: Entry, seen: Seen) -> Problems:
    """What has come of a reply without its end: the start of one node's, and in a stream the error after it."""
    body = seen.body
    sent = max((attempt.sent for attempt in entry.attempts), key=lambda sent: _alike(sent, body), default=bytearray())
    added = body[_alike(sent, body) :]
    told = b"node_failed" in added and added.count(b"data:") <= 1 and entry.ask.id.encode() not in added
    ended = last_event(entry.ask).strip() in body
    if ended and last_event(entry.ask).strip() not in sent:
        yield WHOLE, "a cut stream has the last event"
        return
    if added and not told:
        yield OWN, f"{len(body)} bytes that no node sent so: {added[-300:]!r}"
        return
    stream = seen.headers.get("content-type", "").startswith("text/event-stream")
    if stream and entry.left_at is None and not ended and not told and not entry.stalled:
        yield WHOLE, f"no error event at the end of a cut stream: {body[-200:]!r}"


def _alike(sent: bytes | bytearray, body: bytes) -> int:
    """How many bytes at their start are the same."""
    if sent.startswith(body):
        return len(body)
    low, high = 0, min(len(sent), len(body))
    while low < high:
        middle = (low + high + 1) // 2
        if sent[:middle] == body[:middle]:
            low = middle
        else:
            high = middle - 1
    return low
