"""Where each key of a TOML text stands. tomlkit knows it while it parses, but does not tell.

The text has been parsed already, so this scan need not judge it: it only follows where keys and values begin.
Where it loses its way nonetheless it stops, and the rest goes without lines.
"""

from __future__ import annotations

import contextlib
import re

import attrs
import tomlkit
from tomlkit.exceptions import TOMLKitError

from llmlb.config.problems import Path

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"""(?:"{0,2})'
    r"|'''(?:[^']|'{1,2}(?!'))*'''(?:'{0,2})"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[^\s.=\[\]{}\"'#,]+")
_BARE_VALUE = re.compile(r"[^,\]}#\r\n]+")


@attrs.frozen
class Span:
    """Where a pair or an element of an array stands, as offsets in the text."""

    start: int
    """Of its key; of an element, of its value."""
    value: int
    end: int
    """Of its value; a comma or comment after it is not part of it."""


@attrs.frozen
class Section:
    """A header and the pairs under it. The pairs before the first header have none, and the path ()."""

    path: Path
    """Of the table; of one of several, with its index."""
    start: int
    head: int
    """The end of the header."""
    pairs: list[Path] = attrs.field(factory=list)
    """Those that stand on lines of their own, in their order."""


@attrs.frozen
class Positions:
    """Where things stand. Lines count from 1."""

    lines: dict[Path, int]
    """Of every table, key and array element."""
    twice: tuple[int, int] | None
    """The lines of the first key or table that is given twice, which TOML forbids."""
    begun: int
    """Of the last key or header that was come to."""
    spans: dict[Path, Span]
    """Of every pair and array element."""
    sections: list[Section]
    """In their order, whatever is before the first header included."""


def positions_of(text: str) -> Positions:
    """The lines in `text`; of one that is not quite TOML, as far as it can be followed."""
    scan = _Scan(text)
    with contextlib.suppress(_Lost, RecursionError):
        scan.document()
    return Positions(scan.lines, scan.twice, scan.begun, scan.spans, scan.sections)


class _Lost(Exception):
    """The text is not what the scan expects."""


class _Scan:
    def __init__(self, text: str) -> None:
        self.lines: dict[Path, int] = {}
        self.twice: tuple[int, int] | None = None
        self.begun = 1
        self.spans: dict[Path, Span] = {}
        self.sections = [Section((), 0, 0)]
        self._given: dict[Path, int] = {}
        """Keys with a value, tables with a header of their own: what cannot come again."""
        self._text = text
        self._at = 0
        self._line = 1
        self._counts: dict[Path, int] = {}
        """How many `[[tables]]` of each name there were so far."""

    def document(self) -> None:
        inside: Path = ()
        while self._skip():
            self.begun = self._line
            start = self._at
            if self._take("[["):
                inside = self._header(several=True)
                self._expect("]]")
            elif self._take("["):
                inside = self._header(several=False)
                self._expect("]")
            else:
                self.sections[-1].pairs.append(self._pair(inside))
                continue
            self.sections.append(Section(inside, start, self._at))

    def _header(self, *, several: bool) -> Path:
        line = self._line
        parts = self._key()
        path: Path = ()
        for part in parts[:-1]:
            path = self._last((*path, part))
            self.lines.setdefault(path, line)
        path = (*path, parts[-1])
        if several:
            index = self._counts.get(path, 0)
            if index == 0:
                self._give(path, line)
            self._counts[path] = index + 1
            self.lines.setdefault(path, line)
            path = (*path, index)
        else:
            path = self._last(path)
        self._give(path, line)
        self.lines[path] = line
        return path

    def _last(self, path: Path) -> Path:
        """A table of which there are several means its last one."""
        count = self._counts.get(path)
        return path if count is None else (*path, count - 1)

    def _pair(self, inside: Path) -> Path:
        line, start = self._line, self._at
        *around, last = self._key()
        for part in around:
            inside = (*inside, part)
            self.lines.setdefault(inside, line)
            self._given.setdefault(inside, line)
        inside = (*inside, last)
        self.lines.setdefault(inside, line)
        self._give(inside, line)
        self._expect("=")
        self._skip()
        value = self._at
        self._value(inside)
        self.spans[inside] = Span(start, value, self._at)
        return inside

    def _give(self, path: Path, line: int) -> None:
        if path in self._given:
            self.twice = self.twice or (self._given[path], line)
        else:
            self._given[path] = line

    def _value(self, path: Path) -> None:
        if self._take("["):
            index = 0
            while self._skip() and not self._take("]"):
                self.lines[(*path, index)] = self._line
                start = self._at
                self._value((*path, index))
                self.spans[(*path, index)] = Span(start, start, self._at)
                index += 1
                self._skip()
                self._take(",")
        elif self._take("{"):
            while self._skip() and not self._take("}"):
                self._pair(path)
                self._skip()
                self._take(",")
        elif not self._match(_STRING):
            bare = self._match(_BARE_VALUE)
            if not bare:
                raise _Lost
            self._at -= len(bare) - len(bare.rstrip(" \t"))

    def _key(self) -> list[str]:
        parts: list[str] = []
        while not parts or self._take("."):
            self._skip()
            quoted = self._match(_STRING)
            parts.append(_unquoted(quoted) if quoted else self._match(_BARE_KEY))
            if not (quoted or parts[-1]):
                raise _Lost
            self._skip()
        return parts

    def _skip(self) -> bool:
        """Pass blanks, line ends and comments. Is there anything after them?"""
        self._match(_BLANK)
        return self._at < len(self._text)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        self._line += found[0].count("\n")
        return found[0]

    def _take(self, mark: str) -> bool:
        if not self._text.startswith(mark, self._at):
            return False
        self._at += len(mark)
        return True

    def _expect(self, mark: str) -> None:
        self._skip()
        if not self._take(mark):
            raise _Lost


def _unquoted(quoted: str) -> str:
    if quoted.startswith("'"):
        return quoted[1:-1]
    if "\\" not in quoted:
        return quoted[1:-1]
    try:
        return str(tomlkit.value(quoted))
    except (TOMLKitError, ValueError):
        raise _Lost from None
