"""How values and names from a configuration are shown in messages: short, on one line, without secrets."""

from __future__ import annotations

import json
import re
from typing import Any

MASK = "***"

_LONGEST = 80
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}\Z")
_CREDENTIALS = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*://)?.*@", re.DOTALL)
_QUERY = re.compile(r"[?#].*", re.DOTALL)


def shown(value: Any, *, secret: bool = False) -> str:
    """`value` as it would stand in the file. What is inside an array or a table is left out.

    A text may be a URL put in the wrong place, so what looks like its credentials or query is masked anywhere.
    """
    if secret:
        return MASK
    if isinstance(value, str):
        masked = _QUERY.sub("?" + MASK, _CREDENTIALS.sub(rf"\g<1>{MASK}@", str(value)))
        return one_line(masked)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() < 128 else hex(value)[:20] + "…"  # str() refuses huge ones
    if isinstance(value, dict):
        return "{…}" if value else "{}"
    if isinstance(value, list | tuple):
        return "[…]" if value else "[]"
    return str(value)


def shown_key(name: str) -> str:
    """A key as it would stand in the file: bare, or quoted where it has to be."""
    return name if _BARE_KEY.match(name) else one_line(name)


def one_line(text: str) -> str:
    """`text` in quotes, cut when long; nothing in it can end the line or move the cursor."""
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    quoted = json.dumps(cut, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\u{ord(char):04X}" for char in quoted)
