"""`llmlb status --watch`: the screen, drawn anew every second until somebody has seen enough."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from llmlb.cli.control_client import NotRunning, Unreachable
from llmlb.cli.status.asking import Asking
from llmlb.cli.status.paint import Line, Piece, clipped, painted
from llmlb.cli.status.screen import screen
from llmlb.cli.status.seen import DESK, Seen, read_seen
from llmlb.cli.status.terminal import Terminal
from llmlb.cli.status.texts import say
from llmlb.cli.unanswered import why_unanswered
from llmlb.clock import Clock, LoopClock
from llmlb.messages import Locale
from llmlb.simulate.table import cut
from llmlb.web.durations import age

AGAIN_SECS = 1.0
"""Between an answer and the next question."""
_ENOUGH = b"qQ\x03\x04"
"""q, and Ctrl-C and Ctrl-D where they come as characters."""


async def watch(file: Path, locale: Locale, *, colors: bool) -> int:
    """Show the gateway that runs with `file`, whether it does or not, until q or a signal. Returns the exit code."""
    terminal = Terminal(sys.stdin.fileno(), sys.stdout.fileno())
    return await Watch(terminal, Asking(file), file, LoopClock(), locale, colors=colors).run()


class Watch:
    """One who watches: the last answer, and how it is shown."""

    def __init__(
        self, terminal: Terminal, asking: Asking, file: Path, clock: Clock, locale: Locale, *, colors: bool
    ) -> None:
        self._terminal = terminal
        self._asking = asking
        self._file = file
        self._clock = clock
        self._locale = locale
        self._colors = colors
        self._seen: Seen | None = None
        self._seen_at = clock.now()
        self._problem = ""
        """Why there is nothing to be seen; empty if there is."""
        self._silent = False
        self._over = asyncio.Event()
        self._code = 0

    async def run(self) -> int:
        """Watch until the end. Returns the exit code."""
        loop = asyncio.get_running_loop()
        ends: dict[signal.Signals, int] = {signal.SIGINT: 0, signal.SIGTERM: 143, signal.SIGHUP: 129}
        does: dict[signal.Signals, Callable[[], None]] = {signal.SIGWINCH: self._draw, signal.SIGTSTP: self._stand_by}
        self._terminal.enter()
        try:
            for number, code in ends.items():
                loop.add_signal_handler(number, self._end, code)
            for number, do in does.items():
                loop.add_signal_handler(number, do)
            loop.add_reader(self._terminal.keys, self._read)
            keep_asking = asyncio.create_task(self._keep_asking())
            await asyncio.wait(
                {keep_asking, asyncio.create_task(self._over.wait())}, return_when=asyncio.FIRST_COMPLETED
            )
            if keep_asking.done():
                keep_asking.result()  # it ends only by an error
            keep_asking.cancel()
        finally:
            loop.remove_reader(self._terminal.keys)
            self._terminal.leave()
        return self._code

    async def _keep_asking(self) -> None:
        while True:
            await self._ask()
            self._draw()
            again = asyncio.Event()
            self._clock.call_at(self._clock.now() + AGAIN_SECS, again.set)
            await again.wait()

    async def _ask(self) -> None:
        problem = ""
        try:
            seen = read_seen(await self._asking.get(DESK))
        except TimeoutError:
            self._silent = True
            if self._seen is not None or self._problem:
                return
            problem = say(self._locale, "silent", time=self._silence())
        except (NotRunning, Unreachable) as error:
            problem = why_unanswered(error, self._file, self._locale)
        except ValueError:
            problem = say(self._locale, "other_version")
        else:
            self._seen, self._seen_at = seen, self._clock.now()
        self._problem, self._silent = problem, False

    def _draw(self) -> None:
        if self._over.is_set():
            return
        try:
            wide, high = self._terminal.size
            self._terminal.show([painted(line, colors=self._colors) for line in self._lines(wide, high)])
        except OSError:  # the terminal is gone
            self._end(129)

    def _lines(self, wide: int, high: int) -> list[Line]:
        if self._seen is None or self._problem:
            words = [cut(self._problem, wide)] if self._problem else []
            lines: list[Line] = [(Piece(word, "warning"),) for word in words]
            return [*lines, clipped((Piece(say(self._locale, "await"), "dim"),), wide)][:high]
        note = "silent" if self._silent else "quit"
        return screen(self._seen, wide, high, self._locale, say(self._locale, note, time=self._silence()))

    def _silence(self) -> str:
        return age(self._clock.now() - self._seen_at, self._locale)

    def _read(self) -> None:
        typed = self._terminal.typed()
        if not typed or set(typed) & set(_ENOUGH):
            self._end(0)
        else:
            self._draw()

    def _end(self, code: int) -> None:
        self._code = code
        self._over.set()

    def _stand_by(self) -> None:
        """Ctrl-Z: the terminal is the shell's until it brings us back."""
        self._terminal.leave()
        loop = asyncio.get_running_loop()
        loop.remove_signal_handler(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGTSTP)
        loop.add_signal_handler(signal.SIGTSTP, self._stand_by)
        self._terminal.enter()
        self._draw()
