"""A workload from the log that llmlb itself keeps: its request lines say what came, whose it was and what it took."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import attrs

from llmlb.config.rules import Number, Rule, Unfit, Whole
from llmlb.simulate.flaws import Flaw, InputError
from llmlb.simulate.job import Job
from llmlb.simulate.reading import read_text
from llmlb.simulate.trace import MOST_FLAWS, Recorded, check_span, from_zero
from llmlb.simulate.workload import Arrival
from llmlb.telemetry.record import Outcome

NOBODY = "-"
"""The name in the log of requests without a key."""
_SECS = Number(0, 1e6)
_COUNT = Whole(0, 10**12)
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)


@attrs.frozen
class _Line:
    at: float
    key: str
    model: str
    wait: float
    service: float | None
    size: int
    tokens: int | None
    cancelled: bool


def read_history(path: Path, seed: int) -> Recorded:
    """The requests in a JSON log. Raises InputError with everything that is wrong.

    A request came its service and its wait before its line. One that no node served takes what a drawn one of the
    same key and model took, else of the model, else any; one that hung up while it waited is as impatient again.
    """
    file = str(path)
    lines: list[_Line] = []
    flaws: list[Flaw] = []
    skipped = 0
    for number, text in enumerate(read_text(path, torn=True).split("\n"), 1):
        event = _event(text)
        if event is None:
            skipped += bool(text.strip())
        elif (found := _line(event, file, number, flaws)) is not None:
            lines.append(found)
        if len(flaws) >= MOST_FLAWS:
            break
    if not flaws and not lines:
        flaws = [Flaw(reason="no_requests", where=file)]
    if not flaws and all(line.service is None for line in lines):
        flaws = [Flaw(reason="no_services", where=file)]
    if flaws:
        raise InputError(flaws)
    check_span([line.at for line in lines], file)
    return Recorded(from_zero(_arrivals(lines, seed)), skipped=skipped)


def _event(text: str) -> dict[str, Any] | None:
    """The request line that this is; None if it is none."""
    if '"request"' not in text:
        return None
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and event.get("event") == "request" else None


def _line(event: Mapping[str, Any], file: str, number: int, flaws: list[Flaw]) -> _Line | None:
    before = len(flaws)

    def wrong(name: str, reason: str, allowed: Rule | None = None) -> None:
        given = json.dumps(event.get(name), ensure_ascii=False)
        flaws.append(Flaw(reason=reason, where=file, line=number, name=name, given=given, rule=allowed))

    def counted(name: str, rule: Rule) -> Any:
        value = event.get(name)
        if value is None and name != "wait":
            return None
        try:
            return rule.check(value)
        except Unfit:
            wrong(name, "unfit", rule)
            return None

    at = _time(event.get("time"))
    if at is None:
        wrong("time", "not_a_time")
    wait, service = counted("wait", _SECS), counted("service", _SECS)
    size, tokens = counted("size", _COUNT), counted("tokens", _COUNT)
    for name in ("key", "model"):
        if not isinstance(event.get(name), str):
            wrong(name, "not_a_text")
    outcome = event.get("outcome")
    if outcome not in _OUTCOMES:
        wrong("outcome", "not_an_outcome")
    if len(flaws) > before or at is None or wait is None:
        return None
    key = "" if event["key"] == NOBODY else event["key"]
    cancelled = outcome == Outcome.CANCELLED.value
    return _Line(at - wait - (service or 0.0), key, event["model"], wait, service, size or 0, tokens, cancelled)


def _time(given: object) -> float | None:
    try:
        time = datetime.fromisoformat(str(given))
        return (time if time.tzinfo is not None else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _arrivals(lines: list[_Line], seed: int) -> list[Arrival]:
    random = Random(f"{seed}/history")
    taken: dict[tuple[str, ...], list[_Line]] = defaultdict(list)
    for line in lines:
        if line.service is not None:
            for alike in ((line.key, line.model), (line.model,), ()):
                taken[alike].append(line)
    arrivals = []
    for line in lines:
        like, patience = line, None
        if line.service is None:
            alike = next(alike for alike in ((line.key, line.model), (line.model,), ()) if alike in taken)
            like = random.choice(taken[alike])
            patience = line.wait if line.cancelled else None
        assert like.service is not None
        job = Job(line.key, line.model, like.service, line.size or like.size, like.tokens, patience)
        arrivals.append(Arrival(line.at, job))
    return arrivals
