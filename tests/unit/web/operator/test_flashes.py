"""What is told once on the next page."""

from __future__ import annotations

from llmlb.web.operator.flashes import LONGEST_LINE, MOST_LINES, Flash


def test_lines_are_as_many_and_as_long_as_somebody_reads() -> None:
    flash = Flash(level="good", title="Done.", lines=tuple(f"line {n}\n" + "x" * 1000 for n in range(1000)))
    assert len(flash.lines) == MOST_LINES + 1
    assert flash.lines[-1] == "…"
    assert flash.lines[0] == ("line 0\\n" + "x" * 1000)[:LONGEST_LINE] + "…"


def test_few_lines_stay_as_they_are() -> None:
    assert Flash(level="info", title="", lines=("a → b",)).lines == ("a → b",)
    assert Flash(level="info", title="").lines == ()
