"""Answers of a simulated node: what each way of asking must offer, JSON, and refusals in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec
from aiohttp import web

from llmlb.demo.asked import Asked, Event, Object, Said, Stamp, Wrong


class Family(Protocol):
    """One way to ask for text and to answer."""

    def read(self, value: Object) -> Asked:
        """What is asked for. Raises Wrong."""

    def answer(self, asked: Asked, said: Said, stamp: Stamp) -> Object:
        """The whole answer."""

    def events(self, asked: Asked, said: Said, stamp: Stamp) -> Iterator[Event]:
        """The answer as a stream."""


def in_json(value: object, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """`value` as a JSON answer."""
    data = msgspec.json.encode(value)
    return web.Response(body=data, status=status, headers=headers, content_type="application/json")


def refusal(request: web.Request, wrong: Wrong, headers: dict[str, str] | None = None) -> web.Response:
    """What is wrong, in the shape that clients of OpenAI (and, on its own path, of Anthropic) expect."""
    kind = "rate_limit_error" if wrong.status == 429 else "invalid_request_error"
    error = {"message": wrong.message, "type": kind, "param": wrong.param, "code": wrong.code}
    form = {"type": "error"} if request.path == "/v1/messages" else {}
    return in_json(form | {"error": error}, wrong.status, headers)


def unknown_model(name: str) -> Wrong:
    """The refusal of a model that the node does not have."""
    return Wrong(f"The model '{name[:100]}' does not exist.", "model", 404, "model_not_found")
