"""The figures that are committed, and what is said of a difference to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import attrs

FILE = Path(__file__).with_name("figures.json")
MOST_GROWTH, MOST_FALL = 0.10, 0.20
NOTHING = {"kept blocks": 3.0}
LITTLE = 0.2
"""Differences that are none, where a figure is small: what the gateway remembers fills up slowly, and to a limit."""
MOST_NAMED = 8
ACCEPT = "If this is meant, `make figures` writes the new figures: commit them with the change, and say what it buys."


@attrs.frozen
class Measured:
    """Of one way: by what is counted, how much of it a step takes; and the calls by function."""

    figures: dict[str, float]
    functions: dict[str, float]


Figures = dict[str, Measured]


def committed() -> Figures:
    """Those that were agreed on."""
    return from_text(FILE.read_text(encoding="utf-8"))


def from_text(text: str) -> Figures:
    """Figures in the form of `as_text`."""
    return {
        way: Measured(
            one["figures"],
            {f"{file} {name}": calls for file, names in one["functions"].items() for name, calls in names.items()},
        )
        for way, one in json.loads(text).items()
    }


def as_text(found: Figures) -> str:
    """In the form in which they are committed: a line for what is counted of a way, and one for each file."""
    return "{\n" + ",\n".join(f' "{way}": {_as_text(one)}' for way, one in found.items()) + "\n}\n"


def _as_text(one: Measured) -> str:
    files: dict[str, dict[str, float]] = {}
    for function, calls in one.functions.items():
        file, _, name = function.rpartition(" ")
        files.setdefault(file, {})[name] = calls
    lines = ",\n".join(f'   "{file}": {json.dumps(names)}' for file, names in files.items())
    return f'{{\n  "figures": {json.dumps(one.figures)},\n  "functions": {{\n{lines}\n  }}\n }}'


def complaints(agreed: Figures, found: Figures) -> list[str]:
    """What is wrong with what was found; empty if nothing is."""
    if agreed.keys() != found.keys():
        said = [f"other ways are committed than there are: {sorted(agreed.keys() ^ found.keys())}"]
    else:
        said = [line for way, one in found.items() for line in _complaints(way, agreed[way], one)]
    return [*said, ACCEPT] if said else []


def _complaints(way: str, before: Measured, now: Measured) -> Iterator[str]:
    for what in sorted(before.figures.keys() | now.figures.keys()):
        if what not in before.figures or what not in now.figures:
            yield f"{way}, {what}: not in both the committed figures and the found ones"
            continue
        old, new = before.figures[what], now.figures[what]
        share = f" ({(new - old) / old:+.0%})" if old else ""
        nothing = NOTHING.get(what, LITTLE)
        change = f"{way}, {what}: {old:g} -> {new:g}{share}"
        if new > old * (1 + MOST_GROWTH) + nothing:
            yield f"{change}: the hot path has grown{_growth(before, now) if what == 'calls' else ''}"
        elif new < old * (1 - MOST_FALL) - nothing:
            yield f"{change}: better than committed; left so, as much growth would go unseen"


def _growth(before: Measured, now: Measured) -> str:
    """The functions that account for it, a line each."""
    more = {name: calls - before.functions.get(name, 0.0) for name, calls in now.functions.items()}
    most = sorted(more, key=lambda name: -more[name])[:MOST_NAMED]
    return "".join(f"\n    {more[name]:+8.2f}  {name}" for name in most if more[name] > 0)
