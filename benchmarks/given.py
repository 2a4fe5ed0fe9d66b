"""What may be given for an option of a measurement: checked before it begins, not after its last minute."""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path


def count(text: str) -> int:
    """A whole number from 1. Raises ArgumentTypeError."""
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not int(text):
        raise ArgumentTypeError(f"{text!r}: must be a whole number from 1")
    return int(text)


def seconds(text: str) -> float:
    """A time that is more than none. Raises ArgumentTypeError."""
    try:
        given = float(text)
    except ValueError:
        given = 0.0
    if not 0 < given < 1e9:  # refuses nan as well
        raise ArgumentTypeError(f"{text!r}: must be a number of seconds above 0")
    return given


def new_file(text: str) -> Path:
    """A file that can be written, as far as can be told. Raises ArgumentTypeError."""
    path = Path(text)
    if path.is_dir() or not path.parent.is_dir():
        raise ArgumentTypeError(f"{text!r}: must be the path of a file in a directory that exists")
    return path
