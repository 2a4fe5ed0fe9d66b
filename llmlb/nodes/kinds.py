"""What kinds of servers there are: how each is recognised, and where it tells what it has. No I/O here.

The shapes are those the servers really answer with, looked at closely: one that answers 200 to every path, as LM Studio
does, must not pass for another kind.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import attrs

MOST_MODELS: Final = 10_000
MOST_CHARACTERS: Final = 256
"""The longest name of a model; the same as in the configuration."""

_VERSION = re.compile(r"v?\d+\.\d+")
_UNAVAILABLE = 503


@attrs.frozen
class Said:
    """What a node answered to a GET. `value` is None where it was no JSON."""

    status: int
    value: Any = None
    server: str = ""
    """Its `Server` header."""

    @property
    def json(self) -> Any:
        """The value of a 200, else None."""
        return self.value if self.status == 200 else None

    @property
    def unavailable(self) -> bool:
        """Whether it said that it cannot answer yet."""
        return self.status == _UNAVAILABLE


@attrs.frozen
class Kind:
    """One kind of server."""

    name: str
    question: str = ""
    """The path whose answer tells the kind. Empty: the list of models at /v1/models tells it."""
    recognise: Callable[[Said, Said], bool] = lambda listing, answer: True
    """Whether the list of models and the answer to the question are this kind's."""
    status: str = ""
    """The path asked with every probe, where 503 means loading. Empty: the list of models tells all."""
    loaded: Callable[[Said, Said], tuple[str, ...] | None] = lambda listing, status: ()
    """The loaded models by the list and the status; None if those are not the answers of this kind."""
    models: str = ""
    """A list of its own, for versions that have none at /v1/models: the models are the `name` of `models` there."""
    loading: Callable[[Said, Said], bool] = lambda listing, answer: False
    """Whether the list of models and the answer to the question are those of this kind while it loads a model."""
    bears_questions: bool = True
    """Whether it can be asked while it computes, without harm to what it computes."""


def listed(said: Said) -> tuple[str, ...] | None:
    """The models of an OpenAI-compatible list; None when it is nothing of the kind."""
    return names(said.json, "data", "id")


def names(listing: Any, field: str, name: str) -> tuple[str, ...] | None:
    """The names in `{field: [{name: ...}, ...]}`; None when it is nothing of the kind.

    What cannot be the name of a model is left out, and so is all beyond the first `MOST_MODELS`.
    """
    entries = _entries(listing, field)
    if entries is None:
        return None
    found = (entry.get(name) for entry in entries[:MOST_MODELS] if isinstance(entry, dict))
    return tuple(dict.fromkeys(each for each in found if isinstance(each, str) and _is_name(each)))


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MOST_CHARACTERS and text.isprintable()


def _entries(listing: Any, field: str) -> list[Any] | None:
    entries = listing.get(field) if isinstance(listing, dict) else None
    return entries if isinstance(entries, list) else None


def _models(said: Said) -> list[dict[str, Any]]:
    """The entries of an OpenAI-compatible list that are objects."""
    return [entry for entry in _entries(said.json, "data") or () if isinstance(entry, dict)][:MOST_MODELS]


def _owners(listing: Said) -> set[Any]:
    return {owner for entry in _models(listing) if isinstance(owner := entry.get("owned_by"), str)}


def _is_version(said: Said) -> bool:
    """`{"version": "0.12.0"}` and nothing else."""
    value = said.json
    return (
        isinstance(value, dict)
        and value.keys() == {"version"}
        and isinstance(value["version"], str)
        and _VERSION.match(value["version"]) is not None
    )


# LM Studio


def _lmstudio_loaded(_: Said, status: Said) -> tuple[str, ...] | None:
    if _entries(status.json, "data") is None:
        return None
    loaded = [entry for entry in _models(status) if entry.get("state") == "loaded"]
    return names({"data": loaded}, "data", "id")


def _is_lmstudio(_: Said, answer: Said) -> bool:
    models = _models(answer)
    return bool(models) and all(entry.get("state") in ("loaded", "not-loaded") for entry in models)


# llama.cpp


def _is_llamacpp(_: Said, answer: Said) -> bool:
    props = answer.json
    if not isinstance(props, dict) or not isinstance(props.get("default_generation_settings"), dict):
        return False
    return isinstance(props.get("total_slots"), int) or props.get("role") == "router"


def _llamacpp_loading(listing: Said, answer: Said) -> bool:
    # While it loads its model it answers 503 to all but the list, in some versions even to that.
    return answer.unavailable and _owners(listing) == {"llamacpp"}


def _llamacpp_loaded(listing: Said, status: Said) -> tuple[str, ...] | None:
    if not isinstance(status.json, dict) or status.json.get("status") != "ok":
        return None

    def is_loaded(entry: dict[str, Any]) -> bool:  # only a router, which has many models, says how each of them is
        state = entry.get("status")
        return state is None or (isinstance(state, dict) and state.get("value") == "loaded")

    return names({"data": [entry for entry in _models(listing) if is_loaded(entry)]}, "data", "id")


# vLLM


def _is_vllm(listing: Said, answer: Said) -> bool:
    return _is_version(answer) and _owners(listing) <= {"vllm"}


# llama-cpp-python


def _is_llamacpp_python(listing: Said, _: Said) -> bool:
    models = _models(listing)
    return bool(models) and all(
        entry.get("owned_by") == "me" and isinstance(entry.get("permissions"), list) for entry in models
    )


def _only_one(listing: Said, _: Said) -> tuple[str, ...]:
    # It has one of its models loaded, and does not say which.
    models = listed(listing) or ()
    return models if len(models) == 1 else ()


OPENAI: Final = Kind("openai")
"""Everything that is nothing else."""

KINDS: Final = (
    Kind("llama-cpp-python", recognise=_is_llamacpp_python, loaded=_only_one, bears_questions=False),
    Kind(
        "lmstudio",
        question="/api/v0/models",
        recognise=_is_lmstudio,
        status="/api/v0/models",
        loaded=_lmstudio_loaded,
    ),
    Kind(
        "llamacpp",
        question="/props",
        recognise=_is_llamacpp,
        status="/health",
        loaded=_llamacpp_loaded,
        loading=_llamacpp_loading,
    ),
    Kind(
        "ollama",
        question="/api/version",
        recognise=lambda _, answer: _is_version(answer),
        status="/api/ps",
        loaded=lambda _, status: names(status.json, "models", "name"),
        models="/api/tags",
    ),
    Kind("vllm", question="/version", recognise=_is_vllm, loaded=lambda listing, _: listed(listing) or ()),
)
"""In the order in which they are asked for: LM Studio notes every question it does not know as an error, so its own
comes first."""

BY_NAME: Final = {kind.name: kind for kind in (*KINDS, OPENAI)}
