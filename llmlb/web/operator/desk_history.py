"""The past hour of a node as a band: one column each half minute, in it the states it was in, stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter

from llmlb.messages import Locale
from llmlb.web.operator.desk_figures import percent
from llmlb.web.operator.desk_texts import desk_text
from llmlb.web.page_texts import page_text

STACK = ("busy", "idle", "draining", "pending", "loading", "resting", "offline")
"""Every state of a node, in the order in which they are stacked from below."""
HEIGHT = 10
"""Of the band, in parts: a state that has less than half a part of a column is not drawn in it."""

_Piece = tuple[int, int, int]
"""Of a column: the place of a state in `STACK`, from which height to which."""
_PLACE = {state: place for place, state in enumerate(STACK)}
_WHOLE = {state: ((place, 0, HEIGHT),) for state, place in _PLACE.items()}


def bands(columns: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """For each state of `STACK` the data of an SVG path, in columns of width 1 and height `HEIGHT`; may be empty.

    Parts are whole, and columns that are alike are drawn as one: most nodes are in one state most of the time.
    """
    paths: list[list[str]] = [[] for _ in STACK]
    begun: dict[_Piece, int] = {}
    for x, column in enumerate((*columns, {})):
        pieces = _pieces(column)
        for piece, left in [*begun.items()]:
            if piece not in pieces:
                state, low, high = piece
                paths[state].append(f"M{left} {HEIGHT - high}h{x - left}v{high - low}H{left}z")
                del begun[piece]
        for piece in pieces:
            begun.setdefault(piece, x)
    return tuple(map("".join, paths))


def _pieces(column: Mapping[str, float]) -> tuple[_Piece, ...]:
    """What is drawn of a column."""
    if len(column) == 1:
        (only,) = column
        return _WHOLE[only]
    below, low = 0.0, 0
    pieces = []
    for state in sorted(column, key=_PLACE.__getitem__):
        below += column[state]
        high = min(HEIGHT, round(below * HEIGHT))
        if high > low:
            pieces.append((_PLACE[state], low, high))
            low = high
    return tuple(pieces)


def summary(columns: Sequence[Mapping[str, float]], locale: Locale) -> str:
    """The parts of the time it was looked at that it spent in each state, most first, in one line."""
    looked = [column for column in columns if column]
    if not looked:
        return desk_text(locale, "history_none")
    spent = dict.fromkeys(STACK, 0.0)
    for column in looked:
        for state, part in column.items():
            spent[state] += part
    whole = sum(spent.values())
    parts = [
        desk_text(
            locale, "history_share", label=page_text(locale, f"state_{state}"), percent=percent(part / whole, locale)
        )
        for state, part in sorted(spent.items(), key=itemgetter(1), reverse=True)
        if part > 0
    ]
    return desk_text(locale, "list_separator").join(parts)
