"""A gateway on one screen: how it stands, what is wrong, its nodes, its keys, and who is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmlb.cli.help_format import wrapped
from llmlb.cli.status.paint import Line, Piece, Style, clipped, in_rows
from llmlb.cli.status.sections import Section, sections
from llmlb.cli.status.seen import Seen
from llmlb.cli.status.texts import say
from llmlb.gateway.overview import Overview
from llmlb.messages import Locale
from llmlb.web.durations import age, duration_text
from llmlb.web.notices import Level, Notice, notices

NARROWEST = 20
"""Columns of a terminal below which nothing is made to fit any more."""
_LEAST = 3
"""Lines that a table takes at least: an empty one, its heading, and a row."""
_STYLES: Mapping[Level, Style] = {"good": "good", "info": "bold", "warning": "warning", "error": "error"}


def screen(seen: Seen, wide: int, high: int | None, locale: Locale, note: str = "") -> list[Line]:
    """The lines, at most `high` of at most `wide` columns; without `high` nothing is left out. `note`: in the head."""
    wide = max(wide, NARROWEST)
    overview = seen.desk.overview
    lines = [*_head(seen, wide, locale, note), *_figures(overview, wide, locale)]
    for notice in notices(overview, locale):
        lines += _notice(notice, wide)
    for section, most in _room(sections(seen.desk, locale), None if high is None else high - len(lines)):
        lines += [(), *section.lines(most - 1, wide)]
    return lines if high is None else lines[: max(high, 0)]


def _room(tables: Sequence[Section], room: int | None) -> list[tuple[Section, int]]:
    """The tables there is room for, each with its lines, an empty one above it among them.

    A table without a row says nothing: then the keys go, and then the nodes, before those who wait.
    """
    nodes, keys, waiting = tables
    for chosen in ((nodes, keys, waiting), (nodes, waiting), (waiting,)):
        shown = [section for section in chosen if section.wanted]
        wanted = [section.wanted + 1 for section in shown]
        given = wanted if room is None else shared(wanted, room)
        if all(most >= min(want, _LEAST) for most, want in zip(given, wanted, strict=True)):
            return list(zip(shown, given, strict=True))
    return []


def shared(wanted: Sequence[int], room: int) -> list[int]:
    """How many lines each gets of the room: as many as it wants, or as many as any other that wants more."""
    given = [0] * len(wanted)
    for _ in range(room):
        short = [at for at, want in enumerate(wanted) if given[at] < want]
        if not short:
            break
        given[min(short, key=lambda at: given[at])] += 1
    return given


def _head(seen: Seen, wide: int, locale: Locale, note: str) -> list[Line]:
    parts: list[Line] = [
        (Piece(f"llmlb {seen.version}", "bold"),),
        (Piece(seen.url),),
        (Piece(say(locale, "up", time=age(seen.up, locale)), "dim"),),
    ]
    if note:
        parts.append((Piece(note, "dim"),))
    return in_rows(parts, wide)


def _figures(overview: Overview, wide: int, locale: Locale) -> list[Line]:
    """The totals of the page."""
    hour = overview.hour
    nodes = len(overview.nodes)
    on = say(locale, "of_node") if nodes == 1 else say(locale, "of_nodes", count=f"{nodes:,}")
    waiting: Style = "error" if overview.waiting >= overview.max_size else "bold"
    now = (
        _figure(locale, "waiting", f"{overview.waiting:,}", say(locale, "of", count=f"{overview.max_size:,}"), waiting),
        _figure(locale, "processing", f"{overview.processing:,}", on),
    )
    past = (
        (
            Piece(say(locale, "past_hour") + " ", "dim"),
            *_figure(locale, "avg_wait", duration_text(hour.avg_wait_time_ms / 1000, locale)),
        ),
        _figure(locale, "refused", f"{hour.rejected_count:,}"),
        _figure(locale, "timed_out", f"{hour.timeout_count:,}"),
    )
    return [*in_rows(now, wide), *in_rows(past, wide)]


def _figure(locale: Locale, key: str, figure: str, after: str = "", style: Style = "bold") -> Line:
    pieces = [Piece(say(locale, key) + " ", "dim"), Piece(figure, style)]
    return (*pieces, Piece(" " + after, "dim")) if after else tuple(pieces)


def _notice(notice: Notice, wide: int) -> list[Line]:
    """What is said, in colour; and what to do, behind it as far as there is room, else below."""
    style = _STYLES[notice.level]
    gap = "" if notice.title.endswith("。") else " " if notice.title.endswith(".") else " - "
    lines = wrapped(notice.title + gap + notice.advice, wide)
    first: Line = (Piece(lines[0], style),)
    if lines[0].startswith(notice.title):
        first = (Piece(notice.title, style), Piece(lines[0].removeprefix(notice.title)))
    return [clipped(line, wide) for line in (first, *((Piece(rest),) for rest in lines[1:]))]
