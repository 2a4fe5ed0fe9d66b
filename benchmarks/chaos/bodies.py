"""What clients send, and what nodes answer: the request's id is in every piece of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from benchmarks.chaos.script import CHAT, COMPLETIONS, MESSAGES, RESPONSES, SPEECH, Ask

BOUNDARY = "chaos-chaos-chaos"
ALIASES = {"gpt-x": "m"}
"""What nodes call a model that clients call otherwise."""
HUGE = 12_000_000
PIECE = 64 * 1024


def request_head(ask: Ask, length: int) -> bytes:
    """The head of the request."""
    path = "/api/pull" if ask.flaw == "other path" else ask.path
    kind = f"multipart/form-data; boundary={BOUNDARY}" if ask.path == SPEECH else "application/json"
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"X-Request-Id: {ask.id}", f"Content-Type: {kind}"]
    lines.append(f"x-api-key: key-{ask.key}" if ask.path == MESSAGES else f"Authorization: Bearer key-{ask.key}")
    if ask.flaw == "compressed":
        lines.append("Content-Encoding: gzip")
    return "\r\n".join([*lines, "Accept-Language: en", f"Content-Length: {length}", "", ""]).encode()


def request_body(ask: Ask, model: str | None = None) -> bytes:
    """The body of the request; with `model` in place of its own, as a node gets it that calls it so."""
    name = None if ask.flaw == "no model" else model or ask.model
    if ask.flaw == "no json":
        return b'{"model": "m", ' + _filler(ask.id, ask.size)
    if ask.path == SPEECH:
        return _form(ask, name)
    asked: dict[str, object] = {"request": ask.id} if name is None else {"request": ask.id, "model": name}
    if ask.stream:
        asked["stream"] = True
    text = _filler(ask.id, ask.size).decode()
    match ask.path:
        case "/v1/chat/completions" | "/v1/messages":
            asked |= {"messages": [{"role": "user", "content": text}], "max_tokens": 100}
        case "/v1/completions":
            asked["prompt"] = text
        case _:
            asked["input"] = text
    return json.dumps(asked).encode()


def events(ask: Ask, count: int) -> Iterator[bytes]:
    """The events of a streamed reply, the one that says its end last."""
    pieces = [f"{ask.id} w{number} " for number in range(count)]
    if ask.huge:
        pieces = [(ask.id + " ") * (PIECE // (len(ask.id) + 1))] * (HUGE // PIECE)
    for text in pieces:
        yield _event(ask, text)
    yield last_event(ask)


def last_event(ask: Ask) -> bytes:
    """How a stream says that it is whole."""
    match ask.path:
        case "/v1/messages":
            return b'event: message_stop\ndata: {"type": "message_stop"}\n\n'
        case "/v1/responses":
            return _named("response.completed", {"type": "response.completed", "response": {"id": ask.id}})
        case _:
            return b"data: [DONE]\n\n"


def plain(ask: Ask, words: int) -> bytes:
    """A plain reply."""
    text = _filler(ask.id, HUGE if ask.huge else 12 * words).decode()
    usage = {"prompt_tokens": ask.size // 4, "completion_tokens": words, "total_tokens": ask.size // 4 + words}
    return json.dumps({"id": ask.id, "choices": [{"text": text}], "usage": usage}).encode()


def _event(ask: Ask, text: str) -> bytes:
    if ask.path == CHAT:
        return _data({"id": ask.id, "choices": [{"index": 0, "delta": {"content": text}}]})
    if ask.path == COMPLETIONS:
        return _data({"id": ask.id, "choices": [{"index": 0, "text": text}]})
    if ask.path == RESPONSES:
        return _named("response.output_text.delta", {"type": "response.output_text.delta", "delta": text})
    delta = {"type": "text_delta", "text": text}
    return _named("content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta})


def _data(value: object) -> bytes:
    return b"data: %b\n\n" % json.dumps(value).encode()


def _named(name: str, value: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json.dumps(value).encode())


def _filler(id: str, size: int) -> bytes:
    word = id.encode() + b" "
    return (word * (size // len(word) + 1))[: max(size, len(word))]


def _form(ask: Ask, model: str | None) -> bytes:
    fields = {"request": ask.id} if model is None else {"request": ask.id, "model": model}
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    file = b'Content-Disposition: form-data; name="file"; filename="a.wav"\r\nContent-Type: audio/wav\r\n\r\n'
    return b"".join([*parts, b"--%b\r\n" % BOUNDARY.encode(), file, _filler(ask.id, ask.size), _END])


_END = f"\r\n--{BOUNDARY}--\r\n".encode()
