from __future__ import annotations

import pytest

from llmlb.errors import Malformed
from llmlb.wire.call import ANY_MODEL, Call, read_call, with_model
from llmlb.wire.endpoints import ENDPOINTS, Endpoint

BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}
CHAT = BY_PATH["/v1/chat/completions"]
IMAGES = BY_PATH["/v1/images/generations"]
SPOKEN = BY_PATH["/v1/audio/transcriptions"]
EDITS = BY_PATH["/v1/images/edits"]

FORM = "multipart/form-data; boundary=B"


def read(body: bytes, endpoint: Endpoint = CHAT) -> Call:
    return read_call(endpoint, "application/json", body)


def part(name: str, content: bytes) -> bytes:
    return b'--B\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % (name.encode(), content)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--B--\r\n"


def test_a_call_has_the_clients_own_bytes() -> None:
    body = b' { "messages" : [ ] , "model" : "m" }\n'
    call = read(body)
    assert (call.model, call.stream) == ("m", False)
    assert call.body is body


def test_a_call_does_not_show_its_prompt() -> None:
    assert "secret" not in repr(read(b'{"model":"m","prompt":"secret"}'))


@pytest.mark.parametrize(("value", "stream"), [(b"true", True), (b"false", False), (b"null", False)])
def test_stream_is_true_false_or_null(value: bytes, stream: bool) -> None:
    assert read(b'{"model":"m","stream":%b}' % value).stream is stream


@pytest.mark.parametrize("value", [b'"true"', b"1", b"[]", b"1e999999", b"1" * 5_000])
def test_another_stream_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(b'{"model":"m","stream":%b}' % value)
    assert refused.value.key == "bad_stream"


@pytest.mark.parametrize("value", [b"null", b'""', b"1", b"[]", b"{}", b"true", b"1e999999", b"1" * 5_000])
def test_a_model_that_is_no_text_is_refused(value: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(b'{"model":%b,"stream":true}' % value)
    assert refused.value.key == "no_model"


@pytest.mark.parametrize("body", [b"{}", b'{"Model":"m"}', b'{"messages":[{"model":"m"}]}'])
def test_a_body_without_a_model_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(body)
    assert refused.value.key == "no_model"


@pytest.mark.parametrize("name", ["x" * 100_000, "a\\u0000b", "\\n", " ", "<script>", "../../etc", "日本語"])
def test_any_other_text_is_a_model_name(name: str) -> None:
    assert read(f'{{"model":"{name}"}}'.encode()).model


@pytest.mark.parametrize("body", [b"{}", b'{"model":null}', b'{"model":""}'])
def test_where_no_model_is_needed_none_means_any(body: bytes) -> None:
    call = read(body, IMAGES)
    assert call.model == ANY_MODEL
    assert with_model(call, "other") == body


def test_where_no_model_is_needed_a_wrong_one_is_refused_all_the_same() -> None:
    with pytest.raises(Malformed) as refused:
        read(b'{"model":7}', IMAGES)
    assert refused.value.key == "no_model"


@pytest.mark.parametrize("stream", ["true", "True", "1", " true "])
def test_a_form_has_model_and_stream_among_its_fields(stream: str) -> None:
    body = form(part("stream", stream.encode()), part("model", b"whisper-1"))
    call = read_call(SPOKEN, FORM, body)
    assert (call.model, call.stream) == ("whisper-1", True)
    assert call.body is body
    assert call.content_type == FORM


@pytest.mark.parametrize("stream", [b"false", b"0", b""])
def test_a_form_can_say_that_it_wants_no_stream(stream: bytes) -> None:
    assert not read_call(SPOKEN, FORM, form(part("model", b"m"), part("stream", stream))).stream


def test_a_form_with_another_stream_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        read_call(SPOKEN, FORM, form(part("model", b"m"), part("stream", b"perhaps")))
    assert refused.value.key == "bad_stream"


def test_a_form_without_a_model_is_refused_where_one_is_needed() -> None:
    with pytest.raises(Malformed) as refused:
        read_call(SPOKEN, FORM, form(part("file", b"...")))
    assert refused.value.key == "no_model"


def test_a_form_without_a_model_is_for_any_node_where_none_is_needed() -> None:
    body = form(part("prompt", b"a cat"))
    call = read_call(EDITS, FORM, body)
    assert call.model == ANY_MODEL
    assert with_model(call, "other") == body


def test_a_model_field_that_is_not_utf8_is_refused_with_its_place() -> None:
    body = form(part("model", b"ab\xff"))
    with pytest.raises(Malformed) as refused:
        read_call(SPOKEN, FORM, body)
    assert (refused.value.key, refused.value.values) == ("not_utf8", {"offset": body.index(b"\xff")})


def test_a_file_may_be_anything() -> None:
    assert read_call(SPOKEN, FORM, form(part("file", bytes(range(256))), part("model", b"m"))).model == "m"


def test_renaming_in_a_form_replaces_the_content_of_the_field_only() -> None:
    call = read_call(SPOKEN, FORM, form(part("file", b"model"), part("model", b"alias"), part("prompt", b"alias")))
    assert with_model(call, "real:1") == form(
        part("file", b"model"), part("model", b"real:1"), part("prompt", b"alias")
    )


def test_renaming_does_not_let_a_name_break_out_of_its_field() -> None:
    call = read_call(SPOKEN, FORM, form(part("model", b"alias")))
    with pytest.raises(ValueError, match="line break"):
        with_model(call, "a\r\n--B--")
