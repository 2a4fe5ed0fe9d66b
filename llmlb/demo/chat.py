"""/v1/chat/completions and /v1/completions as a simulated node answers them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmlb.demo import asked as ask
from llmlb.demo.asked import Asked, Event, Object, Said, Stamp, Wrong


class Chat:
    """/v1/chat/completions."""

    def read(self, value: Object) -> Asked:
        """What is asked for. Raises Wrong."""
        prompt, everything = ask.last_prompt(value.get("messages"), "messages")
        limit = ask.whole(value, "max_tokens")
        newer = ask.whole(value, "max_completion_tokens")
        return _asked(value, prompt, everything, newer or limit, _forced(value))

    def answer(self, asked: Asked, said: Said, stamp: Stamp) -> Object:
        """The whole answer."""
        message: Object = {"role": "assistant", "content": said.text, "refusal": None}
        finish = said.finish
        if asked.function is not None:
            message["content"] = None
            message["tool_calls"] = [_call(asked.function, said.text, stamp)]
            finish = "tool_calls" if said.complete else finish
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return _frame("chatcmpl", "chat.completion", asked, stamp) | {"choices": [choice], "usage": said.usage}

    def events(self, asked: Asked, said: Said, stamp: Stamp) -> Iterator[Event]:
        """The answer as a stream."""
        frame = _frame("chatcmpl", "chat.completion.chunk", asked, stamp)
        finish = said.finish
        if asked.function is None:
            deltas: list[Object] = [{"content": piece} for piece in said.tokens]
            start: Object = {"role": "assistant", "content": ""}
        else:
            deltas = [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in said.tokens]
            start = {"role": "assistant", "content": None}
            start["tool_calls"] = [{"index": 0} | _call(asked.function, "", stamp)]
            finish = "tool_calls" if said.complete else finish

        def choices(delta: Object, reason: str | None = None) -> list[Object]:
            return [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}]

        yield from _stream(frame, asked, said, choices(start), [choices(each) for each in deltas], choices({}, finish))


class Completions:
    """/v1/completions."""

    def read(self, value: Object) -> Asked:
        """What is asked for. Raises Wrong."""
        prompt = value.get("prompt")
        if isinstance(prompt, list) and len(prompt) == 1:
            prompt = prompt[0]
        if not isinstance(prompt, str):
            raise Wrong("'prompt' must be one string.", "prompt")
        return _asked(value, prompt, prompt, ask.whole(value, "max_tokens"), None)

    def answer(self, asked: Asked, said: Said, stamp: Stamp) -> Object:
        """The whole answer."""
        frame = _frame("cmpl", "text_completion", asked, stamp)
        return frame | {"choices": self._choices(said.text, said.finish), "usage": said.usage}

    def events(self, asked: Asked, said: Said, stamp: Stamp) -> Iterator[Event]:
        """The answer as a stream."""
        frame = _frame("cmpl", "text_completion", asked, stamp)
        pieces = [self._choices(piece) for piece in said.tokens]
        yield from _stream(frame, asked, said, None, pieces, self._choices("", said.finish))

    def _choices(self, text: str, finish: str | None = None) -> list[Object]:
        return [{"index": 0, "text": text, "logprobs": None, "finish_reason": finish}]


def _asked(value: Object, prompt: str, everything: str, limit: int | None, function: Object | None) -> Asked:
    stream = ask.flag(value, "stream")
    options = value.get("stream_options")
    if options is not None and (not stream or not isinstance(options, dict)):
        raise Wrong("'stream_options' must be an object, and only when 'stream' is true.", "stream_options")
    ask.number(value, "temperature", 0, 2)
    ask.number(value, "top_p", 0, 1)
    ask.whole(value, "n", 1, 1)
    usage = ask.flag(options, "include_usage") if options else False
    return Asked(ask.model(value), prompt, everything, stream, limit, ask.stops(value, "stop"), usage, function)


def _forced(value: Object) -> Object | None:
    tools, choice = value.get("tools"), value.get("tool_choice")
    if tools is None:
        return None
    functions: dict[str, Object] = {}
    for number, tool in enumerate(tools if isinstance(tools, list) else [tools]):
        function: Any = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Wrong(f"'tools[{number}]' must be a function with a name.", f"tools[{number}]")
        functions[function["name"]] = function
    if choice == "required" and functions:
        return next(iter(functions.values()))
    if isinstance(choice, dict):
        chosen = choice.get("function")
        name = chosen.get("name") if isinstance(chosen, dict) else None
        if not isinstance(name, str) or name not in functions:
            raise Wrong("'tool_choice' names none of the tools.", "tool_choice")
        return functions[name]
    return None


def _call(function: Object, arguments: str, stamp: Stamp) -> Object:
    called = {"name": function["name"], "arguments": arguments}
    return {"id": f"call_{stamp.number}", "type": "function", "function": called}


def _frame(prefix: str, kind: str, asked: Asked, stamp: Stamp) -> Object:
    return {"id": f"{prefix}-{stamp.number}", "object": kind, "created": stamp.created, "model": asked.model}


def _stream(
    frame: Object,
    asked: Asked,
    said: Said,
    start: list[Object] | None,
    pieces: list[list[Object]],
    last: list[Object],
) -> Iterator[Event]:
    # Whoever asks for the usage gets it in a chunk of its own at the end, and null in every chunk before it.
    none: Object = {"usage": None} if asked.include_usage else {}
    if start is not None:
        yield Event.of(frame | {"choices": start} | none, 1)
    for made, choices in enumerate(pieces, 1):
        yield Event.of(frame | {"choices": choices} | none, made)
    yield Event.of(frame | {"choices": last} | none, len(pieces))
    if asked.include_usage:
        yield Event.of(frame | {"choices": [], "usage": said.usage}, len(pieces))
    yield Event.of("[DONE]", len(pieces))
