"""A node that does what a test tells it, over a real socket, in the manner of a transcript.

async with ScriptedNode(models=["m"]) as node:
    ...                                   # something makes the gateway send node.url a request
    request = await node.received()
    await request.start(headers={"Content-Type": "text/event-stream"})
    await request.event({"choices": []})
    request.reset()
"""

# ruff: noqa: ASYNC109 - the failure messages say how long was waited

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import msgspec

from llmlb.testing import http, kinds
from llmlb.testing.answers import Answer, AutoAnswer
from llmlb.testing.connection import Connection, Gone
from llmlb.testing.received import PATIENCE, Received
from llmlb.testing.waiting import within


class ScriptedNode:
    """An LLM node under a test's command. Everything it counts is since it was made.

    models         answered to GET /v1/models; change it at will
    models_status  with this status
    hang_probes    GETs are read and never answered while this is true
    kind           what it shows itself as: see `llmlb.testing.kinds`; "openai" has nothing but /v1/models
    loaded         the models that its kind tells to be loaded
    loading        whether it is llama.cpp that still loads its model
    pages          further GET answers: path -> (status, JSON value)
    probes         how often GET /v1/models came
    seen           every POST, in order, answered or not
    opened         connections ever opened; `connections` are open now
    serving        POSTs read whole whose reply has not ended and whose connection is open now
    most_at_once   the most that `serving` has ever been
    served         replies ended as `Received.end`, `reply` or a full length end them
    broken_input   what came that was no HTTP
    """

    def __init__(self, models: Iterable[str] = ("m",), host: str = "127.0.0.1", port: int = 0) -> None:
        self.models = list(models)
        self.models_status = 200
        self.hang_probes = False
        self.kind = "openai"
        self.loaded: list[str] = []
        self.loading = False
        self.pages: dict[str, tuple[int, object]] = {}
        self.host = host
        self.port = port
        self.probes = 0
        self.seen: list[Received] = []
        self.opened = 0
        self.most_at_once = 0
        self.served = 0
        self.broken_input: list[str] = []
        self._server: asyncio.Server | None = None
        self._connections: dict[Connection, Received | None] = {}
        self._waiting: deque[Received] = deque()
        self._news = asyncio.Event()
        self._answer: Answer | None = None
        self._tasks: dict[Received, asyncio.Task[None]] = {}
        self._failures: list[AssertionError] = []
        self._gets: set[asyncio.Task[None]] = set()

    @classmethod
    async def start(cls, models: Iterable[str] = ("m",), host: str = "127.0.0.1", port: int = 0) -> Self:
        """A node that listens; `stop()` it, or use it in `async with`."""
        node = cls(models, host, port)
        await node.listen_again()
        return node

    async def __aenter__(self) -> Self:
        if self._server is None:
            await self.listen_again()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without /v1."""
        return f"http://{self.host}:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    @property
    def serving(self) -> int:
        """How many POSTs are in service now."""
        return sum(request is not None for request in self._connections.values())

    @property
    def unread(self) -> int:
        """How many POSTs came that no `received()` has returned yet."""
        return len(self._waiting)

    async def received(self, timeout: float = PATIENCE) -> Received:
        """The next POST, in the order they came; AssertionError when none comes within `timeout` seconds."""
        await within(timeout, self._one_waiting(), lambda: f"a request reaches {self!r}")
        return self._waiting.popleft()

    def auto(
        self,
        reply: object = None,
        *,
        text: str = "ok",
        delay: float = 0.0,
        gap: float = 0.0,
        status: int = 200,
    ) -> None:
        """Answer every POST from now on, and those nobody has taken yet, without being told each time.

        With `reply` None in the shape of the path: `text`, word by word if the body has `stream` true, `delay`
        seconds before the first byte and `gap` between words. Anything else is sent as it is (JSON unless
        bytes or str) with `status`, after `delay`; an async function of the `Received` does what it likes.
        """
        self._answer = AutoAnswer(reply, text, delay, gap, status)
        while self._waiting:
            self._answer_now(self._waiting.popleft(), self._answer)

    def by_hand(self) -> None:
        """Take `auto` back: the POSTs from now on wait for `received()`."""
        self._answer = None

    def close_idle(self) -> None:
        """Close the connections that are kept alive and not in service."""
        for connection in [one for one in self._connections if not one.busy]:
            connection.close()

    def refuse(self) -> None:
        """Stop listening, so that connecting is refused, and reset every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.reset()

    async def listen_again(self) -> None:
        """Listen, on the same port as before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), self.host, self.port, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse, and forget what was going on. Raises the AssertionError that an answer of `auto` met."""
        self.refuse()
        tasks = [*self._tasks.values(), *self._gets]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(self._connections):
            await within(PATIENCE, connection.over(), lambda: "a connection ends after a reset")
        if self._failures:
            raise self._failures.pop(0)

    def __repr__(self) -> str:
        counts = f"posts={len(self.seen)} served={self.served} serving={self.serving} open={self.connections}"
        return f"<ScriptedNode {self.url} {counts}>"

    # What its connections tell it.

    def connected(self, connection: Connection) -> None:
        """The gateway opened a connection."""
        self.opened += 1
        self._connections[connection] = None

    def arrived(self, connection: Connection, request: http.Request) -> None:
        """A whole request was read."""
        if request.method == "GET":
            self._probe(connection, Received(connection, request, lambda _: None))
            return
        received = Received(connection, request, lambda complete: self._ended(connection, complete))
        self._connections[connection] = received
        self.most_at_once = max(self.most_at_once, self.serving)
        self.seen.append(received)
        if self._answer is None:
            self._waiting.append(received)
            self._news.set()
        else:
            self._answer_now(received, self._answer)

    def broken(self, reason: str) -> None:
        """Something came that is no HTTP."""
        self.broken_input.append(reason)

    def lost(self, connection: Connection) -> None:
        """A connection is over."""
        request = self._connections.pop(connection, None)
        if request is not None:
            request.in_service = False
            if request in self._tasks:
                self._tasks.pop(request).cancel()

    def _ended(self, connection: Connection, complete: bool) -> None:
        request = self._connections.get(connection)
        if request is not None:
            self.served += complete
            request.in_service = False
            self._connections[connection] = None

    async def _one_waiting(self) -> None:
        while not self._waiting:
            self._news.clear()
            await self._news.wait()

    def _answer_now(self, request: Received, answer: Answer) -> None:
        async def run() -> None:
            try:
                await answer(request)
            except Gone:
                pass
            except AssertionError as failure:
                self._failures.append(failure)
            finally:
                self._tasks.pop(request, None)

        if request.in_service:
            self._tasks[request] = asyncio.create_task(run())

    def _probe(self, connection: Connection, request: Received) -> None:
        path = request.path.partition("?")[0]
        self.probes += path == "/v1/models"
        if self.hang_probes:
            return
        status, content = self._page(path)
        task = asyncio.create_task(request.reply(content, status))
        self._gets.add(task)
        task.add_done_callback(self._gets.discard)

    def _page(self, path: str) -> tuple[int, Any]:
        if path in self.pages:
            return self.pages[path]
        answer = kinds.page(self.kind, path, self.models, self.loaded, self.loading)
        if answer is None:
            return 404, msgspec.Raw(b'{"error": {"message": "not found", "type": "invalid_request_error"}}')
        return (self.models_status if path == "/v1/models" else answer[0]), answer[1]
