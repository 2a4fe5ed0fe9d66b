"""/v1/embeddings as a simulated node answers it: the same text always gets the same direction."""

from __future__ import annotations

import base64
import math
import struct

import attrs

from llmlb.demo import asked as ask
from llmlb.demo import prose
from llmlb.demo.asked import Object, Wrong

_DIMENSIONS = 256


@attrs.frozen
class Embed:
    """Which texts to turn into vectors, of how many numbers, written how."""

    model: str
    texts: tuple[str, ...]
    dimensions: int
    packed: bool


def read(value: Object) -> Embed:
    """What is asked for. Raises Wrong."""
    given = value.get("input")
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list) or not texts or not all(isinstance(each, str) and each for each in texts):
        raise Wrong("'input' must be a string that is not empty, or a list of such strings.", "input")
    form = value.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        raise Wrong('\'encoding_format\' must be "float" or "base64".', "encoding_format")
    dimensions = ask.whole(value, "dimensions", 1, 4096) or _DIMENSIONS
    return Embed(ask.model(value), tuple(texts), dimensions, form == "base64")


def answer(asked: Embed) -> Object:
    """The whole answer."""
    data = []
    for index, text in enumerate(asked.texts):
        vector = direction(text, asked.dimensions)
        written = base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode() if asked.packed else vector
        data.append({"object": "embedding", "index": index, "embedding": written})
    read_tokens = sum(len(prose.tokens(text)) for text in asked.texts)
    usage = {"prompt_tokens": read_tokens, "total_tokens": read_tokens}
    return {"object": "list", "data": data, "model": asked.model, "usage": usage}


def direction(text: str, dimensions: int) -> list[float]:
    """A vector of length 1 that depends on `text` only."""
    chance = prose.chance_of(text)
    drawn = [chance.gauss(0, 1) for _ in range(dimensions)]
    length = math.hypot(*drawn)
    return [each / length for each in drawn]
