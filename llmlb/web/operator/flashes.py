"""What came of a form, told once on the page that comes next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from weakref import WeakKeyDictionary

import attrs
from aiohttp import web

from llmlb.telemetry.lines import printable
from llmlb.web.notices import Level
from llmlb.web.operator.sessions import Session

MOST_LINES = 20
LONGEST_LINE = 300


def _shown(lines: Iterable[str]) -> tuple[str, ...]:
    """The lines, as many and as long as somebody reads."""
    cut = [printable(line) for line in islice(lines, MOST_LINES + 1)]
    return tuple(
        "…" if number == MOST_LINES else line if len(line) <= LONGEST_LINE else line[:LONGEST_LINE] + "…"
        for number, line in enumerate(cut)
    )


@attrs.frozen(kw_only=True)
class Flash:
    """A message. Its lines may hold names from strangers."""

    level: Level
    title: str
    advice: str = ""
    lines: tuple[str, ...] = attrs.field(default=(), converter=_shown)


Flashes = WeakKeyDictionary[Session, Flash]
"""Kept here and not in the address, where anybody could put one."""
FLASHES: web.AppKey[Flashes] = web.AppKey("operator_flashes")


def say_next(request: web.Request, session: Session, flash: Flash) -> None:
    """Have it told on the next page of this session."""
    request.app[FLASHES][session] = flash


def to_say(request: web.Request, session: Session | None) -> Flash | None:
    """What is to be told on this page, and on no other."""
    return request.app[FLASHES].pop(session, None) if session is not None and FLASHES in request.app else None
