"""Everything that is seen of a request, put together by its id: by its client, at the nodes and in the log."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from benchmarks.chaos.script import Ask

UNTAKEN = ("nothing", "unreachable")
MOST_BROKEN = 200
"""Evidence kept; what is broken once is often broken a thousand times."""


@attrs.define(eq=False)
class Attempt:
    """A request as one node had it. `sent`: the body of the reply so far, without its framing."""

    node: str
    at: float
    mood: str = ""
    status: int = 0
    sent: bytearray = attrs.field(factory=bytearray, repr=lambda sent: f"{len(sent)} bytes")
    whole: bool = False
    """All of the reply was sent, its end included."""
    over: bool = False
    hung_up: bool = False
    """It was the gateway that closed the connection."""


@attrs.define
class Seen:
    """What the client saw. `kind`: reply (whole), cut, nothing (closed unanswered), garbled, silent, unreachable."""

    kind: str
    status: int = 0
    headers: dict[str, str] = attrs.field(factory=dict)
    body: bytes = b""
    got: int = 0
    problem: str = ""


@attrs.define(eq=False)
class Entry:
    """One request. `sent_at`: when its last byte was written; `left_at`: when its client left."""

    ask: Ask
    began_at: float
    sent_at: float | None = None
    left_at: float | None = None
    known: bool | None = None
    """Whether its key is a known one; None where that is changing."""
    stopping: bool = False
    """It was there when the gateway was told to stop."""
    stalled: bool = False
    """The client has stopped reading for a while, or reads slowly."""
    attempts: list[Attempt] = attrs.field(factory=list)
    seen: Seen | None = None
    seen_at: float = 0.0
    lines: list[dict[str, Any]] = attrs.field(factory=list)

    @property
    def waits(self) -> bool:
        """Whether, as far as anyone outside can tell, it waits in the queue."""
        there = self.sent_at is not None and self.seen is None and self.left_at is None and not self.stalled
        return there and all(attempt.over and not attempt.whole for attempt in self.attempts)


@attrs.frozen
class Broken:
    """Something that must never be, and the first evidence of it."""

    rule: str
    secs: float
    id: str
    what: str
    lines: tuple[str, ...]


class Ledger:
    """All requests of a run, those that are settled only as counts.

    `judge` is given an entry whose end has been seen on all sides, and names what is wrong with it.
    """

    def __init__(self, judge: Callable[[Entry], Iterable[tuple[str, str]]]) -> None:
        self.open: dict[str, Entry] = {}
        self.broken: list[Broken] = []
        self.counts: dict[str, Counter[str]] = {}
        self.on_grant: dict[str, Callable[[], None]] = {}
        """What is to happen in the instant in which a node gets the request."""
        self.six: Callable[[], bool | None] = lambda: None
        """Whether the key that comes and goes is one at the moment."""
        self.stopping = False
        """The gateway was told to stop: refusing connections is right from now on."""
        self.began = time.time()
        self._judge = judge
        self._settled: set[str] = set()

    @property
    def secs(self) -> float:
        """Seconds since the run began."""
        return time.time() - self.began

    def count(self, table: str, row: str) -> None:
        """One more of these, for the report."""
        self.counts.setdefault(table, Counter())[row] += 1

    def breaks(self, rule: str, what: str, id: str = "", lines: Iterable[object] = ()) -> None:
        """A rule is broken."""
        self.count("broken", rule)
        if len(self.broken) < MOST_BROKEN:
            self.broken.append(Broken(rule, self.secs, id, what, tuple(str(line) for line in lines)))

    def begin(self, ask: Ask) -> Entry:
        """A client is about to send this."""
        known = self.six() if ask.key == "six" else ask.key != "wrong"
        entry = self.open[ask.id] = Entry(ask, time.time(), known=known)
        return entry

    def line(self, line: dict[str, Any]) -> None:
        """A line of the log about a request."""
        id = str(line.get("id"))
        entry = self.open.get(id)
        if entry is not None:
            entry.lines.append(line)
        elif id in self._settled:
            self.breaks("one log line a request", "a second line", id, [line])

    def settle(self, *, all_over: bool = False) -> None:
        """Judge the requests whose end has been seen everywhere, or all that are left."""
        for id, entry in list(self.open.items()):
            if entry.seen is None or not (all_over or (entry.lines and all(a.over for a in entry.attempts))):
                continue
            del self.open[id]
            self._settled.add(id)
            self.on_grant.pop(id, None)
            entry.stopping = self.stopping
            if self.stopping and entry.seen.kind in UNTAKEN and not entry.lines and not entry.attempts:
                entry.left_at = entry.left_at or entry.seen_at  # it came too late, or was not sent whole in time
            for rule, what in self._judge(entry):
                told = [f"{a.node}: {a.mood}, status {a.status}, {len(a.sent)} bytes" for a in entry.attempts]
                self.breaks(rule, what, id, [entry.ask, *told, *entry.lines])
            self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        assert entry.seen is not None
        left = "left, " if entry.left_at is not None else ""
        self.count("seen by clients", f"{left}{entry.seen.kind} {entry.seen.status or ''}".strip())
        self.count("in the log", str(entry.lines[0].get("outcome", "refused")) if entry.lines else "never read")
        for attempt in entry.attempts:
            self.count("at nodes", attempt.mood)
