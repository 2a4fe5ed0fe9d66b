"""Bars of text, for what is seen faster than read."""

from __future__ import annotations

WIDE = 16
"""Columns of the terminal that the whole takes."""
_FULL, _HALF, _MARK = "━", "╸", "│"


def bar(part: float, mark: float) -> str:
    """A bar as long as `part` of the whole, with a stroke where `mark` would end it; both from 0 to 1."""
    full, half = divmod(round(min(max(part, 0.0), 1.0) * WIDE * 2), 2)
    drawn = _FULL * full + _HALF * half
    if mark <= 0:
        return drawn
    at = min(round(mark * WIDE), WIDE - 1)
    return drawn[:at].ljust(at) + _MARK + drawn[at + 1 :]
