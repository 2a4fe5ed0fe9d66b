"""The text of a file, or what is wrong with the file."""

from __future__ import annotations

from pathlib import Path

from llmlb.simulate.flaws import Flaw, InputError

LARGEST = 2**30
"""Bytes of a file at most: three million requests of a log. What never ends must not be read to the end."""


def read_text(path: Path, *, torn: bool = False) -> str:
    """What the file says. Raises InputError. `torn`: what is no UTF-8 may stand in it, and is replaced."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a null character in the path
        raise InputError([Flaw(reason="no_file", where=file)]) from None
    except IsADirectoryError:
        raise InputError([Flaw(reason="directory", where=file)]) from None
    except PermissionError:
        raise InputError([Flaw(reason="forbidden", where=file)]) from None
    except OSError as error:
        cause = error.strerror or type(error).__name__
        raise InputError([Flaw(reason="unreadable", where=file, values={"cause": cause})]) from None
    if len(raw) > LARGEST:
        raise InputError([Flaw(reason="too_large", where=file, values={"limit": LARGEST})])
    try:
        return raw.decode("utf-8-sig", "replace" if torn else "strict")  # spreadsheets put a byte order mark first
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError([Flaw(reason="not_utf8", where=file, line=line, values={"offset": error.start})]) from None
