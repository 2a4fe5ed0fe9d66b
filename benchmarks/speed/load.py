"""Clients that send their next request when they have their answer: one process, told as JSON what to do.

`python -m benchmarks.speed.load '{"port": 8080, ...}'` prints what came of it as JSON, see `Asked` and `Got`. It reads
the processor time of the processes it is told at the first and the last moment of what it measures.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import count
from time import perf_counter
from typing import Any

import attrs

from benchmarks.speed.framing import BadFraming, Messages
from benchmarks.speed.loops import run
from benchmarks.speed.usage import cpu_secs, raise_descriptor_limit

MOST_CONNECTING = 500
AGAIN_SECS = 0.01
MARK = b'"sent":'
SLOWEST_SECS = 10.0
"""For which what is measured goes on when there is nothing to measure yet: a machine may have no time for us."""
LOST = 0
"""Stands for a status where the connection ended before the answer did."""
UNREADABLE = -1


@attrs.frozen(kw_only=True)
class Asked:
    """What to do."""

    port: int
    connections: int
    secs: float
    """How long to measure, or until there is a first answer."""
    warmup: float = 0.3
    body: int = 300
    """Bytes of a request's body."""
    keys: Sequence[str] = ("sk-0",)
    """Connections go over them in turns, or requests where there are more keys than connections."""
    stream: bool = False
    expect: int = 200
    """Any other status is an error."""
    pids: Sequence[int] = ()
    """Whose processor time is taken."""


@attrs.frozen(kw_only=True)
class Got:
    """What came of it. Latencies and delays in milliseconds by percentile."""

    secs: float
    requests: int
    """Answered as expected, and wholly."""
    latency: dict[str, float]
    chunks: int
    delay: dict[str, float]
    """From when a node wrote an event until it was read here."""
    cpu: float
    """Seconds."""
    errors: dict[str, int]
    """By status, warm-up included; lost and unreadable answers by name."""


def request(body: int, key: str, *, stream: bool = False) -> bytes:
    """A chat request with a body of so many bytes."""
    made: dict[str, Any] = {"model": "m", "stream": stream, "messages": [{"role": "user", "content": ""}]}
    made["messages"][0]["content"] = "x" * max(body - len(json.dumps(made)), 0)
    data = json.dumps(made)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
    head += "User-Agent: OpenAI/Python 3.54.0\r\nAccept: application/json\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n{data}".encode()


def as_argument(told: attrs.AttrsInstance) -> str:
    """What a process is told, for its command line."""
    return json.dumps(attrs.asdict(told))


def percentiles(values: list[float]) -> dict[str, float]:
    """In thousandths, none of none."""
    values.sort()
    last = len(values) - 1
    return {f"p{share}": values[round(last * share / 100)] * 1000.0 for share in (50, 90, 99)} if values else {}


class Load:
    """What all connections share."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.latencies: list[float] = []
        self.delays: list[float] = []
        self.errors: Counter[str] = Counter()
        self.over = False
        self._requests = [request(asked.body, key, stream=asked.stream) for key in asked.keys]
        self._number = count()
        self._places = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self.callers: set[Caller] = set()
        """Those that are connected."""

    def place(self) -> int:
        """The number of a connection that has just been made."""
        return next(self._places)

    def next(self, place: int) -> bytes:
        """The next request of this connection: with the same key as before, as clients ask. Where there are fewer
        connections than keys, each goes through all of them."""
        several = len(self._requests) > self.asked.connections
        return self._requests[(next(self._number) if several else place) % len(self._requests)]

    def failed(self, status: int) -> None:
        """An answer was not as expected."""
        if not self.over:
            self.errors[{LOST: "lost", UNREADABLE: "unreadable"}.get(status, str(status))] += 1

    async def connect(self) -> None:
        """A client more. Raises OSError."""
        await asyncio.get_running_loop().create_connection(lambda: Caller(self), "127.0.0.1", self.asked.port)

    def replace(self) -> None:
        """A client in place of one that was hung up on, in a moment."""
        asyncio.get_running_loop().call_later(AGAIN_SECS, self._again)

    def _again(self) -> None:
        if not self.over:
            task = asyncio.get_running_loop().create_task(self._tried())
            self._tasks.add(task)  # the loop itself holds tasks weakly only
            task.add_done_callback(self._tasks.discard)

    async def _tried(self) -> None:
        try:
            await self.connect()
        except OSError:
            self.failed(LOST)
            self.replace()

    async def run(self) -> Got:
        """Do it all."""
        left = self.asked.connections
        while left:
            some = min(left, MOST_CONNECTING)
            await asyncio.gather(*(self.connect() for _ in range(some)))
            left -= some
        await asyncio.sleep(self.asked.warmup)
        self.latencies.clear()
        self.delays.clear()
        before, begin = cpu_secs(self.asked.pids), perf_counter()
        await asyncio.sleep(self.asked.secs)
        while not self._anything():
            await asyncio.sleep(AGAIN_SECS)
            if perf_counter() - begin > SLOWEST_SECS:
                break
        secs, cpu = perf_counter() - begin, cpu_secs(self.asked.pids) - before
        got = self._got(secs, cpu)
        self.over = True
        for caller in self.callers:
            caller.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # until those that were aborted are closed
        return got

    def _anything(self) -> bool:
        return bool((self.delays if self.asked.stream else self.latencies) or self.errors)

    def _got(self, secs: float, cpu: float) -> Got:
        return Got(
            secs=secs,
            requests=len(self.latencies),
            latency=percentiles(self.latencies),
            chunks=len(self.delays),
            delay=percentiles(self.delays),
            cpu=cpu,
            errors=dict(self.errors),
        )


class Caller(Messages):
    """One client."""

    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load
        self._place = load.place()
        self._status = LOST
        self._asked_at = 0.0
        self._closes = False
        self._tail = b""
        self._stream = load.asked.stream

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._load.callers.add(self)
        self._ask()

    def _ask(self) -> None:
        self._asked_at = perf_counter()
        self.transport.write(self._load.next(self._place))

    def data_received(self, data: bytes) -> None:
        try:
            super().data_received(data)
        except (BadFraming, ValueError):
            self._status = UNREADABLE
            self.transport.abort()

    def head(self, head: bytes) -> None:
        self._status = int(head[9:12])
        self._closes = b"connection: close" in head.lower()

    def body(self, data: bytes) -> None:
        if self._stream:
            now = perf_counter()
            *events, self._tail = (self._tail + data).split(b"\n\n")
            for event in events:
                _, there, sent = event.partition(MARK)
                if there:
                    self._load.delays.append(now - float(sent.rstrip(b"}")))

    def over(self) -> None:
        status, self._status, self._tail = self._status, LOST, b""
        if status == self._load.asked.expect:
            self._load.latencies.append(perf_counter() - self._asked_at)
        else:
            self._load.failed(status)
        if self._closes:
            self._asked_at = 0.0
            self.transport.close()
        elif not self._load.over:
            self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._load.over:
            return
        self._load.callers.discard(self)
        if self._asked_at:
            self._load.failed(self._status if self._status == UNREADABLE else LOST)
        self._load.replace()


if __name__ == "__main__":
    raise_descriptor_limit()
    print(json.dumps(attrs.asdict(run(Load(Asked(**json.loads(sys.argv[1]))).run()))), flush=True)
