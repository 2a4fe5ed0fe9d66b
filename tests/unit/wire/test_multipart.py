from __future__ import annotations

import pytest

from llmlb.errors import Malformed
from llmlb.wire import multipart

FORM = "multipart/form-data; boundary=B"
MODEL = b'--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nm\r\n'
END = b"--B--\r\n"


def read(body: bytes, content_type: str = FORM) -> dict[str, bytes]:
    spans = multipart.fields(content_type, body, ("model", "stream"))
    return {name: body[start:end] for name, (start, end) in spans.items()}


def part(disposition: str, content: bytes = b"m") -> bytes:
    return b"--B\r\n%b\r\n\r\n%b\r\n" % (disposition.encode(), content)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data; boundary=B",
        'multipart/form-data; boundary="B"',
        "Multipart/Form-Data;BOUNDARY=B",
        "multipart/form-data; charset=utf-8; boundary=B;",
    ],
)
def test_the_boundary_is_quoted_or_not(content_type: str) -> None:
    assert read(MODEL + END, content_type) == {"model": b"m"}


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "multipart/mixed; boundary=B",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=B; boundary=C",
        "multipart/form-data; boundary=B garbage",
        'multipart/form-data; boundary="B',
        "multipart/form-data; boundary=" + "B" * 71,
        "multipart/form-data; boundary=Bä",
    ],
)
def test_another_content_type_is_refused(content_type: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(MODEL + END, content_type)
    assert refused.value.key == "not_multipart"


@pytest.mark.parametrize(
    "headers",
    [
        'Content-Disposition: form-data; name="model"',
        "content-disposition: form-data; name=model",
        'CONTENT-DISPOSITION:form-data;NAME="model"',
        'Content-Type: text/plain\r\nContent-Disposition: form-data; name="model"',
        'Content-Disposition: form-data; x="; name=\\"stream\\""; name="model"',
        'Content-Disposition: form-data; name="mo\\del"',
    ],
)
def test_a_field_is_known_by_its_name(headers: str) -> None:
    assert read(part(headers) + END) == {"model": b"m"}


@pytest.mark.parametrize("file", ['filename="model"', "filename=x", "filename*=utf-8''x"])
def test_a_file_is_no_field(file: str) -> None:
    assert read(part(f'Content-Disposition: form-data; name="model"; {file}') + END) == {}


def test_a_name_inside_a_file_name_is_no_name() -> None:
    assert read(part('Content-Disposition: form-data; name="f"; filename="x\\"; name=\\"model"') + END) == {}


@pytest.mark.parametrize("content", [b"", b"\r\n", b"--", b"--B", b"\r\n-", b"a\r\n--", b"a\r\n\r\nb", b"\n--B"])
def test_the_content_of_a_field_is_all_up_to_the_boundary(content: bytes) -> None:
    if content == b"--B":  # right after the blank line it is a boundary
        content = b"x--B"
    body = part('Content-Disposition: form-data; name="model"', content) + MODEL.replace(b"model", b"stream") + END
    assert read(body) == {"model": content, "stream": b"m"}


@pytest.mark.parametrize(
    "body",
    [
        MODEL + b"--B--",
        b"\r\n" + MODEL + END,
        MODEL + END + b"an epilogue",
        MODEL.replace(b"--B\r\n", b"--B \t\r\n") + END,
    ],
)
def test_what_the_standard_allows_around_a_part_is_allowed(body: bytes) -> None:
    assert read(body) == {"model": b"m"}


def test_a_part_may_have_no_content_and_share_its_blank_line() -> None:
    assert read(b'--B\r\nContent-Disposition: form-data; name="model"\r\n\r\n--B--') == {"model": b""}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"model=m",
        b"a preamble\r\n" + MODEL + END,
        MODEL,
        MODEL + b"--B",
        MODEL + b"--Bx\r\n" + END,
        (MODEL + END).replace(b"\r\n", b"\n"),
        b"--B\r\n\r\nm\r\n" + END,
        b"--B\r\nContent-Type: text/plain\r\n\r\nm\r\n" + END,
        b"--B\r\nContent-Disposition: form-data\r\n\r\nm\r\n" + END,
        b'--B\r\nContent-Disposition: attachment; name="model"\r\n\r\nm\r\n' + END,
        b'--B\r\nContent-Disposition: form-data; name="model\r\n\r\nm\r\n' + END,
        b'--B\r\nContent-Disposition: form-data; name="x"; name="model"\r\n\r\nm\r\n' + END,
        b'--B\r\nContent-Disposition: form-data;\r\n name="model"\r\n\r\nm\r\n' + END,
        b'--B\r\nContent-Disposition: form-data; name="x"\r\n' + MODEL[5:] + END,
        b'--B\r\nContent-Disposition: form-data; name="model"\r\nX: ' + b"x" * 300_000 + b"\r\n\r\nm\r\n" + END,
        MODEL + MODEL + END,
        b'--B\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' * 1_001 + END,
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        read(body)
    assert refused.value.key == "not_multipart"
    assert refused.value.values["problem"]


def test_what_is_wrong_is_told_without_quoting_the_form() -> None:
    with pytest.raises(Malformed) as refused:
        read(part("Content-Disposition: form-data; secret") + END)
    assert "secret" not in str(refused.value.values)


def test_a_body_full_of_almost_boundaries_is_read_in_one_go() -> None:
    boundary = "b" * 70
    field = b"--%b\r\nContent-Disposition: form-data; name=model\r\n\r\n" % boundary.encode()
    content = (b"\r\n--" + b"b" * 69) * 50_000
    body = field + content + b"\r\n--" + boundary.encode() + b"--"
    assert read(body, f"multipart/form-data; boundary={boundary}") == {"model": content}
