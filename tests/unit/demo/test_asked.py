"""Reading the parameters of requests."""

from __future__ import annotations

from typing import Any

import pytest

from llmlb.demo import embedding
from llmlb.demo.asked import Asked, Wrong, parse, say
from llmlb.demo.chat import Chat, Completions
from llmlb.demo.messages import Messages
from llmlb.demo.responses import Responses

HELLO = [{"role": "user", "content": "Hello"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_wrong(body: bytes) -> None:
    with pytest.raises(Wrong):
        parse(body)


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": ["hi"]}, "messages[0]"),
        ({"messages": [{"content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"stream": 1}, "stream"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"max_completion_tokens": 1.5}, "max_completion_tokens"),
        ({"temperature": 2.1}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"n": 2}, "n"),
        ({"stop": [1]}, "stop"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": {"include_usage": "yes"}}, "include_usage"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}}, "tool_choice"),
    ],
)
def test_a_wrong_parameter_of_a_chat_is_named(change: dict[str, Any], param: str) -> None:
    with pytest.raises(Wrong) as caught:
        Chat().read({"model": "m", "messages": HELLO} | change)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_wrong_parameters_of_the_other_ways_to_ask_are_named() -> None:
    for read, value, param in (
        (Completions().read, {"model": "m", "prompt": ["a", "b"]}, "prompt"),
        (Responses().read, {"model": "m"}, "input"),
        (Messages().read, {"model": "m", "messages": HELLO}, "max_tokens"),
        (embedding.read, {"model": "m", "input": []}, "input"),
        (embedding.read, {"model": "m", "input": "a", "encoding_format": "hex"}, "encoding_format"),
    ):
        with pytest.raises(Wrong) as caught:
            read(value)
        assert caught.value.param == param


def test_a_list_of_one_prompt_is_a_prompt() -> None:
    assert Completions().read({"model": "m", "prompt": ["one"]}).prompt == "one"


def test_the_last_words_of_the_user_are_the_prompt_and_all_words_are_read() -> None:
    parts = [{"type": "text", "text": "What is"}, {"type": "image_url"}, {"type": "text", "text": "this?"}]
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": parts}]
    messages.append({"role": "assistant", "content": None})
    asked = Chat().read({"model": "m", "messages": messages})
    assert asked.prompt == "What is this?"
    assert "Be kind." in asked.everything


def test_the_newer_limit_wins_and_no_tool_is_called_unless_forced() -> None:
    value = {"model": "m", "messages": HELLO, "max_tokens": 5, "max_completion_tokens": 3, "tools": [TOOL]}
    assert Chat().read(value).limit == 3
    assert Chat().read(value | {"tool_choice": "auto"}).function is None
    assert Chat().read(value | {"tool_choice": "required"}).function == TOOL["function"]


def test_an_answer_is_cut_at_the_stop_and_at_the_limit() -> None:
    asked = Asked("m", "p", "two words", limit=3, stop=("END",))
    assert say(asked, "one two three four").text == "one two three"
    assert say(asked, "one two three four").finish == "length"
    assert say(asked, "one two END three").tokens == ["one", " two", " "]
    assert say(asked, "one two END three").finish == "stop"
    assert say(asked, "one").usage == {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
