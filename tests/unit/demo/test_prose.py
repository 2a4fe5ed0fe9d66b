"""What a simulated model says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.demo import prose


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(prose.tokens(text)) == text


def test_tokens_are_words_in_english_and_a_character_or_two_in_japanese() -> None:
    assert prose.tokens("Don't wait, go.") == ["Don't", " wait", ",", " go", "."]
    assert prose.tokens("公平な列。") == ["公平", "な列", "。"]


@pytest.mark.parametrize(("prompt", "tongue"), [("Hello", "en"), ("Pythonについて", "ja"), ("漢字", "ja"), ("", "en")])
def test_the_answer_is_in_the_language_of_the_prompt(prompt: str, tongue: str) -> None:
    assert prose.language(prompt) == tongue
    assert prose.language(prose.compose(prompt)[len(prompt) + 12 :]) == tongue


def test_the_same_prompt_gets_the_same_answer_and_another_another() -> None:
    assert prose.compose("Hello") == prose.compose("Hello")
    assert prose.compose("Hello")[20:] != prose.compose("Goodbye")[20:]


@given(st.text())
def test_any_prompt_is_quoted_briefly_and_answered_at_some_length(prompt: str) -> None:
    answer = prose.compose(prompt)
    assert 50 < len(answer) < 900
    assert len(prose.tokens(answer)) > 20
