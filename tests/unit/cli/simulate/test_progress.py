from __future__ import annotations

import io

import pytest

from llmlb.cli.simulate.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_fills_and_is_wiped_in_the_end() -> None:
    terminal = Terminal()
    progress = Progress(terminal, "設定")
    for part in (0.0, 0.004, 0.5, 0.501, 1.0):
        progress(part)
    drawn = terminal.getvalue().split("\r")[1:]
    assert drawn == [
        f"設定 [{'.' * 30}]   0%",
        f"設定 [{'#' * 15}{'.' * 15}]  50%",
        f"設定 [{'#' * 30}] 100%",
    ]
    progress.clear()
    wiped = terminal.getvalue().split("\r")[-2]
    assert wiped == " " * len(wiped)
    assert len(wiped) >= len(drawn[-1]) + 2, "full-width characters take two columns"


@pytest.mark.parametrize("part", [0.0, 0.5, 1.0])
def test_elsewhere_nothing_is_written(part: float) -> None:
    stream = io.StringIO()
    progress = Progress(stream, "x")
    progress(part)
    progress.clear()
    assert stream.getvalue() == ""
