"""How the sample users behave: what they ask, how often, and with how much patience."""

from __future__ import annotations

from random import Random

import attrs

Range = tuple[float, float]


@attrs.frozen
class Ask:
    """One request to come: its path, its body, and after how many seconds its client hangs up (None: never)."""

    path: str
    body: dict[str, object]
    leaves_after: float | None


@attrs.frozen(kw_only=True)
class Habit:
    """One user's way: every `gap` seconds, `burst` requests at once, each for up to `tokens` tokens."""

    gap: Range
    burst: tuple[int, int]
    tokens: tuple[int, int]
    streamed: float
    """The share of requests that are streamed."""
    impatient: float = 0.0
    """The share of requests that are left after `patience` seconds."""
    patience: Range = (0.5, 2.5)
    embedding: float = 0.0
    """The share of requests that ask for an embedding instead."""

    def next_gap(self, chance: Random) -> float:
        """Seconds until the next burst."""
        return chance.uniform(*self.gap)

    def next_burst(self, chance: Random, models: tuple[str, ...], embedding_model: str) -> list[Ask]:
        """The requests of the next burst, which all go out at once."""
        return [self._ask(chance, models, embedding_model) for _ in range(chance.randint(*self.burst))]

    def _ask(self, chance: Random, models: tuple[str, ...], embedding_model: str) -> Ask:
        leaves = chance.uniform(*self.patience) if chance.random() < self.impatient else None
        prompt = chance.choice(PROMPTS)
        if chance.random() < self.embedding:
            return Ask("/v1/embeddings", {"model": embedding_model, "input": prompt}, leaves)
        body: dict[str, object] = {
            # The first model is everybody's favourite, so that there is a line for it.
            "model": models[0] if chance.random() < 0.7 else chance.choice(models),
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": chance.randint(*self.tokens),
        }
        if chance.random() < self.streamed:
            body["stream"] = True
        return Ask("/v1/chat/completions", body, leaves)


# Together some 45 % of two nodes at 40 tokens a second: bursts wait, but a visitor soon has a turn.
HABITS = (
    Habit(gap=(22.0, 34.0), burst=(3, 5), tokens=(50, 90), streamed=0.8),
    Habit(gap=(5.0, 8.0), burst=(1, 1), tokens=(40, 80), streamed=0.5, embedding=0.2),
    Habit(gap=(12.0, 25.0), burst=(1, 2), tokens=(80, 120), streamed=0.9, impatient=0.35),
)
"""Bursty, steady, occasional."""

PROMPTS = (
    "公平なキューの仕組みを、料理の注文にたとえて説明してください。",
    "今日の夕食に、15分で作れる献立を提案してください。",
    "会議のお礼のメールを短く書いてください。",
    "東京から日帰りで行ける、静かな場所を教えてください。",
    "Explain deficit round robin to a ten-year-old.",
    "Write a haiku about a queue that is never too long.",
    "Give me three names for a friendly robot that makes tea.",
    "What should I check before I deploy on a Friday afternoon?",
    "Summarise the idea of backpressure in two sentences.",
    "Pythonの非同期処理の要点を三つにまとめてください。",
)
