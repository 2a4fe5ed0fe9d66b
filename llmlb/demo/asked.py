"""Reading the parameters of a request: what a simulated node needs of them, and what is wrong with them."""

from __future__ import annotations

from typing import Any

import attrs
import msgspec

from llmlb.demo import prose

Object = dict[str, Any]


class Wrong(Exception):
    """A request that cannot be answered as it is. `param` names what is wrong with it."""

    def __init__(self, message: str, param: str | None = None, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.status = status
        self.code = code


@attrs.frozen
class Asked:
    """What was asked for: a model, a prompt, how much of an answer, and in what way."""

    model: str
    prompt: str
    everything: str
    """All the text the model has to read, `prompt` included."""
    stream: bool = False
    limit: int | None = None
    stop: tuple[str, ...] = ()
    include_usage: bool = False
    function: Object | None = None
    """The function that must be called: its `name` and, perhaps, `parameters` as a JSON schema."""


@attrs.frozen
class Stamp:
    """What tells one answer from another."""

    number: str
    created: int
    """Seconds since 1970."""


@attrs.frozen
class Said:
    """What the model answers: its tokens, and whether it came to its own end or to the limit asked for."""

    prompt_tokens: int
    tokens: list[str]
    complete: bool

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)

    @property
    def finish(self) -> str:
        """OpenAI's reason for the end."""
        return "stop" if self.complete else "length"

    @property
    def usage(self) -> Object:
        """OpenAI's count of tokens."""
        total = self.prompt_tokens + len(self.tokens)
        return {"prompt_tokens": self.prompt_tokens, "completion_tokens": len(self.tokens), "total_tokens": total}


@attrs.frozen
class Event:
    """One server-sent event, and how many tokens must have been made before it can be sent."""

    data: bytes
    tokens: int

    @classmethod
    def of(cls, value: object, tokens: int, name: str | None = None) -> Event:
        """`value` as JSON (a str as it is) in the data line, below the event's name if it has one."""
        data = value.encode() if isinstance(value, str) else msgspec.json.encode(value)
        return cls((b"" if name is None else f"event: {name}\n".encode()) + b"data: " + data + b"\n\n", tokens)


def parse(body: bytes) -> Object:
    """The JSON object in `body`. Raises Wrong."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise Wrong(f"We could not parse the JSON body of your request: {why}") from None
    if not isinstance(value, dict):
        raise Wrong("The JSON body of your request must be an object.")
    return value


def say(asked: Asked, text: str) -> Said:
    """`text` as the answer to `asked`: cut at the first stop sequence, then at the limit of tokens."""
    for stop in asked.stop:
        text = text.partition(stop)[0]
    pieces = prose.tokens(text)
    complete = asked.limit is None or len(pieces) <= asked.limit
    return Said(len(prose.tokens(asked.everything)), pieces if complete else pieces[: asked.limit], complete)


def model(value: Object) -> str:
    """The model asked for. Raises Wrong."""
    name = value.get("model")
    if not isinstance(name, str) or not name:
        raise Wrong("You must provide a model parameter.", "model")
    return name


def flag(value: Object, name: str) -> bool:
    """An optional true or false; left out or null it is false. Raises Wrong."""
    given = value.get(name)
    if not isinstance(given, bool | None):
        raise Wrong(f"'{name}' must be true or false.", name)
    return bool(given)


def whole(value: Object, name: str, least: int = 1, most: int = 1_000_000) -> int | None:
    """An optional whole number within bounds. Raises Wrong."""
    given = value.get(name)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise Wrong(f"'{name}' must be a whole number from {least} to {most}.", name)
    return given


def number(value: Object, name: str, least: float, most: float) -> None:
    """Check an optional number, which a simulated model has no use for. Raises Wrong."""
    given = value.get(name)
    if given is None:
        return
    if isinstance(given, bool) or not isinstance(given, int | float) or not least <= given <= most:
        raise Wrong(f"'{name}' must be a number from {least:g} to {most:g}.", name)


def stops(value: Object, name: str) -> tuple[str, ...]:
    """An optional string or list of strings at which the answer ends. Raises Wrong."""
    given = value.get(name)
    given = [given] if isinstance(given, str) else given or []
    if not isinstance(given, list) or not all(isinstance(each, str) and each for each in given):
        raise Wrong(f"'{name}' must be a string or a list of strings.", name)
    return tuple(given)


def content_text(content: object, name: str) -> str:
    """The text of a message's content: a string, nothing, or a list of parts of which some have text. Raises Wrong."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        return " ".join(part["text"] for part in content if isinstance(part.get("text"), str))
    raise Wrong(f"'{name}' must be a string or a list of parts.", name)


def last_prompt(messages: object, name: str) -> tuple[str, str]:
    """The text of the last message of the user, and all text there is. Raises Wrong."""
    if not isinstance(messages, list) or not messages:
        raise Wrong(f"'{name}' must be a list of at least one message.", name)
    last, everything = "", []
    for number_, message in enumerate(messages):
        where = f"{name}[{number_}]"
        if not isinstance(message, dict):
            raise Wrong(f"'{where}' must be an object.", where)
        if not isinstance(message.get("role"), str):
            raise Wrong(f"'{where}.role' must be a string.", f"{where}.role")
        text = content_text(message.get("content"), f"{where}.content")
        everything.append(text)
        if message["role"] == "user":
            last = text
    return last or everything[-1], "\n".join(everything)
