"""How kinds are told apart by what they answer, without a socket."""

from __future__ import annotations

from typing import Any

import pytest

from llmlb.nodes.kinds import BY_NAME, MOST_CHARACTERS, MOST_MODELS, OPENAI, Kind, Said, listed, names
from llmlb.testing import kinds as shown

SHOWN_AS = [*shown.OWNERS]
ASKED = ("/v1/models", "/api/v0/models", "/props", "/health", "/api/version", "/api/ps", "/version")


def said(kind: str, path: str, **how: Any) -> Said:
    """What a server of this kind answers."""
    return Said(*(shown.page(kind, path, ["m", "n"], ["n"], **how) or (404, {"error": {"message": "not found"}})))


def recognised(kind: Kind, as_kind: str) -> bool:
    return kind.recognise(said(as_kind, "/v1/models"), said(as_kind, kind.question or "/v1/models"))


@pytest.mark.parametrize("server", SHOWN_AS)
def test_a_server_is_recognised_as_its_own_kind_and_no_other(server: str) -> None:
    own = server.removesuffix("-router")
    assert {name for name, kind in BY_NAME.items() if recognised(kind, server)} == {own, OPENAI.name}


@pytest.mark.parametrize(
    ("server", "loaded"),
    [
        ("ollama", ("n",)),
        ("lmstudio", ("n",)),
        ("llamacpp-router", ("n",)),
        ("llamacpp", ("m", "n")),
        ("vllm", ("m", "n")),
        ("llama-cpp-python", ()),  # it has one of them, and does not say which
        ("openai", ()),
    ],
)
def test_each_kind_tells_its_loaded_models_in_its_own_way(server: str, loaded: tuple[str, ...]) -> None:
    kind = BY_NAME[server.removesuffix("-router")]
    assert kind.loaded(said(server, "/v1/models"), said(server, kind.status or "/v1/models")) == loaded


def test_the_only_model_of_a_server_with_one_at_a_time_is_loaded() -> None:
    listing = Said(*(shown.page("llama-cpp-python", "/v1/models", ["m"]) or ()))
    assert BY_NAME["llama-cpp-python"].loaded(listing, listing) == ("m",)


@pytest.mark.parametrize("kind", ["ollama", "lmstudio", "llamacpp"])
@pytest.mark.parametrize("answer", [Said(404), Said(200), Said(200, []), Said(200, {"error": "x"}), Said(500, {})])
def test_a_status_that_is_not_the_kinds_own_unsettles_it(kind: str, answer: Said) -> None:
    assert BY_NAME[kind].loaded(said(kind, "/v1/models"), answer) is None


@pytest.mark.parametrize("kind", [kind.name for kind in BY_NAME.values() if kind.question])
@pytest.mark.parametrize(
    "answer",
    [
        Said(200),
        Said(200, []),
        Said(200, {}),
        Said(200, "0.12.0"),
        Said(200, {"error": "Unexpected endpoint or method. (GET /api/version)"}),
        Said(200, {"status": "ok"}),
        Said(200, {"version": 12}),
        Said(200, {"version": ""}),
        Said(200, {"version": "latest"}),
        Said(200, {"version": "0.6.5", "deployment_id": ""}),
        Said(200, {"data": []}),
        Said(200, {"data": [{"id": "m"}]}),
        Said(200, {"data": [{"id": "m", "state": "running"}]}),
        Said(200, {"data": ["m"]}),
        Said(200, {"default_generation_settings": None, "total_slots": 1}),
        Said(200, {"default_generation_settings": {}}),
        Said(404, {"version": "0.12.0"}),
        Said(503, {"default_generation_settings": {}, "total_slots": 1}),
    ],
    ids=repr,
)
def test_what_merely_looks_alike_is_not_taken_for_a_kind(kind: str, answer: Said) -> None:
    assert not BY_NAME[kind].recognise(said("openai", "/v1/models"), answer)


def test_a_version_alone_is_no_vllm_where_the_models_belong_to_somebody_else() -> None:
    vllm, answer = BY_NAME["vllm"], Said(200, {"version": "0.11.0"})
    assert vllm.recognise(Said(200, {"data": [{"id": "m"}]}), answer)
    assert not vllm.recognise(Said(200, {"data": [{"id": "m", "owned_by": "sglang"}]}), answer)


def test_llamacpp_that_loads_its_model_is_known_by_its_list() -> None:
    loading = BY_NAME["llamacpp"].loading
    assert loading(said("llamacpp", "/v1/models"), said("llamacpp", "/props", loading=True))
    assert not loading(said("openai", "/v1/models"), Said(503))
    assert not loading(said("llamacpp", "/v1/models"), said("llamacpp", "/props"))


@pytest.mark.parametrize(
    "said", [Said(404, {"data": []}), Said(200), Said(200, {"data": None}), Said(200, [{"id": 1}])]
)
def test_what_is_no_list_of_models_is_none(said: Said) -> None:
    assert listed(said) is None


def test_names_that_cannot_be_names_of_models_are_left_out_and_repeated_ones_taken_once() -> None:
    long = "x" * MOST_CHARACTERS
    strange = [None, 1, "", "a\nb", "a\x1b[31m", "\u202ea", "\x00", long + "x", ["m"]]
    entries = [{"id": name} for name in [*strange, "m", "日本語", "with space", long, "m"]]
    assert names({"data": [*entries, "m", None, {}]}, "data", "id") == ("m", "日本語", "with space", long)


def test_models_beyond_the_most_are_left_out() -> None:
    many = {"data": [{"id": f"m{number}"} for number in range(MOST_MODELS + 5)]}
    assert len(names(many, "data", "id") or ()) == MOST_MODELS


def test_every_question_is_of_a_known_server() -> None:
    assert {path for kind in BY_NAME.values() for path in (kind.question, kind.status)} - {""} <= set(ASKED)
