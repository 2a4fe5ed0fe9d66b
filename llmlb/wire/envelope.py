"""How an error is said, to each family of clients: as a whole answer, and as the last event of a stream."""

from __future__ import annotations

from typing import Any

import msgspec

from llmlb.wire.endpoints import Family

# The types of OpenAI's own errors have `param`, which is null when no parameter is to blame. The queue's
# errors are documented without.
_WITH_PARAM = frozenset({"invalid_request_error", "server_error"})

_encode = msgspec.json.Encoder().encode


def envelope(family: Family, *, message: str, type: str, code: str | None, **extra: Any) -> bytes:
    """The JSON body of an error answer; `extra` stands beside `message` in it."""
    return _encode(_whole(family, message, type, code, extra))


def error_data(family: Family, *, message: str, type: str, code: str | None, number: int = 0) -> bytes:
    """The data of the event that says the error in a stream: a JSON object.

    `number`: the event's `sequence_number`, where the family's events have one.
    """
    whole = _whole(family, message, type, code, {})
    if family is Family.RESPONSES:
        # Documented flat; its SDKs raise an exception for the member `error` only.
        flat = {"type": "error", "code": code, "message": _sound(message), "param": None, "sequence_number": number}
        whole = flat | whole
    return _encode(whole)


def error_event(family: Family, data: bytes) -> bytes:
    """The server-sent event with this data. It can stand after a whole event (see `StreamEnd.closing`)."""
    return b"data: %b\n\n" % data if family is Family.OPENAI else b"event: error\ndata: %b\n\n" % data


def _whole(family: Family, message: str, type: str, code: str | None, extra: dict[str, Any]) -> dict[str, Any]:
    error: dict[str, Any] = {"message": _sound(message), "type": type}
    if family is Family.ANTHROPIC:
        return {"type": "error", "error": {**error, "code": code, **extra}}
    if type in _WITH_PARAM:
        error["param"] = None
    return {"error": {**error, "code": code, **extra}}


def _sound(message: str) -> str:
    """The message without the halves of surrogate pairs that a quoted name may have, and JSON may not."""
    return message.encode(errors="replace").decode()
