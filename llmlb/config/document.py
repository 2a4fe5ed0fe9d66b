"""A configuration file as TOML: plain values, and the line each of them stands on."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import attrs
import tomlkit
from tomlkit import exceptions as toml

from llmlb.config.positions import positions_of
from llmlb.config.problems import ConfigError, Path, Problem
from llmlb.config.shown import one_line

LARGEST = 1024 * 1024
"""Bytes of a file; a thousand nodes fit in a fifth of it."""


@attrs.frozen(kw_only=True)
class Document:
    """What a file says. `data` holds plain values and is the caller's own."""

    file: str = ""
    data: dict[str, Any] = attrs.field(factory=dict, repr=False)
    lines: Mapping[Path, int] = attrs.field(factory=dict, repr=False)
    digest: bytes = attrs.field(default=b"", repr=False, eq=False)
    """Of the file's bytes: the same for the same content, see `digest_of`. Empty without a file."""

    def line(self, path: Path) -> int | None:
        """The line of what is at `path`, or of the nearest thing around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def read_document(path: FilePath) -> Document:
    """The document in the file at `path`. Raises ConfigError with one problem."""
    return parse_document(read_bytes(path), str(path))


def parse_document(raw: bytes, file: str) -> Document:
    """The document in `raw`; `file` is its name in messages. Raises ConfigError with one problem."""
    try:
        text = raw.decode("utf-8-sig")  # some editors put a byte order mark first
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused("not_utf8", file, line=line, offset=error.start) from None
    try:
        data = tomlkit.parse(text).unwrap()
    except RecursionError:
        raise _refused("syntax_deep", file) from None
    except toml.ParseError as error:
        raise _syntax(error, text, file) from None
    except (toml.TOMLKitError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError):
        # tomlkit on texts that are almost TOML: tables out of order that do not fit together, dates out of range
        raise _broken(text, file, None) from None
    return Document(file=file, data=data, lines=positions_of(text).lines, digest=digest_of(raw))


def digest_of(raw: bytes) -> bytes:
    """By which two contents are told apart without keeping them: there are keys in them."""
    return hashlib.sha256(raw).digest()


def read_bytes(path: FilePath) -> bytes:
    """What is in the file at `path`. Raises ConfigError with one problem."""
    file = str(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise _refused("no_file", file) from None
    except IsADirectoryError:
        raise _refused("directory", file) from None
    except PermissionError:
        raise _refused("forbidden", file) from None
    except OSError as error:
        raise _refused("unreadable", file, cause=error.strerror or type(error).__name__) from None
    except ValueError:  # a null character in the path
        raise _refused("no_file", file) from None
    check_length(raw, file)
    return raw


def check_length(raw: bytes, file: str) -> None:
    """Raises ConfigError for what is too long to be read back from a file."""
    if len(raw) > LARGEST:
        raise _refused("too_long", file, limit=LARGEST)


def is_no_file(path: FilePath) -> bool:
    """Whether a pipe or a device is there: what comes out (`<(...)`) is gone once read, and no file may replace it."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _syntax(error: toml.ParseError, text: str, file: str) -> ConfigError:
    # The library's own messages quote the text, in which there are secrets, and come in one language only.
    at = _offset(error, text)
    match error:
        case toml.UnexpectedEofError():
            return _unfinished(text, file)
        case toml.EmptyKeyError() | toml.EmptyTableNameError():
            return _at(text, at, "syntax_key", file)
        case toml.InvalidNumberError() | toml.InvalidNumberOrDateError():
            return _at(text, at, "syntax_value", file)
        case toml.InvalidDateError() | toml.InvalidTimeError() | toml.InvalidDateTimeError():
            return _at(text, at, "syntax_value", file)
        case toml.UnexpectedCharError() | toml.InvalidCharInStringError():
            return _character(error, text, at, file)
        case toml.InvalidControlChar() if at < len(text):
            return _bad_character(text, at, file)
        case _ if "levels deep" in str(error):
            return _at(text, at, "syntax_deep", file)
        case _:
            return _broken(text, file, at)


def _character(error: toml.ParseError, text: str, at: int, file: str) -> ConfigError:
    if at >= len(text) or repr(text[at]) not in str(error):  # at the end tomlkit loses the place
        return _unfinished(text, file)
    if text[:at].rstrip(" \t").endswith("="):
        return _at(text, at, "syntax_value", file)
    return _bad_character(text, at, file)


def _bad_character(text: str, at: int, file: str) -> ConfigError:
    if text[at] in "\r\n":
        return _at(text, at, "syntax_line", file)
    return _at(text, at, "syntax_character", file, character=one_line(text[at]))


def _unfinished(text: str, file: str) -> ConfigError:
    return _refused("syntax_end", file, line=positions_of(text).begun)


def _offset(error: toml.ParseError, text: str) -> int:
    # tomlkit's lines also end at U+2028 and the like; an editor's do not
    before = text.splitlines(keepends=True)[: error.line - 1]
    return min(sum(map(len, before)) + error.col, len(text))


def _broken(text: str, file: str, at: int | None) -> ConfigError:
    twice = positions_of(text).twice
    if twice is not None:  # tomlkit reports it where the second table ends
        first, second = twice
        return _refused("syntax_twice", file, line=second, first=first)
    return _refused("syntax", file) if at is None else _at(text, at, "syntax", file)


def _at(text: str, at: int, reason: str, file: str, **values: Any) -> ConfigError:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return _refused(reason, file, line=line, column=column, **values)


def _refused(
    reason: str, file: str, *, line: int | None = None, column: int | None = None, **values: Any
) -> ConfigError:
    return ConfigError((Problem(reason=reason, file=file, line=line, column=column, values=values),))
