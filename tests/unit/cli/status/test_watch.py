"""What is shown while somebody watches, whatever the gateway answers."""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from llmlb.cli.control_client import NotRunning, Unreachable
from llmlb.cli.status.terminal import Terminal
from llmlb.cli.status.watch import Watch
from llmlb.testing import ManualClock, eventually
from llmlb.web.desk_json import desk_json
from tests.unit.cli.status.a_desk import desk

ANSWER = {"version": "0.9.0", "url": "http://localhost:1", "up": 5.0, "desk": desk_json(desk(), history=False)}


class Answers:
    """Gives or raises these, one after another; the last one for ever."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    async def get(self, _: str) -> Any:
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Shown(Terminal):
    """A terminal that keeps what it is to show."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, descriptor)
        self.now: Sequence[str] = ()
        self.gone = False

    @property
    def size(self) -> os.terminal_size:
        return os.terminal_size((60, 20))

    def show(self, lines: Sequence[str]) -> None:
        if self.gone:
            raise OSError
        self.now = lines


@pytest.fixture
async def ours() -> AsyncIterator[tuple[int, Shown]]:
    """The keyboard of a terminal, and the terminal."""
    keyboard, its = pty.openpty()
    yield keyboard, Shown(its)
    os.close(keyboard)
    os.close(its)


async def watched(ours: tuple[int, Shown], clock: ManualClock, *answers: Any) -> asyncio.Task[int]:
    watch = Watch(ours[1], Answers(*answers), Path("config.toml"), clock, "en", colors=False)  # type: ignore[arg-type]
    task = asyncio.create_task(watch.run())
    await eventually(lambda: ours[1].now or task.done(), "something is shown")
    return task


async def next_shows(ours: tuple[int, Shown], clock: ManualClock, words: str) -> None:
    """Wait until this is seen after the next answer."""
    clock.advance(1)
    await eventually(lambda: words in "\n".join(ours[1].now), f"{words!r} is shown, not {ours[1].now}")


async def test_what_is_wrong_is_said_and_everything_is_well_again_afterwards(ours: tuple[int, Shown]) -> None:
    clock = ManualClock()
    answers = (NotRunning(), Unreachable("HTTP 404"), {"version": "2"}, ANSWER, TimeoutError(), NotRunning(), ANSWER)
    task = await watched(ours, clock, *answers)
    assert ours[1].now == ["no gateway is running with config.toml.", "Waiting for one to start… (q: quit)"]
    await next_shows(ours, clock, "the gateway cannot be asked (HTTP 404).")
    await next_shows(ours, clock, "the gateway runs another version of llmlb")
    await next_shows(ours, clock, "up 5 s   q: quit")
    assert "Waiting 3 of 100   In service 1 on 3 nodes" in ours[1].now
    await next_shows(ours, clock, "no answer for 1 s")
    assert "Waiting 3 of 100   In service 1 on 3 nodes" in ours[1].now, "what was seen last"
    await next_shows(ours, clock, "no gateway is running")
    await next_shows(ours, clock, "Waiting 3 of 100")
    os.write(ours[0], b"\x04")
    assert await task == 0


async def test_one_that_never_answered_is_said_to_be_silent(ours: tuple[int, Shown]) -> None:
    task = await watched(ours, ManualClock(), TimeoutError())
    assert ours[1].now[0].startswith("no answer for ")
    os.write(ours[0], b"q")
    assert await task == 0


async def test_it_ends_when_the_terminal_is_gone(ours: tuple[int, Shown]) -> None:
    clock = ManualClock()
    task = await watched(ours, clock, ANSWER)
    ours[1].gone = True
    clock.advance(1)
    assert await task == 129


async def test_an_error_of_ours_is_not_hidden(ours: tuple[int, Shown]) -> None:
    task = await watched(ours, ManualClock(), ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await task
