"""`make check` leaves no test out, although it runs them in parts."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_those_that_run_alone_are_where_make_looks_for_them() -> None:
    assert "ALONE := tests/process " in (ROOT / "Makefile").read_text()
    marked = [file for file in (ROOT / "tests").rglob("test_*.py") if "\n@pytest.mark.alone" in file.read_text()]
    assert marked
    assert {file.parent for file in marked} == {ROOT / "tests" / "process"}
