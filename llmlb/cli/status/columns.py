"""Columns that fit into the width of a terminal: long ones give way first, then the less important ones go."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from llmlb.cli.status.paint import Line, Piece, Style
from llmlb.simulate.table import cut, width

GAP = 2
"""Spaces between two columns."""
ROOMY = 24
"""Columns of the terminal beyond which a text gives way first: one long name is no reason to cut all the others."""


@attrs.frozen
class Column:
    """A heading and what stands under it."""

    head: str
    cells: tuple[Piece, ...]
    right: bool = False
    """Whether its texts end at the same place: for figures."""
    least: int | None = None
    """Columns of the terminal that it may be cut down to; None: it is never cut."""
    goes: int = 0
    """The higher, the earlier it is left out where there is no room; 0: never."""

    @property
    def wide(self) -> int:
        """Columns of the terminal that all of it takes."""
        return max(width(self.head), *(width(cell.text) for cell in self.cells), 0)


def column(
    head: str,
    texts: Sequence[str],
    styles: Sequence[Style] | None = None,
    *,
    right: bool = False,
    least: int | None = None,
    goes: int = 0,
) -> Column:
    """A column of these texts, each in its style."""
    plain: list[Style] = ["plain"] * len(texts)
    cells = zip(texts, styles or plain, strict=True)
    return Column(head, tuple(Piece(text, style) for text, style in cells), right, least, goes)


def lines_of(columns: Sequence[Column], most: int) -> list[Line]:
    """The heading and the rows, in at most so many columns of the terminal as far as that is possible.

    Columns without anything in them are left out.
    """
    shown = [one for one in columns if any(cell.text for cell in one.cells)]
    while len(shown) > 1 and _least(shown) > most and (first := max(shown, key=lambda one: one.goes)).goes:
        shown.remove(first)
    wides = _widths(shown, most)
    heads = tuple(Piece(one.head, "dim") for one in shown)
    rows = [heads, *zip(*(one.cells for one in shown), strict=True)]
    return [_line(row, shown, wides) for row in rows]


def _least(columns: Sequence[Column]) -> int:
    return sum(_shortest(one) for one in columns) + GAP * (len(columns) - 1)


def _shortest(one: Column) -> int:
    return one.wide if one.least is None else min(one.wide, max(one.least, width(one.head)))


def _widths(columns: Sequence[Column], most: int) -> list[int]:
    """How wide each becomes: the very wide are cut first, then the less important, and of those alike the widest."""
    wides, shortest = [one.wide for one in columns], [_shortest(one) for one in columns]
    over = sum(wides) + GAP * (len(columns) - 1) - most
    while over > 0:
        can = [at for at in range(len(columns)) if wides[at] > shortest[at]]
        if not can:
            break
        wides[max(can, key=lambda at: (max(wides[at], ROOMY), columns[at].goes, wides[at]))] -= 1
        over -= 1
    return wides


def _line(row: Sequence[Piece], columns: Sequence[Column], wides: Sequence[int]) -> Line:
    line: list[Piece] = []
    end = 0
    for at, (cell, one, wide) in enumerate(zip(row, columns, wides, strict=True)):
        text = cut(cell.text, wide)
        space = " " * (wide - width(text))
        gap = " " * GAP if at else ""
        if one.right:
            line += [Piece(gap + space), Piece(text, cell.style)]
        else:
            line += [Piece(gap), Piece(text, cell.style), Piece(space)]
        if text:
            end = len(line) - (not one.right)  # no spaces after the last text
    return tuple(piece for piece in line[:end] if piece.text)
