"""Whether the terminal is gone that a gateway ends with. What SIGHUP does is shown by tests/process."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterator

import pytest

from llmlb.hangup import Hangup


class Terminal:
    """The one of this process, which may be opened or not."""

    def __init__(self) -> None:
        self.problem = 0
        self._open = os.open

    def __call__(self, path: str, flags: int) -> int:
        assert path == "/dev/tty"
        if self.problem:
            raise OSError(self.problem, os.strerror(self.problem))
        return self._open(os.devnull, flags)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    one = Terminal()
    monkeypatch.setattr(os, "open", one)
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield one
    signal.signal(signal.SIGHUP, before)


def test_a_terminal_that_can_no_longer_be_opened_is_closed(terminal: Terminal) -> None:
    hangup = Hangup()
    assert not hangup.terminal_closed
    terminal.problem = errno.ENXIO
    assert hangup.terminal_closed


@pytest.mark.parametrize("problem", [errno.EMFILE, errno.ENFILE])
def test_one_that_cannot_for_all_that_is_open_is_not(problem: int, terminal: Terminal) -> None:
    hangup = Hangup()
    terminal.problem = problem
    assert not hangup.terminal_closed


def test_what_had_none_or_is_to_outlive_it_does_not_end_with_it(terminal: Terminal) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # nohup
    outlives = Hangup()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    terminal.problem = errno.ENXIO
    assert not outlives.terminal_closed
    assert not Hangup().terminal_closed
