"""What a request asks for: the little that must be read of its body, and the body itself, untouched."""

from __future__ import annotations

import attrs

from llmlb.errors import Malformed
from llmlb.wire import json_body, multipart
from llmlb.wire.endpoints import Endpoint

ANY_MODEL = ""
"""The model of a call that names none, where none is required: every node will do."""

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0", ""})


@attrs.frozen
class Call:
    """One request as its client sent it. `body` holds exactly the client's bytes."""

    endpoint: Endpoint
    model: str
    stream: bool
    body: bytes = attrs.field(repr=False)
    content_type: str


def read_call(endpoint: Endpoint, content_type: str, body: bytes) -> Call:
    """Read a request of `endpoint`. Raises Malformed, which says in which way it cannot be understood.

    `content_type` matters for forms only. A model name is any text that is not empty: whether there is
    such a model is for others to say.
    """
    if endpoint.multipart:
        model, stream = _read_form(content_type, body)
    else:
        model, stream = json_body.read(body)
    if not model and endpoint.model_required:
        raise Malformed("no_model")
    return Call(endpoint, model or ANY_MODEL, stream, body, content_type)


def with_model(call: Call, model: str) -> bytes:
    """The call's body with `model` in place of the model it names, and every other byte as it was.

    A call that names no model has its body back unchanged.
    """
    if call.model == ANY_MODEL:
        return call.body
    if call.endpoint.multipart:
        start, end = multipart.fields(call.content_type, call.body, ("model",))["model"]
        written = multipart.written(model)
    else:
        start, end = json_body.span_of_model(call.body)
        written = json_body.written(model)
    whole = memoryview(call.body)
    return b"".join((whole[:start], written, whole[end:]))


def _read_form(content_type: str, body: bytes) -> tuple[str | None, bool]:
    spans = multipart.fields(content_type, body, ("model", "stream"))
    model = _text(body, spans["model"]) if "model" in spans else None
    stream = _text(body, spans["stream"]).strip().lower() if "stream" in spans else ""
    if stream in _TRUE:
        return model, True
    if stream in _FALSE:
        return model, False
    raise Malformed("bad_stream")


def _text(body: bytes, span: tuple[int, int]) -> str:
    start, end = span
    try:
        return body[start:end].decode()
    except UnicodeDecodeError as error:
        raise Malformed("not_utf8", offset=start + error.start) from None
