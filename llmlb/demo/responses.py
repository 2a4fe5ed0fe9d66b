"""/v1/responses as a simulated node answers it."""

from __future__ import annotations

from collections.abc import Iterator

from llmlb.demo import asked as ask
from llmlb.demo.asked import Asked, Event, Object, Said, Stamp


class Responses:
    """/v1/responses."""

    def read(self, value: Object) -> Asked:
        """What is asked for. Raises Wrong."""
        given = value.get("input")
        prompt, everything = (given, given) if isinstance(given, str) else ask.last_prompt(given, "input")
        told = ask.content_text(value.get("instructions"), "instructions")
        ask.number(value, "temperature", 0, 2)
        limit = ask.whole(value, "max_output_tokens")
        return Asked(ask.model(value), prompt, told + everything, ask.flag(value, "stream"), limit)

    def answer(self, asked: Asked, said: Said, stamp: Stamp) -> Object:
        """The whole answer."""
        usage = {
            "input_tokens": said.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": len(said.tokens),
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.prompt_tokens + len(said.tokens),
        }
        status = "completed" if said.complete else "incomplete"
        details = None if said.complete else {"reason": "max_output_tokens"}
        ended = {"output": [_message(said, stamp, status)], "usage": usage, "incomplete_details": details}
        return _frame(asked, stamp, status) | ended

    def events(self, asked: Asked, said: Said, stamp: Stamp) -> Iterator[Event]:
        """The answer as a stream."""
        number = 0

        def event(kind: str, made: int, **values: object) -> Event:
            nonlocal number
            number += 1
            return Event.of({"type": kind, "sequence_number": number - 1} | values, made, kind)

        total = len(said.tokens)
        begun = _frame(asked, stamp, "in_progress")
        empty = _message(said, stamp, "in_progress") | {"content": []}
        done = self.answer(asked, said, stamp)
        item = {"item_id": empty["id"], "output_index": 0, "content_index": 0}
        yield event("response.created", 1, response=begun)
        yield event("response.in_progress", 1, response=begun)
        yield event("response.output_item.added", 1, output_index=0, item=empty)
        yield event("response.content_part.added", 1, **item, part=_part(""))
        for made, piece in enumerate(said.tokens, 1):
            yield event("response.output_text.delta", made, **item, delta=piece, logprobs=[])
        yield event("response.output_text.done", total, **item, text=said.text, logprobs=[])
        yield event("response.content_part.done", total, **item, part=_part(said.text))
        yield event("response.output_item.done", total, output_index=0, item=done["output"][0])
        yield event(f"response.{done['status']}", total, response=done)


def _part(text: str) -> Object:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _message(said: Said, stamp: Stamp, status: str) -> Object:
    common = {"id": f"msg_{stamp.number}", "type": "message", "role": "assistant"}
    return common | {"status": status, "content": [_part(said.text)]}


def _frame(asked: Asked, stamp: Stamp, status: str) -> Object:
    return {
        "id": f"resp_{stamp.number}",
        "object": "response",
        "created_at": stamp.created,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": asked.model,
        "output": [],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
    }
