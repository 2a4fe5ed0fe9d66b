"""/v1/messages, in Anthropic's form, as a simulated node answers it."""

from __future__ import annotations

from collections.abc import Iterator

from llmlb.demo import asked as ask
from llmlb.demo.asked import Asked, Event, Object, Said, Stamp, Wrong


class Messages:
    """/v1/messages."""

    def read(self, value: Object) -> Asked:
        """What is asked for. Raises Wrong."""
        prompt, everything = ask.last_prompt(value.get("messages"), "messages")
        told = ask.content_text(value.get("system"), "system")
        limit = ask.whole(value, "max_tokens")
        if limit is None:
            raise Wrong("'max_tokens' is required.", "max_tokens")
        ask.number(value, "temperature", 0, 1)
        stops = ask.stops(value, "stop_sequences")
        return Asked(ask.model(value), prompt, told + everything, ask.flag(value, "stream"), limit, stops)

    def answer(self, asked: Asked, said: Said, stamp: Stamp) -> Object:
        """The whole answer."""
        content = [{"type": "text", "text": said.text}]
        usage = {"input_tokens": said.prompt_tokens, "output_tokens": len(said.tokens)}
        return _message(asked, stamp) | {"content": content, "stop_reason": _reason(said), "usage": usage}

    def events(self, asked: Asked, said: Said, stamp: Stamp) -> Iterator[Event]:
        """The answer as a stream."""

        def event(kind: str, made: int, **values: object) -> Event:
            return Event.of({"type": kind} | values, made, kind)

        total = len(said.tokens)
        usage = {"input_tokens": said.prompt_tokens, "output_tokens": 1}
        begun = _message(asked, stamp) | {"content": [], "stop_reason": None, "usage": usage}
        yield event("message_start", 1, message=begun)
        yield event("content_block_start", 1, index=0, content_block={"type": "text", "text": ""})
        for made, piece in enumerate(said.tokens, 1):
            yield event("content_block_delta", made, index=0, delta={"type": "text_delta", "text": piece})
        yield event("content_block_stop", total, index=0)
        ended = {"stop_reason": _reason(said), "stop_sequence": None}
        yield event("message_delta", total, delta=ended, usage={"output_tokens": total})
        yield event("message_stop", total)


def _reason(said: Said) -> str:
    return "end_turn" if said.complete else "max_tokens"


def _message(asked: Asked, stamp: Stamp) -> Object:
    common = {"id": f"msg_{stamp.number}", "type": "message", "role": "assistant"}
    return common | {"model": asked.model, "stop_sequence": None}
