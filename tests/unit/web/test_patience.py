"""Progress of writes to a client, by a clock moved by hand."""

from __future__ import annotations

import asyncio
import socket
from typing import Any, cast

from llmlb.testing import ManualClock, settle
from llmlb.web.patience import UNTIMED_BYTES, Patience


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
    """A write of some bytes that lasts until it is let through."""

    def __init__(self, unsent: int, size: int) -> None:
        self.clock = ManualClock()
        self.pipe = Pipe(unsent)
        self.gave_up = 0
        self.through = asyncio.Event()
        patience = Patience(cast(asyncio.Transport, self.pipe), self.clock, 60.0, self._give_up)
        self.task = asyncio.create_task(patience.write(size, self._write()))

    def _give_up(self) -> None:
        self.gave_up += 1

    async def _write(self) -> None:
        await self.through.wait()


async def test_a_small_write_into_an_empty_buffer_has_no_timer() -> None:
    bench = Bench(0, UNTIMED_BYTES)
    await settle()
    assert bench.clock.pending == 0
    bench.through.set()
    await bench.task


async def test_a_write_without_a_timer_never_finds_writing_paused() -> None:
    ours, other = socket.socketpair()
    with other:
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        resumes_at, pauses_at = transport.get_write_buffer_limits()
        transport.abort()
    assert UNTIMED_BYTES <= resumes_at < pauses_at


async def test_a_write_that_makes_no_progress_is_given_up_once_and_hung_up_on() -> None:
    bench = Bench(100_000, 1)
    await settle()
    bench.clock.advance(59.9)
    assert (bench.gave_up, bench.pipe.aborted) == (0, False)
    bench.clock.advance(60)
    assert (bench.gave_up, bench.pipe.aborted) == (1, True)
    bench.through.set()
    await bench.task
    assert bench.clock.pending == 0


async def test_any_progress_at_all_is_enough() -> None:
    bench = Bench(100_000, 1)
    await settle()
    for _ in range(20):
        bench.clock.advance(50)
        bench.pipe.unsent -= 1
    assert bench.gave_up == 0
    bench.through.set()
    await bench.task
    assert bench.clock.pending == 0


async def test_without_a_connection_the_write_says_so_itself() -> None:
    clock = ManualClock()
    done = asyncio.Event()
    done.set()
    await Patience(None, clock, 60.0, lambda: None).write(10**9, done.wait())  # type: ignore[arg-type]
    assert clock.pending == 0
