"""Progress of a client that reads slowly, by a clock moved by hand."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from llmlb.testing import ManualClock
from llmlb.web.patience import Patience


class Pipe:
    """A transport that knows how much of it is unsent."""

    def __init__(self, unsent: int) -> None:
        self.unsent = unsent
        self.aborted = False

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def get_extra_info(self, name: str) -> Any:
        return None

    def abort(self) -> None:
        self.aborted = True


class Bench:
    """A client that has something to take."""

    def __init__(self, unsent: int) -> None:
        self.clock = ManualClock()
        self.pipe = Pipe(unsent)
        self.gave_up = 0
        self.patience = Patience(cast(asyncio.Transport, self.pipe), self.clock, 60.0, self._give_up)
        self.patience.begin()

    def _give_up(self) -> None:
        self.gave_up += 1


def test_a_client_that_takes_nothing_is_given_up_once_and_hung_up_on() -> None:
    bench = Bench(100_000)
    bench.clock.advance(59.9)
    assert (bench.gave_up, bench.pipe.aborted) == (0, False)
    bench.clock.advance(60)
    assert (bench.gave_up, bench.pipe.aborted) == (1, True)
    assert bench.clock.pending == 0
    bench.patience.end()


def test_any_progress_at_all_is_enough() -> None:
    bench = Bench(100_000)
    for _ in range(20):
        bench.clock.advance(50)
        bench.pipe.unsent -= 1
    assert bench.gave_up == 0
    bench.patience.end()
    assert bench.clock.pending == 0


def test_what_has_ended_begins_anew() -> None:
    bench = Bench(100_000)
    bench.clock.advance(50)
    bench.patience.end()
    bench.clock.advance(100)
    bench.patience.begin()
    bench.clock.advance(50)
    assert bench.gave_up == 0
    bench.clock.advance(20)
    assert bench.gave_up == 1
