"""Lines of keys: in texts whose lines are known, because the test wrote them."""

from __future__ import annotations

from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from llmlb.config.positions import positions_of

TRICKY = [
    "1", "-0.5", "true", "inf", "1979-05-27 07:32:00", "0xff",
    '"plain"', '"# no comment"', r'"a \" b = ["', "'C:\\'", "''", '""',
    '"""one line"""', '"""\ntwo\nlines # ="""', '"""ends in two quotes"""""', '"""a \\\n   b"""',
    "'''\n[[not]]\na = 1'''", "'''ends in one''''",
]  # fmt: skip


class Writer:
    """Writes TOML and notes the line of everything it writes."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.text = ""
        self.lines: dict[tuple[str | int, ...], int] = {}
        self._names = 0

    @property
    def line(self) -> int:
        return self.text.count("\n") + 1

    def blank(self, *, lines: bool = False) -> None:
        choices = ["", " ", "\t"] + (["\n", " # ] } \" '''\n", "\r\n\n"] if lines else [])
        self.text += self.draw(st.sampled_from(choices))

    def name(self) -> tuple[str, str]:
        """A new name and a way to write it."""
        self._names += 1
        bare = f"k-{self._names}"
        odd = f"k {self._names}.#é"
        written: tuple[str, str] = self.draw(
            st.sampled_from(
                [
                    (bare, bare),
                    (bare, f'"{bare}"'),
                    (bare, f"'{bare}'"),
                    (odd, f'"{odd}"'),
                    (f'q"{bare}', f'"q\\"{bare}"'),
                    (f"é{bare}", f'"\\u00e9{bare}"'),
                ]
            )
        )
        return written

    def key(self, inside: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """A key of one or more parts."""
        line = self.line
        for turn in range(self.draw(st.integers(1, 3))):
            if turn:
                self.blank()
                self.text += "."
                self.blank()
            name, written = self.name()
            self.text += written
            inside = (*inside, name)
            self.lines[inside] = line
        return inside

    def pair(self, inside: tuple[str | int, ...], depth: int) -> None:
        path = self.key(inside)
        self.blank()
        self.text += "="
        self.blank()
        self.value(path, depth)

    def value(self, path: tuple[str | int, ...], depth: int) -> None:
        kind = self.draw(st.sampled_from(["plain", "array", "table"] if depth else ["plain"]))
        count = self.draw(st.integers(0, 3))
        if kind == "plain":
            self.text += self.draw(st.sampled_from(TRICKY))
        elif kind == "array":
            self.text += "["
            for index in range(count):
                self.blank(lines=True)
                self.lines[(*path, index)] = self.line
                self.value((*path, index), depth - 1)
                self.blank(lines=True)
                self.text += "," if index < count - 1 or self.draw(st.booleans()) else ""
            self.blank(lines=True)
            self.text += "]"
        else:
            self.text += "{"
            for index in range(count):
                self.blank()
                self.pair(path, depth - 1)
                self.blank()
                self.text += "," if index < count - 1 else ""
            self.text += "}"

    def pairs(self, inside: tuple[str | int, ...]) -> None:
        for _ in range(self.draw(st.integers(0, 3))):
            self.blank(lines=True)
            self.pair(inside, 2)
            self.text += self.draw(st.sampled_from(["\n", " # = [\n", "\r\n"]))
            self.blank(lines=True)

    def table(self) -> None:
        self.blank()
        self.text += "["
        self.blank()
        path = self.key(())
        self.text += "]\n"
        self.pairs(path)

    def tables(self) -> None:
        name, written = self.name()
        for index in range(self.draw(st.integers(1, 3))):
            self.lines.setdefault((name,), self.line)
            self.lines[(name, index)] = self.line
            self.text += f"[[{written}]]\n"
            self.pairs((name, index))
            if self.draw(st.booleans()):
                self.lines[(name, index, "sub")] = self.line
                self.text += f"[{written} . sub]\n"
                self.pairs((name, index, "sub"))


@st.composite
def written(draw: Any) -> tuple[str, dict[tuple[str | int, ...], int]]:
    writer = Writer(draw)
    writer.pairs(())
    for _ in range(draw(st.integers(0, 4))):
        draw(st.sampled_from([writer.table, writer.tables]))()
    return writer.text, writer.lines


def paths(value: Any, inside: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Where everything in a parsed document is."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else [])
    return {(*inside, key) for key, _ in items}.union(*(paths(inner, (*inside, key)) for key, inner in items))


@given(written())
def test_every_key_is_found_on_the_line_it_was_written_on(made: tuple[str, dict[Any, int]]) -> None:
    text, lines = made
    found = positions_of(text)
    assert found.lines == lines
    assert found.lines.keys() == paths(tomlkit.parse(text).unwrap())
    assert found.twice is None


@given(st.text())
def test_any_text_is_scanned_without_an_error(text: str) -> None:
    positions_of(text)


@given(written(), st.data())
def test_a_text_cut_anywhere_is_scanned_without_an_error(made: tuple[str, Any], data: st.DataObject) -> None:
    text, _ = made
    positions_of(text[: data.draw(st.integers(0, len(text)))])
