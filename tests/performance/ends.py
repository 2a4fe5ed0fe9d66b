"""What stands for the world around the gateway here: no socket, no time of day, nothing that comes by chance."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from contextvars import Context
from itertools import count
from typing import Any, TypeVarTuple

import msgspec

from benchmarks.speed.node import MODEL
from llmlb.testing.clock import ManualClock, ManualTimer
from tests.performance.tally import Tally

_MODELS = msgspec.json.encode({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
_LISTING = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(_MODELS), _MODELS)

_OF_EACH_CONNECTION = "RequestHandler.start"
"""aiohttp's task. From Python 3.12 on it begins without the loop, so it is not counted before that either."""

Given = TypeVarTuple("Given")


class Pipe(asyncio.Transport):
    """A connection to a client or to a node, the how manieth there is. What is written to it is kept in `said`."""

    __slots__ = ("_closing", "_kind", "_loop", "number", "protocol", "said")

    def __init__(self, loop: Loop, kind: str, number: int) -> None:
        super().__init__()
        self._loop = loop
        self._kind = kind
        self.number = number
        self._closing = False
        self.protocol: asyncio.Protocol
        self.said: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self._closing, "nothing is written to a closed connection"
        self._loop.events[self._kind] += 1
        if data[:4] == b"GET ":
            self._loop.later(self.protocol.data_received, _LISTING)
            return
        if data[:5] == b"POST ":
            self._loop.asked.append(self)
        self.said.append(bytes(data))

    def take(self) -> bytes:
        """All that was written since the last time."""
        said = b"".join(self.said)
        self.said.clear()
        return said

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return self._closing

    def write_eof(self) -> None:
        self._loop.events[self._kind] += 1

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._loop.later(self.protocol.connection_lost, None)


class Loop(asyncio.SelectorEventLoop):
    """An event loop without a network, which counts in `events` what it is asked for.

    Whoever connects is given a `Pipe`; those to nodes that have been sent a request are in `asked`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: Counter[str] = Counter()
        self.asked: deque[Pipe] = deque()
        self.tally: Tally | None = None
        self._to_do = 0
        self._uncounted = False
        self._numbers = count()
        self.set_task_factory(self._count_task)

    def do(self, work: Callable[..., object], *given: object) -> None:
        """Do this in the loop, and whatever follows from it at once."""
        self.later(work, *given)
        tally, before = self.tally, -1
        while before != self._to_do:
            before = self._to_do
            super().call_soon(self.stop)
            if tally is not None:
                tally.start()
            self.run_forever()
            if tally is not None:
                tally.stop()

    def later(self, work: Callable[..., object], *given: object) -> None:
        """Do this in the next turn, as if bytes had come from outside."""
        self._to_do += 1
        super().call_soon(work, *given)

    def connect(self, kind: str, make: Callable[[], asyncio.Protocol]) -> Pipe:
        """A connection, made."""
        pipe = Pipe(self, kind, next(self._numbers))
        pipe.protocol = make()
        pipe.protocol.connection_made(pipe)
        return pipe

    def call_soon(
        self, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.Handle:
        self._to_do += 1
        self.events["callbacks"] += not self._uncounted
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.TimerHandle:
        self.events["timers"] += 1
        return super().call_at(when, callback, *args, context=context)

    async def create_connection(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        pipe = self.connect("node writes", protocol_factory)
        return pipe, pipe.protocol

    def _count_task(self, loop: asyncio.AbstractEventLoop, work: Any, **how: Any) -> asyncio.Task[Any]:
        self._uncounted = work.__qualname__ == _OF_EACH_CONNECTION
        self.events["tasks"] += not self._uncounted
        try:
            return asyncio.Task(work, loop=loop, **how)
        finally:
            self._uncounted = False


class CountedClock(ManualClock):
    """Time that the measuring moves, which counts the timers that are asked for."""

    def __init__(self, loop: Loop) -> None:
        super().__init__()
        self._loop = loop

    def call_at(self, when: float, do: Callable[[], None]) -> ManualTimer:
        self._loop.events["timers"] += 1
        return super().call_at(when, do)

    def tidy(self) -> None:
        """Forget the timers that were cancelled: a real loop does so by itself."""
        self._timers = sorted(entry for entry in self._timers if not entry[2].cancelled)
