"""Lines of a screen: pieces of text, each in one style, that become colours where there are any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import attrs

from llmlb.simulate.table import cut, width

Style = Literal["plain", "bold", "dim", "good", "warning", "error"]

_CODES: dict[Style, str] = {"bold": "1", "dim": "2", "good": "32", "warning": "33", "error": "31"}
_END = "\x1b[0m"


@attrs.frozen
class Piece:
    """Some text in one style. What comes from strangers has been through `cut` before."""

    text: str
    style: Style = "plain"


Line = tuple[Piece, ...]
"""From left to right, without a line end."""


def painted(line: Line, *, colors: bool) -> str:
    """The line as it is written."""
    return "".join(
        f"\x1b[{_CODES[piece.style]}m{piece.text}{_END}" if colors and piece.style in _CODES else piece.text
        for piece in line
    )


def clipped(line: Line, most: int) -> Line:
    """The line in at most so many columns."""
    kept: list[Piece] = []
    for piece in line:
        room = most - sum(width(each.text) for each in kept)
        if width(piece.text) > room:
            if room > 0:
                kept.append(attrs.evolve(piece, text=cut(piece.text, room)))
            break
        kept.append(piece)
    return tuple(kept)


def in_rows(parts: Iterable[Line], most: int, gap: str = "   ") -> list[Line]:
    """The parts beside each other, in as many lines of at most so many columns as it takes."""
    lines: list[list[Piece]] = []
    used = 0
    for part in parts:
        wide = sum(width(piece.text) for piece in part)
        if lines and used + len(gap) + wide <= most:
            lines[-1] += [Piece(gap), *part]
            used += len(gap) + wide
        else:
            lines.append(list(part))
            used = wide
    return [clipped(tuple(line), most) for line in lines]
