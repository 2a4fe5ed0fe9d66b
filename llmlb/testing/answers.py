"""What a scripted node says by itself: a small answer in the shape of the path that was asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import msgspec

from llmlb.testing.received import Received
from llmlb.testing.waiting import pause

Answer = Callable[[Received], Awaitable[None]]
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


@attrs.frozen
class AutoAnswer:
    """See `ScriptedNode.auto`."""

    reply: object
    text: str
    delay: float
    gap: float
    status: int

    async def __call__(self, request: Received) -> None:
        """Answer `request`. Raises Gone when the gateway leaves meanwhile."""
        if callable(self.reply):
            await self.reply(request)
            return
        await pause(self.delay)
        if self.reply is not None:
            await request.reply(self.reply, self.status)
            return
        asked = _object(request.body)
        if asked.get("stream") is True:
            await self._stream(request, asked)
        else:
            await request.reply(whole(request.path, asked, self.text))

    async def _stream(self, request: Received, asked: dict[str, Any]) -> None:
        await request.start(headers={"Content-Type": "text/event-stream"}, chunked=True)
        words = self.text.split(" ")
        for number, word in enumerate(words):
            if number:
                await pause(self.gap)
            await request.event(piece(request.path, asked, word + " " * (number < len(words) - 1)))
        await request.event(piece(request.path, asked, None))
        await request.send(b"data: [DONE]\n\n")
        await request.end()


def whole(path: str, asked: dict[str, Any], text: str) -> dict[str, Any]:
    """A complete answer to `asked` on `path`; a text completion on a path it does not know."""
    model = {"model": asked.get("model", "m")}
    answer: dict[str, Any]
    if path.endswith("/embeddings"):
        data = [{"object": "embedding", "index": 0, "embedding": [0.0, 1.0]}]
        return model | {"object": "list", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    if path.endswith("/messages"):
        answer = {"id": "msg_1", "type": "message", "role": "assistant", "stop_reason": "end_turn"}
        content = [{"type": "text", "text": text}]
        return model | answer | {"content": content, "usage": {"input_tokens": 1, "output_tokens": 1}}
    if path.endswith("/responses"):
        answer = {"id": "resp_1", "object": "response", "created_at": 0, "status": "completed"}
        said = [{"type": "output_text", "text": text, "annotations": []}]
        message = {
            "type": "message",
            "id": "msg_1",
            "status": "completed",
            "role": "assistant",
            "content": said,
        }
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        return model | answer | {"output": [message], "usage": usage}
    answer = {"id": "cmpl-1", "object": "text_completion", "created": 0, "usage": USAGE}
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop"}
    if path.endswith("/chat/completions"):
        choice["message"] = {"role": "assistant", "content": text}
        return model | answer | {"object": "chat.completion", "choices": [choice]}
    return model | answer | {"choices": [choice | {"text": text, "logprobs": None}]}


def piece(path: str, asked: dict[str, Any], text: str | None) -> dict[str, Any]:
    """One event of a streamed answer; text None is the one that says why it stopped."""
    finish = "stop" if text is None else None
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
    if path.endswith("/chat/completions"):
        choice["delta"] = {} if text is None else {"content": text}
        kind = "chat.completion.chunk"
    else:
        choice["text"] = text or ""
        kind = "text_completion"
    model = asked.get("model", "m")
    return {"id": "cmpl-1", "object": kind, "created": 0, "model": model, "choices": [choice]}


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return value if isinstance(value, dict) else {}
