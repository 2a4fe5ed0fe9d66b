"""What was probably meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most alike of `known`, or None when nothing is much alike. `-` counts as `_`, and case does not."""
    wanted = name[:64].lower().replace("-", "_")
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(wanted, by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None
