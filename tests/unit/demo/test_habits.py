"""How the sample users behave."""

from __future__ import annotations

from random import Random

from llmlb.demo import prose
from llmlb.demo.habits import HABITS, PROMPTS, Habit

MODELS = ("a", "b")


def test_the_same_seed_gives_the_same_requests() -> None:
    for habit in HABITS:
        assert habit.next_burst(Random(3), MODELS, "e") == habit.next_burst(Random(3), MODELS, "e")


def test_the_three_are_told_apart_by_what_they_do() -> None:
    def many(habit: Habit) -> list[int]:
        chance = Random(1)
        return [len(habit.next_burst(chance, MODELS, "e")) for _ in range(200)]

    bursty, steady, occasional = (many(habit) for habit in HABITS)
    assert (min(bursty), max(bursty)) == (3, 5)
    assert set(steady) == {1}
    assert max(occasional) <= 2


def test_some_are_streamed_some_leave_and_some_ask_for_embeddings() -> None:
    chance = Random(1)
    asks = [ask for habit in HABITS for _ in range(200) for ask in habit.next_burst(chance, MODELS, "e")]
    assert {ask.path for ask in asks} == {"/v1/chat/completions", "/v1/embeddings"}
    assert {ask.body["model"] for ask in asks} == {"a", "b", "e"}
    assert {ask.body.get("stream") for ask in asks} == {True, None}
    left = sum(ask.leaves_after is not None for ask in asks)
    assert 0 < left < len(asks) / 5


def test_together_they_leave_the_nodes_idle_about_half_of_the_time() -> None:
    chance = Random(1)
    busy = 0.0
    for habit in HABITS:
        gaps = sum(habit.next_gap(chance) for _ in range(1000))
        asks = [ask for _ in range(1000) for ask in habit.next_burst(chance, MODELS, "e")]
        tokens = sum(int(str(ask.body.get("max_tokens", 0))) for ask in asks)
        busy += (tokens / 40 + 0.25 * len(asks)) / gaps
    assert 0.25 < busy / 2 < 0.55


def test_answers_to_the_prompts_are_long_enough_to_reach_their_limits() -> None:
    assert {prose.language(prompt) for prompt in PROMPTS} == {"ja", "en"}
    assert all(len(prose.tokens(prose.compose(prompt))) > 40 for prompt in PROMPTS)
