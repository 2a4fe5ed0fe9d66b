from __future__ import annotations

from llmlb.wire.endpoints import ENDPOINTS, Family


def test_the_routes_are_those_of_the_requirements() -> None:
    assert {endpoint.path for endpoint in ENDPOINTS} == {
        "/v1/chat/completions",
        "/v1/completions",
        "/v1/embeddings",
        "/v1/responses",
        "/v1/messages",
        "/v1/rerank",
        "/v1/audio/speech",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/images/generations",
        "/v1/images/edits",
        "/v1/images/variations",
    }


def test_no_path_is_there_twice() -> None:
    assert len({endpoint.path for endpoint in ENDPOINTS}) == len(ENDPOINTS)


def test_files_are_sent_as_forms() -> None:
    assert {endpoint.path for endpoint in ENDPOINTS if endpoint.multipart} == {
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/images/edits",
        "/v1/images/variations",
    }


def test_only_image_routes_do_without_a_model() -> None:
    assert all(endpoint.model_required != endpoint.path.startswith("/v1/images/") for endpoint in ENDPOINTS)


def test_two_routes_are_not_of_the_openai_chat_family() -> None:
    others = {endpoint.path: endpoint.family for endpoint in ENDPOINTS if endpoint.family is not Family.OPENAI}
    assert others == {"/v1/responses": Family.RESPONSES, "/v1/messages": Family.ANTHROPIC}
