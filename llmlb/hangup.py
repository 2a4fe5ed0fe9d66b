"""SIGHUP, from the first moment of a gateway to its last."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop  # not to be waited for before SIGHUP is taken


class Hangup:
    """Takes SIGHUP from now on, keeps it until somebody can act on it, and lets it do nothing in the end.

    An event loop takes signals only while it lasts: before and after that SIGHUP would end the process, and a gateway
    that was told to reload just as it started or stopped would be dead, or seem to have failed. To be made on the main
    thread.
    """

    def __init__(self) -> None:
        under_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        self._ends_with_terminal = not under_nohup and _has_terminal()
        self._came = False
        self._tell = self._keep
        signal.signal(signal.SIGHUP, lambda *_: self._tell())

    def _keep(self) -> None:
        self._came = True

    def tell(self, loop: AbstractEventLoop, act: Callable[[], object]) -> None:
        """From now on do `act` in the loop on each SIGHUP; soon, if one came before."""

        def tell() -> None:
            loop.call_soon_threadsafe(act)  # which also wakes a loop that waits

        self._tell = tell
        if self._came:
            tell()

    def ignore(self) -> None:
        """From now on do nothing, until the process has ended."""
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    @property
    def terminal_closed(self) -> bool:
        """Whether the terminal is gone that this process is to end with: never under `nohup`, nor if it had none."""
        return self._ends_with_terminal and not _has_terminal()


def _has_terminal() -> bool:
    """Whether there is a terminal whose closing would end us."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)  # that many connections say nothing of it
    return True
