"""Nodes: one process with as many ports as asked, each a node that answers in the way it was last told.

A request is answered after `service` seconds with `size` bytes, or with `chunks` events, one every `every` seconds
(flat out where that is 0), each of which says when it was sent. Commands come as lines of JSON on standard input; each
is answered with a line. The first line says where the ports are.
"""

from __future__ import annotations

import asyncio
import json
import sys
from functools import cache, partial
from random import Random
from time import perf_counter
from typing import Any

import attrs

from benchmarks.speed.framing import Messages
from benchmarks.speed.loops import run
from benchmarks.speed.usage import raise_descriptor_limit

MODEL, OTHER_MODEL = "m", "other"
AT_ONCE = 64
"""So many events flat out are written before others have their turn."""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_EVENT = (
    b'data: {"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1700000000,"model":"m",'
    b'"choices":[{"index":0,"delta":{"content":" hello"},"finish_reason":null}],"sent": %r}\n\n'
)
_STREAM_END = b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


@attrs.define
class Ways:
    """How requests are answered from now on."""

    service: float | None = 0.0
    """None holds them until told otherwise."""
    spread: float = 0.0
    """`service` differs by up to this share of it, so that nodes do not keep step."""
    size: int = 500
    chunks: int = 0
    every: float = 0.0
    random: Random = attrs.field(factory=lambda: Random(1))


@attrs.define(eq=False)
class Post:
    """What one node has to do, and had since `begin`."""

    model: str = MODEL
    now: int = 0
    most: int = 0
    served: int = 0
    probes: int = 0
    gaps: list[float] = attrs.field(factory=list)
    free_at: float | None = None
    busy_since: float = 0.0
    busy_secs: float = 0.0

    def took(self) -> None:
        """A request is here."""
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == 1:
            self.busy_since = perf_counter()

    def gave(self) -> None:
        """One is over."""
        self.now -= 1
        if not self.now:
            self.busy_secs += perf_counter() - self.busy_since

    def begin(self) -> None:
        """Count from here."""
        self.most, self.served, self.gaps, self.busy_secs = self.now, 0, [], 0.0
        self.busy_since = perf_counter()


@cache
def reply(size: int) -> bytes:
    """A chat completion of so many bytes."""
    message = {"role": "assistant", "content": ""}
    made: dict[str, Any] = {
        "id": "chatcmpl-0123456789",
        "object": "chat.completion",
        "model": MODEL,
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
    }
    message["content"] = "x" * max(size - len(json.dumps(made)), 0)
    body = json.dumps(made).encode()
    return _HEAD % len(body) + body


class Serving(Messages):
    """A connection to a node."""

    def __init__(self, post: Post, ways: Ways, held: set[Serving]) -> None:
        super().__init__()
        self._post = post
        self._ways = ways
        self._held = held
        self._asked = b""
        self._timer: asyncio.Handle | None = None
        self._busy = False
        self._left = 0
        self._paused = False

    def data_received(self, data: bytes) -> None:
        post = self._post
        if post.free_at is not None and data[:5] == b"POST ":
            post.gaps.append(perf_counter() - post.free_at)
            post.free_at = None
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._held.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._busy:
            self._busy = False
            self._post.gave()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._busy and self._timer is None:
            self._flat_out()

    def head(self, head: bytes) -> None:
        self._asked = head[:5]
        if self._asked == b"POST ":
            self._busy = True
            self._post.took()

    def over(self) -> None:
        ways = self._ways
        if self._asked != b"POST ":
            self._post.probes += 1
            models = json.dumps({"object": "list", "data": [{"id": self._post.model, "object": "model"}]}).encode()
            self.transport.write(_HEAD % len(models) + models)
        elif ways.service is None:
            self._held.add(self)
        elif ways.service > 0:
            secs = ways.service * (1 + ways.spread * ways.random.uniform(-1, 1))
            self._timer = asyncio.get_running_loop().call_later(secs, self.answer)
        else:
            self.answer()

    def answer(self) -> None:
        """Send the reply, or begin the stream."""
        self._timer = None
        if not self._busy:
            return
        ways = self._ways
        if not ways.chunks:
            self._end(reply(ways.size))
            return
        self.transport.write(_STREAM_HEAD)
        self._left = ways.chunks
        if ways.every > 0:
            # Streams that keep step would have events come in bursts.
            self._paced(asyncio.get_running_loop().time() + ways.every * ways.random.random(), first=True)
        else:
            self._flat_out()

    def _paced(self, due: float, *, first: bool = False) -> None:
        if not self._left:
            self._end(_STREAM_END)
            return
        if not first:
            self._left -= 1
            self._event()
            due += self._ways.every
        self._timer = asyncio.get_running_loop().call_at(due, self._paced, due)

    def _flat_out(self) -> None:
        self._timer = None
        for _ in range(min(self._left, AT_ONCE)):
            if self._paused or self.transport.is_closing():
                return
            self._left -= 1
            self._event()
        if self._left:
            self._timer = asyncio.get_running_loop().call_soon(self._flat_out)
        else:
            self._end(_STREAM_END)

    def _event(self) -> None:
        event = _EVENT % perf_counter()
        self.transport.write(b"%x\r\n%b\r\n" % (len(event), event))

    def _end(self, data: bytes) -> None:
        self._timer = None
        self._busy = False
        self._post.gave()
        self._post.served += 1
        self.transport.write(data)
        self._post.free_at = perf_counter()


def done(command: dict[str, Any], posts: list[Post], ways: Ways, held: set[Serving], since: list[float]) -> Any:
    """Do it, and say how it stands."""
    match command["do"]:
        case "set":
            for name, value in command["ways"].items():
                setattr(ways, name, value)
            if ways.service is not None:
                for one in [*held]:
                    held.discard(one)
                    one.answer()
        case "begin":
            since[0] = perf_counter()
            for post in posts:
                post.begin()
    secs = perf_counter() - since[0]
    for post in posts:
        if post.now:  # close the account of what is under way
            post.busy_secs += perf_counter() - post.busy_since
            post.busy_since = perf_counter()
    worked = [post for post in posts if post.served or post.now]
    return {
        "gaps": sorted(gap for post in posts for gap in post.gaps),
        "busy": sum(post.busy_secs for post in worked) / (len(worked) or 1) / secs,
        "most": max(post.most for post in posts),
        "served": sum(post.served for post in posts),
        "probed": sum(post.probes > 0 for post in posts),
    }


async def main(count: int, serving: int) -> None:
    """Be nodes until standard input ends; the first `serving` have the model that is asked for."""
    loop = asyncio.get_running_loop()
    posts = [Post(MODEL if number < serving else OTHER_MODEL) for number in range(count)]
    ways, held, since = Ways(), set[Serving](), [perf_counter()]
    servers = [
        await loop.create_server(partial(Serving, post, ways, held), "127.0.0.1", 0, backlog=4096) for post in posts
    ]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(json.dumps(done(json.loads(line), posts, ways, held, since)), flush=True)


if __name__ == "__main__":
    raise_descriptor_limit()
    run(main(int(sys.argv[1]), int(sys.argv[2])))
