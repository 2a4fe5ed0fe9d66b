"""Changes to the text of a configuration file: what is not changed stays as it is, to the byte.

The text is cut and filled in where the change is, in the form its author chose: `[[tables]]` or `[{...}, {...}]`. What
comes out is parsed again, and must say what was meant.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import attrs
import tomlkit

from llmlb.config.document import parse_document
from llmlb.config.positions import Positions, Section, Span, positions_of
from llmlb.config.problems import ConfigError, Path

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")
_COMMENT = re.compile(r"[ \t]*#")
_BLANK_END = re.compile(r"\r?\n[ \t\r\n]*\Z")
_COMMA = re.compile(r"[ \t]*,[ \t]*")


class CannotEdit(Exception):
    """The file has what is to be changed in a form that only its author can change."""


@attrs.frozen
class Draft:
    """The text of a file, and what it says. Each change gives a new draft, or raises CannotEdit."""

    text: str
    data: dict[str, Any] = attrs.field(repr=False)

    @classmethod
    def of(cls, text: str, file: str = "") -> Draft:
        """A draft of this text; `file` is its name in messages. Raises ConfigError when it is no TOML."""
        return cls(text, parse_document(text.encode(), file).data)

    def add(self, table: str, entry: Mapping[str, Any]) -> Draft:
        """One more entry in a table that is given any number of times, after those there are."""
        data = copy.deepcopy(self.data)
        entries = data.setdefault(table, [])
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise CannotEdit
        entries.append(copy.deepcopy(dict(entry)))
        inline = self._positions.spans.get((table,))
        text = self._with_block(table, entry) if inline is None else self._with_element(table, inline, entry)
        return self._checked(text, data)

    def remove(self, table: str, index: int) -> Draft:
        """Without an entry. Comments inside it go with it, and those directly above it unless it is the first."""
        data = copy.deepcopy(self.data)
        del data[table][index]
        element = self._positions.spans.get((table, index))
        if element is not None:
            text = self._without_element((table,), index, element)
        else:
            text = self._without_block(table, index)
            if not data[table]:
                del data[table]
        return self._checked(text, data)

    def set(self, at: Path, key: str, value: Any) -> Draft:
        """With this value for a key of a table or an entry, such as `("queue",)` or `("nodes", 0)`.

        A table that is not there is added at the end.
        """
        return self.set_all([(at, key, value)])

    def set_all(self, settings: Iterable[tuple[Path, str, Any]]) -> Draft:
        """With each of these values, as by `set`. What comes out is parsed once, which takes longest."""
        data, draft = copy.deepcopy(self.data), self
        for at, key, value in settings:
            if len(at) == 1:
                data.setdefault(str(at[0]), {})
            _inside(data, at)[key] = value
            draft = Draft(draft._text_with(at, key, value), data)
        return self._checked(draft.text, data)

    def unset(self, at: Path, key: str) -> Draft:
        """Without a key of a table or an entry; and without the table's header, where nothing else is said there."""
        data = copy.deepcopy(self.data)
        del _inside(data, at)[key]
        span = self._positions.spans.get((*at, key))
        if span is None:
            raise CannotEdit
        if at in self._positions.spans:
            return self._checked(self._without_inline(span, self._siblings(at, key)), data)
        section = self._section(at)
        start, end = self._line_start(span.start), self._line_end(span.end)
        if _inside(data, at) or len(at) > 1 or (section is not None and not self._is_only_for(section, span)):
            return self._checked(self._cut(start, end, ""), data)
        del data[str(at[0])]  # it was all there was of the table
        text = self._cut(start, end, "") if section is None else self._without_lines(section.start, end)
        return self._checked(text, data)

    @cached_property
    def _positions(self) -> Positions:
        return positions_of(self.text)

    def _checked(self, text: str, data: dict[str, Any]) -> Draft:
        try:
            now = parse_document(text.encode(), "").data
        except ConfigError:
            raise CannotEdit from None
        if now != data:
            raise CannotEdit
        return Draft(text, data)

    def _text_with(self, at: Path, key: str, value: Any) -> str:
        places = self._positions
        given = places.spans.get((*at, key))
        if given is not None:
            return self._cut(given.value, given.end, written(value))
        pair = f"{written_key(key)} = {written(value)}"
        pairs = [span for path, span in places.spans.items() if path[:-1] == at]
        if at in places.spans:
            if not pairs:
                return self._cut(places.spans[at].value, places.spans[at].end, f"{{{pair}}}")
            end = max(span.end for span in pairs)
            return self._cut(end, end, f", {pair}")
        section = self._section(at)
        if section is None:
            return self._with_pair_of_new_table(str(at[0]), key, value, pairs)
        last = places.spans[section.pairs[-1]] if section.pairs else None
        line = self._line_end(last.end if last else section.head)
        indent = self._indent(last.start if last else section.start)
        return self._line_put(line, indent + pair)

    # [[tables]]

    def _with_block(self, table: str, entry: Mapping[str, Any], header: str = "[[{}]]") -> str:
        lines = [header.format(table), *(f"{written_key(key)} = {written(value)}" for key, value in entry.items())]
        block = "".join(line + self._newline for line in lines)
        mine = [section for section in self._positions.sections if section.path[:1] == (table,)]
        at = self._extent(mine[-1]) if mine else len(self.text)
        before, after = self.text[:at], self.text[at:]
        if before and not before.endswith("\n"):
            before += self._newline
        if before and not _ends_blank(before):
            before += self._newline
        if after and not _begins_blank(after):
            block += self._newline
        return before + block + after

    def _without_block(self, table: str, index: int) -> str:
        without = self
        sections = [one for one in self._positions.sections if one.path[:2] == (table, index)]
        if not sections:
            raise CannotEdit
        for section in reversed(sections):
            start, end = self._line_start(section.start), self._extent(section)
            if section.path == (table, index) and index > 0:
                start = self._own_comment(start)
            without = Draft(without._without_lines(start, end), {})
        return without.text

    def _with_pair_of_new_table(self, table: str, key: str, value: Any, dotted: list[Span]) -> str:
        """With the first pair under a header; or, where the table is written as `table.key`, with one more of those."""
        if not dotted:
            return self._with_block(table, {key: value}, "[{}]")
        last = max(dotted, key=lambda span: span.end)
        line = f"{self._indent(last.start)}{written_key(table)}.{written_key(key)} = {written(value)}"
        return self._line_put(self._line_end(last.end), line)

    def _section(self, path: Path) -> Section | None:
        return next((section for section in self._positions.sections if section.path == path), None)

    def _extent(self, section: Section) -> int:
        """Where what belongs to a section ends: its last pair, and the comments directly under that."""
        last = self._positions.spans[section.pairs[-1]].end if section.pairs else section.head
        end = after = self._line_end(last)
        while _COMMENT.match(self.text, after):
            after = self._line_end(after)
        # Comments that lead straight to the next header are about that.
        return after if _begins_blank(self.text[after:]) or after == len(self.text) else end

    def _own_comment(self, start: int) -> int:
        """Where the comment directly above a header begins; `start` if there is none."""
        while start:
            above = self.text.rfind("\n", 0, start - 1) + 1
            if not _COMMENT.match(self.text, above):
                break
            start = above
        return start

    def _is_only_for(self, section: Section, pair: Span) -> bool:
        """Whether nothing stands in a section, or directly above it, but this pair: no other, and no comment."""
        after = [other.start for other in self._positions.sections if other.start > section.start]
        end = self._own_comment(self._line_start(after[0])) if after else len(self.text)
        rest = self.text[section.head : self._line_start(pair.start)] + self.text[self._line_end(pair.end) : end]
        start = self._line_start(section.start)
        return self._own_comment(start) == start and not rest.strip()

    # [{...}, {...}]

    def _with_element(self, table: str, array: Span, entry: Mapping[str, Any]) -> str:
        element = written(entry)
        count = len(self.data[table])
        if not count:
            return self._cut(array.value + 1, array.value + 1, element)
        last = self._positions.spans[(table, count - 1)]
        indent = self.text[self._line_start(last.start) : last.start]
        if indent.strip() or "\n" not in self.text[last.end : array.end]:
            return self._cut(last.end, last.end, f", {element}")
        comma = _COMMA.match(self.text, last.end)
        text = self.text if comma else self._cut(last.end, last.end, ",")
        at = text.index("\n", last.end) + 1
        return text[:at] + indent + element + "," + self._newline + text[at:]

    def _without_element(self, array: Path, index: int, element: Span) -> str:
        start = self._line_start(element.start)
        rest = self.text[element.end : self._line_end(element.end)]
        if not self.text[start : element.start].strip() and re.match(r"[ \t]*,?[ \t]*(#.*)?\r?\n\Z", rest):
            return self._cut(start, self._line_end(element.end), "")
        spans = self._positions.spans
        others = [spans[(*array, n)] for n in range(len(self.data[str(array[0])])) if n != index]
        return self._without_inline(element, others)

    def _without_inline(self, span: Span, others: list[Span]) -> str:
        """Without one of several things between commas."""
        after = [other.start for other in others if other.start > span.start]
        before = [other.end for other in others if other.start < span.start]
        if after:
            return self._cut(span.start, min(after), "")
        if before:
            return self._cut(max(before), span.end, "")
        comma = _COMMA.match(self.text, span.end)
        return self._cut(span.start, comma.end() if comma else span.end, "")

    def _siblings(self, inside: Path, key: str) -> list[Span]:
        return [
            span for path, span in self._positions.spans.items()
            if path[:-1] == inside and path[-1] != key
        ]  # fmt: skip

    # Lines

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def _cut(self, start: int, end: int, put: str) -> str:
        return self.text[:start] + put + self.text[end:]

    def _line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        """Behind the line end after `at`, or the end of the text."""
        return (self.text.find("\n", at) + 1) or len(self.text)

    def _without_lines(self, start: int, end: int) -> str:
        """Without the lines from `start` to `end`, and without the blank ones that parted them from others."""
        before, after = self.text[: self._line_start(start)], self.text[end:]
        if _ends_blank(before):
            after = _without_blank_lines(after)
        if not after:
            before = _BLANK_END.sub(self._newline, before) if before.strip() else ""
        return before + after

    def _indent(self, at: int) -> str:
        before = self.text[self._line_start(at) : at]
        return before if not before.strip() else ""

    def _line_put(self, at: int, line: str) -> str:
        before = self.text[:at]
        if before and not before.endswith("\n"):
            return before + self._newline + line
        return before + line + self._newline + self.text[at:]


def written(value: Any) -> str:
    """A value as it stands in a file."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{written_key(str(key))} = {written(inner)}" for key, inner in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(written, value)) + "]"
    return str(tomlkit.item(value).as_string())


def written_key(key: str) -> str:
    """A key as it stands in a file: bare, or in quotes where it has to be."""
    return key if _BARE_KEY.match(key) else tomlkit.string(key).as_string()


def _inside(data: dict[str, Any], at: Path) -> dict[str, Any]:
    """The table at this path. Raises CannotEdit when something else is there."""
    found: Any = data
    for part in at:
        found = found[part]
    if not isinstance(found, dict):
        raise CannotEdit
    return found


def _begins_blank(text: str) -> bool:
    return not text.partition("\n")[0].strip()


def _ends_blank(text: str) -> bool:
    """Whether the text ends with a blank line, or has nothing before its end."""
    return not text.removesuffix("\n").rpartition("\n")[2].strip()


def _without_blank_lines(text: str) -> str:
    kept = text.lstrip(" \t\r\n")
    return text[text.rfind("\n", 0, len(text) - len(kept)) + 1 :] if kept else ""
