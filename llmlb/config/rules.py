"""What may be given for a setting: a rule checks a value, says what is allowed, and reads one from a variable.

A rule takes the value as TOML gave it and returns it as the model holds it. Nothing is coerced: `true` is
not 1 and `"2"` is not 2; a whole number stands for a number, as 1 is 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal, Protocol

import attrs

from llmlb.messages import Locale

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}\Z")
_NUMBER = re.compile(r"[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?\Z")
Unit = Literal["", "seconds", "bytes"]
_UNITS: dict[Unit, dict[Locale, str]] = {
    "": {"ja": "", "en": ""},
    "seconds": {"ja": "（秒）", "en": ", in seconds"},
    "bytes": {"ja": "（バイト）", "en": ", in bytes"},
}
_SWITCH = {"true": True, "1": True, "false": False, "0": False}


class Unfit(ValueError):
    """A value breaks its rule. `parts`: each offending part as (where inside the value, the part itself)."""

    def __init__(self, *parts: tuple[tuple[str | int, ...], Any]) -> None:
        self.parts = parts
        super().__init__("not allowed")  # never the value: it may be a secret


class Rule(Protocol):
    """What may be given for one setting."""

    def check(self, value: Any) -> Any:
        """The value as the model holds it. Raises Unfit."""

    def read(self, text: str) -> Any:
        """A value from the text of an environment variable, still to be checked. Raises Unfit."""

    def allowed(self, locale: Locale) -> str:
        """What may be given, as the end of a sentence."""


@attrs.frozen
class Whole:
    """A whole number within bounds, both included."""

    least: int
    most: int
    unit: Unit = ""

    def check(self, value: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise Unfit(((), value))
        return value

    def read(self, text: str) -> int:
        digits = text.strip(" \t\r\n")
        if not _WHOLE.match(digits):
            raise Unfit(((), text))
        return int(digits)

    def allowed(self, locale: Locale) -> str:
        if locale == "ja":
            return f"{self.least}から{self.most}までの整数{_UNITS[self.unit][locale]}"
        return f"a whole number from {self.least} to {self.most}{_UNITS[self.unit][locale]}"


@attrs.frozen
class Number:
    """A number within bounds, both included."""

    least: float
    most: float
    unit: Unit = ""

    def check(self, value: Any) -> float:
        if type(value) not in (int, float) or not self.least <= value <= self.most:  # refuses nan as well
            raise Unfit(((), value))
        return float(value)

    def read(self, text: str) -> float:
        digits = text.strip(" \t\r\n")
        if not _NUMBER.match(digits):
            raise Unfit(((), text))
        return float(digits)

    def allowed(self, locale: Locale) -> str:
        if locale == "ja":
            return f"{self.least:.12g}から{self.most:.12g}までの数{_UNITS[self.unit][locale]}"
        return f"a number from {self.least:.12g} to {self.most:.12g}{_UNITS[self.unit][locale]}"


@attrs.frozen
class Switch:
    """Yes or no."""

    def check(self, value: Any) -> bool:
        if type(value) is not bool:
            raise Unfit(((), value))
        return value

    def read(self, text: str) -> bool:
        """A variable may also say 1 or 0."""
        word = text.strip().lower()
        if word not in _SWITCH:
            raise Unfit(((), text))
        return _SWITCH[word]

    def allowed(self, locale: Locale) -> str:
        return "trueまたはfalse" if locale == "ja" else "true or false"


@attrs.frozen
class Choice:
    """One of a few words."""

    words: tuple[str, ...]

    def check(self, value: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise Unfit(((), value))
        return str(value)

    def read(self, text: str) -> str:
        return text.strip()

    def allowed(self, locale: Locale) -> str:
        words = [f'"{word}"' for word in self.words]
        if locale == "ja":
            return "、".join(words) + " のいずれか"
        return "one of " + ", ".join(words)


@attrs.frozen
class Text:
    """A text that passes a test. `convert` returns it as the model holds it, or raises ValueError."""

    convert: Callable[[str], str]
    ja: str
    en: str

    def check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise Unfit(((), value))
        try:
            return self.convert(str(value))
        except ValueError:
            raise Unfit(((), value)) from None

    def read(self, text: str) -> str:
        return text

    def allowed(self, locale: Locale) -> str:
        return self.ja if locale == "ja" else self.en


@attrs.frozen
class Texts:
    """An array of texts, each of which passes a test; a repeated one counts once."""

    item: Text

    def check(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list | tuple):
            raise Unfit(((), value))
        kept: dict[str, None] = {}
        wrong: list[tuple[tuple[str | int, ...], Any]] = []
        for index, item in enumerate(value):
            try:
                kept[self.item.check(item)] = None
            except Unfit:
                wrong.append(((index,), item))
        if wrong:
            raise Unfit(*wrong)
        return tuple(kept)

    def read(self, text: str) -> list[str]:
        """In a variable the texts are separated by commas; an empty variable is an empty array."""
        return [part.strip() for part in text.split(",")] if text.strip() else []

    def allowed(self, locale: Locale) -> str:
        item = self.item.allowed(locale)
        return f"配列（各要素は{item}）" if locale == "ja" else f"an array, each item {item}"


@attrs.frozen
class Pairs:
    """A table of texts."""

    item: Text

    def check(self, value: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise Unfit(((), value))
        wrong: list[tuple[tuple[str | int, ...], Any]] = []
        kept: dict[str, str] = {}
        for key, target in value.items():
            try:
                kept[self.item.check(key)] = self.item.check(target)
            except Unfit:
                wrong.append(((str(key),), target))
        if wrong:
            raise Unfit(*wrong)
        return kept

    def read(self, text: str) -> Any:
        """No variable sets a table."""
        raise Unfit(((), text))

    def allowed(self, locale: Locale) -> str:
        item = self.item.allowed(locale)
        if locale == "ja":
            return f"テーブル（名前 = 値、どちらも{item}）"
        return f"a table, each name and value {item}"
