"""The sentences a client can read."""

from __future__ import annotations

import re

import pytest

from llmlb.errors import QueueFull, QueueTimeout, Refusal
from llmlb.messages import Locale, text


@pytest.mark.parametrize(
    ("refusal", "locale", "said"),
    [
        (QueueFull(1), "en", "The queue is full. Please try again in 1 second."),
        (QueueFull(2), "en", "The queue is full. Please try again in 2 seconds."),
        (QueueFull(1), "ja", "キューが満杯です。1秒後に再試行してください。"),
        (QueueTimeout(1, 1), "en", "Timed out after waiting in the queue for 1 second. Please try again."),
        (QueueTimeout(60, 1), "en", "Timed out after waiting in the queue for 60 seconds. Please try again."),
    ],
)
def test_one_second_is_one_second(refusal: Refusal, locale: Locale, said: str) -> None:
    assert text(locale, refusal.key, **refusal.values) == said


@pytest.mark.parametrize("refusal", [QueueFull(1), QueueTimeout(1, 1)], ids=lambda one: type(one).__name__)
def test_what_is_said_of_one_differs_in_nothing_else(refusal: Refusal) -> None:
    two = dict.fromkeys(refusal.values, 2)
    said = text("en", refusal.key, **refusal.values)
    assert re.sub(r"\b1 second\b", "2 seconds", said) == text("en", refusal.key, **two)
