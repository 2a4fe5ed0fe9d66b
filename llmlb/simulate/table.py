"""Tables of plain text that line up, full-width characters included."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, east_asian_width

from llmlb.config.shown import one_line


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    """None for what is drawn over the character before it: accents, vowels of Thai, the rest of a Hangul syllable."""
    if category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff":
        return 0
    return 2 if east_asian_width(char) in "WF" else 1


def cut(text: str, most: int) -> str:
    """The text on one line, in at most so many columns; what is left out is marked by an ellipsis."""
    if not text.isprintable():
        text = one_line(text)
    if width(text) <= most:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > most - 1:
            break
        kept += char
    return kept + "…"


def table(header: Sequence[str], rows: Sequence[Sequence[str] | None], left: int = 1) -> str:
    """The rows under a header, columns two spaces apart. None stands for an empty line.

    The first `left` columns start at the left, the others end at the right.
    """
    lines = [header, *rows]
    columns = [max(width(line[at]) for line in lines if line is not None) for at in range(len(header))]
    return "\n".join("" if line is None else _line(line, columns, left) for line in lines)


def _line(cells: Sequence[str], columns: Sequence[int], left: int) -> str:
    padded = []
    for at, (cell, wide) in enumerate(zip(cells, columns, strict=True)):
        space = " " * (wide - width(cell))
        padded.append(cell + space if at < left else space + cell)
    return "  ".join(padded).rstrip()
