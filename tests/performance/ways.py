"""What is measured: the ways a request can take, each as a step that is taken over and over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs

from tests.performance.ends import Pipe
from tests.performance.stage import REPLY, Stage, answered, stage

CLIENTS = 16
PLACES = 16
"""In the queue that is full."""
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
EVENT = (
    b'data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":" hello"},"finish_reason":null}]}\n\n'
)
CHUNK = b"%x\r\n%b\r\n" % (len(EVENT), EVENT)
STREAM_END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"

Step = Callable[[], None]


@attrs.frozen
class Way:
    """A way, ready for its first step. `keeps`: each step leaves behind something that is meant to stay."""

    stage: Stage
    step: Step
    keeps: bool = False


@contextmanager
def plain(folder: Path) -> Iterator[Way]:
    """One request at a time, on a connection that is kept, to an idle node."""
    with stage(folder) as on:
        client = on.client()
        yield Way(on, lambda: on.whole(client))


@contextmanager
def in_line(folder: Path) -> Iterator[Way]:
    """One of sixteen clients, each of which asks again when it has its answer, at four nodes."""
    with stage(folder) as on:
        clients = [on.client() for _ in range(CLIENTS)]
        for client in clients:
            on.ask(client)

        def step() -> None:
            on.say(on.node(), REPLY)
            (served,) = [client for client in clients if client.said]
            answered(served)
            on.ask(served)

        yield Way(on, step)


@contextmanager
def refused(folder: Path) -> Iterator[Way]:
    """A request for which the queue has no place."""
    with stage(folder, queue=PLACES) as on:
        for _ in range(len(on.gateway.fleet) + PLACES):
            on.ask(on.client())
        client = on.client()

        def step() -> None:
            on.ask(client)
            answered(client, 429)
            on.loop.do(on.clock.advance, 0.001)

        yield Way(on, step)


@contextmanager
def first(folder: Path) -> Iterator[Way]:
    """A connection for a single request, from its beginning to its end."""
    with stage(folder) as on:

        def step() -> None:
            client = on.client()
            on.whole(client)
            on.leave(client)

        yield Way(on, step)


@contextmanager
def streamed(folder: Path) -> Iterator[Way]:
    """A reply that is streamed, of one event and its end."""
    with stage(folder) as on:
        client = on.client()

        def step() -> None:
            node = _stream(on, client)
            on.say(node, STREAM_END)
            assert client.take().endswith(b"0\r\n\r\n")

        yield Way(on, step)


@contextmanager
def chunk(folder: Path) -> Iterator[Way]:
    """One more event of a streamed reply."""
    with stage(folder) as on:
        client = on.client()
        node = _stream(on, client)
        client.take()

        def step() -> None:
            on.say(node, CHUNK)
            assert EVENT in client.take()

        yield Way(on, step)


@contextmanager
def waits(folder: Path) -> Iterator[Way]:
    """A client that connects, asks, and waits for its turn behind others."""
    with stage(folder) as on:
        for _ in on.gateway.fleet:
            on.ask(on.client())
        waiting: list[Pipe] = []

        def step() -> None:
            waiting.append(on.client())
            on.ask(waiting[-1])
            assert not waiting[-1].said

        yield Way(on, step, keeps=True)


WAYS = {
    "plain": plain,
    "in line": in_line,
    "refused": refused,
    "first": first,
    "streamed": streamed,
    "chunk": chunk,
    "waits": waits,
}


def _stream(on: Stage, client: Pipe) -> Pipe:
    """A streamed reply begins. Returns the node that sends it."""
    on.ask(client, stream=True)
    node = on.node()
    on.say(node, STREAM_HEAD + CHUNK)
    return node
