"""A simulated node: an OpenAI-compatible server that takes its time like a real one, one request at a time.

Alone: python -m llmlb.demo.node --port 9001 --model llama-3.2-1b --tokens-per-second 40
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from aiohttp import web

from llmlb.clock import Clock, LoopClock
from llmlb.demo import asked as ask
from llmlb.demo import embedding, prose
from llmlb.demo.asked import Asked, Object, Stamp, Wrong
from llmlb.demo.chat import Chat, Completions
from llmlb.demo.messages import Messages
from llmlb.demo.pace import pause_until
from llmlb.demo.replies import Family, in_json, refusal, unknown_model
from llmlb.demo.responses import Responses
from llmlb.demo.schema import example

_LARGEST_BODY = 64 * 1024**2


class SimulatedNode:
    """Answers chat, completions, responses, messages, embeddings and models, with text it makes up.

    tokens_per_second         how fast it talks
    prefill_chars_per_second  how fast it reads a prompt before the first token
    first_token_secs          what the first token takes even without a prompt
    served, refused, left     requests answered whole; answered 429 because another was in service; left by the client
    """

    def __init__(
        self,
        name: str,
        models: Sequence[str],
        tokens_per_second: float = 40.0,
        prefill_chars_per_second: float = 2000.0,
        first_token_secs: float = 0.2,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.models = tuple(models)
        self.served = 0
        self.refused = 0
        self.left = 0
        self.busy = False
        self._token_secs = 1.0 / tokens_per_second
        self._char_secs = 1.0 / prefill_chars_per_second
        self._first_token_secs = first_token_secs
        self._clock = clock
        self._asked_so_far = 0
        self._runner: web.AppRunner | None = None
        self._address = ("", 0)

    @property
    def url(self) -> str:
        """Where it listens, without /v1."""
        return f"http://{self._address[0]}:{self._address[1]}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes any free one. Raises OSError."""
        self._clock = self._clock or LoopClock()
        # Cancelling the handler is how a client that leaves stops the generation.
        self._runner = web.AppRunner(
            self._app(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1, keepalive_timeout=3600
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.stop()
            raise
        self._address = (host, self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more, and drop what is in service."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_get("/v1/models", self._list)
        app.router.add_get("/v1/models/{model:.+}", self._show)
        app.router.add_post("/v1/embeddings", self._embed)
        families: dict[str, Family] = {
            "/v1/chat/completions": Chat(),
            "/v1/completions": Completions(),
            "/v1/responses": Responses(),
            "/v1/messages": Messages(),
        }
        for path, family in families.items():
            app.router.add_post(path, self._talking(family))
        app.router.add_route("*", "/{path:.*}", self._nothing_here)
        return app

    async def _list(self, _: web.Request) -> web.Response:
        return in_json({"object": "list", "data": [self._model(name) for name in self.models]})

    async def _show(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        return in_json(self._model(name)) if name in self.models else refusal(request, unknown_model(name))

    async def _nothing_here(self, request: web.Request) -> web.Response:
        return refusal(request, Wrong(f"Invalid URL ({request.method} {request.path})", status=404))

    async def _embed(self, request: web.Request) -> web.StreamResponse:
        try:
            asked = embedding.read(ask.parse(await request.read()))
            self._check(asked.model)
        except Wrong as wrong:
            return refusal(request, wrong)
        if self.busy:
            return self._busy_answer(request)
        with self._slot():
            await self._read("".join(asked.texts))
            return in_json(embedding.answer(asked))

    def _talking(self, family: Family) -> Any:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                asked = family.read(ask.parse(await request.read()))
                self._check(asked.model)
            except Wrong as wrong:
                return refusal(request, wrong)
            if self.busy:
                return self._busy_answer(request)
            return await self._talk(request, family, asked)

        return handler

    async def _talk(self, request: web.Request, family: Family, asked: Asked) -> web.StreamResponse:
        said = ask.say(asked, _text(asked))
        self._asked_so_far += 1
        stamp = Stamp(f"{self.name}-{self._asked_so_far}", int(self._time.wall()))
        with self._slot():
            await self._read(asked.everything)
            started = self._time.now()
            if not asked.stream:
                await self._made(started, len(said.tokens))
                return in_json(family.answer(asked, said, stamp))
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
            await response.prepare(request)
            for event in family.events(asked, said, stamp):
                await self._made(started, event.tokens)
                await response.write(event.data)
        # The slot is free before the end is on the wire: who reads it may send the next request at once.
        await response.write_eof()
        return response

    @property
    def _time(self) -> Clock:
        assert self._clock is not None
        return self._clock

    @contextmanager
    def _slot(self) -> Iterator[None]:
        self.busy = True
        try:
            yield
        except (asyncio.CancelledError, ConnectionError):
            self.left += 1
            raise
        else:
            self.served += 1
        finally:
            self.busy = False

    async def _read(self, prompt: str) -> None:
        await pause_until(self._time, self._time.now() + self._first_token_secs + len(prompt) * self._char_secs)

    async def _made(self, started: float, tokens: int) -> None:
        # The first token comes with the end of the reading.
        await pause_until(self._time, started + (tokens - 1) * self._token_secs)

    def _check(self, model: str) -> None:
        if model not in self.models:
            raise unknown_model(model)

    def _model(self, name: str) -> Object:
        return {"id": name, "object": "model", "created": 0, "owned_by": self.name}

    def _busy_answer(self, request: web.Request) -> web.Response:
        self.refused += 1
        busy = Wrong("This node answers one request at a time.", status=429, code="rate_limit_exceeded")
        return refusal(request, busy, {"Retry-After": "1"})


def _text(asked: Asked) -> str:
    if asked.function is None:
        return prose.compose(asked.prompt)
    return msgspec.json.encode(example(asked.function.get("parameters", {"type": "object"}), asked.prompt)).decode()


async def _run(node: SimulatedNode, host: str, port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await node.start(host, port)
    print(f"{node.name}: {node.url} ({', '.join(node.models)})", flush=True)
    await stopped.wait()
    await node.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one node until SIGINT or SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser("python -m llmlb.demo.node", description="Run a simulated LLM node.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=9001, help="0 takes any free port (default: 9001)")
    parser.add_argument("--name", default="simulated", help="its name in the replies' ids (default: simulated)")
    parser.add_argument(
        "--model",
        action="append",
        metavar="NAME",
        help="may be given more than once (default: llama-3.2-1b)",
    )
    parser.add_argument(
        "--tokens-per-second", type=_positive, default=40.0, metavar="N", help="speed of a reply (default: 40)"
    )
    prefill = "how fast a prompt is read before the first token (default: 2000)"
    parser.add_argument("--prefill-chars-per-second", type=_positive, default=2000.0, metavar="N", help=prefill)
    given = parser.parse_args(arguments)
    models = given.model or ["llama-3.2-1b"]
    node = SimulatedNode(given.name, models, given.tokens_per_second, given.prefill_chars_per_second)
    try:
        asyncio.run(_run(node, given.host, given.port))
    except OSError as why:
        print(f"cannot listen on {given.host}:{given.port}: {why.strerror}", file=sys.stderr)
        return 1
    return 0


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


if __name__ == "__main__":
    sys.exit(main())
