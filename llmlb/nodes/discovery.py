"""Finds LLM servers on this machine, for those who have written no configuration yet."""

from __future__ import annotations

import asyncio

import attrs

from llmlb.config.model import NodeConfig
from llmlb.nodes.probe import Found, ask

TIMEOUT_SECS = 2.0


@attrs.frozen
class Place:
    """Where a kind of server listens unless told otherwise."""

    name: str
    title: str
    port: int


PLACES = (
    Place("ollama", "Ollama", 11434),
    Place("lmstudio", "LM Studio", 1234),
    Place("vllm", "vLLM", 8000),
    Place("llamacpp", "llama.cpp", 8081),
)
USUAL_LLAMACPP = Place("llamacpp-8080", "llama.cpp", 8080)
"""llama.cpp's own default port, worth a look only where llmlb does not listen on it."""


def places(own_port: int) -> tuple[Place, ...]:
    """Where to look, given the port llmlb itself listens on."""
    return tuple(place for place in (*PLACES, USUAL_LLAMACPP) if place.port != own_port)


async def discover(candidates: tuple[Place, ...]) -> tuple[NodeConfig, ...]:
    """The servers that answer at these places on this machine. Another llmlb is not taken for a node."""
    configs = [NodeConfig(name=place.name, url=f"http://127.0.0.1:{place.port}") for place in candidates]
    answers = await asyncio.gather(*(ask(config, TIMEOUT_SECS, None) for config in configs))
    return tuple(
        config
        for config, answer in zip(configs, answers, strict=True)
        if isinstance(answer, Found) and answer.server != "llmlb"
    )
