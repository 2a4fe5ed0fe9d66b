"""Bodies are read as a JSON reader would read them, and renaming changes the model and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmlb.errors import Malformed
from llmlb.wire.call import read_call, with_model
from llmlb.wire.endpoints import ENDPOINTS

BY_PATH = {endpoint.path: endpoint for endpoint in ENDPOINTS}
CHAT = BY_PATH["/v1/chat/completions"]
SPOKEN = BY_PATH["/v1/audio/transcriptions"]

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | names
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.just("model"), inner, max_size=4),
    max_leaves=12,
)
spaces = st.text(" \t\r\n", max_size=3)


@st.composite
def members(draw: st.DrawFn, name: str, value: Any) -> tuple[str, str]:
    """A member as it may be written: the text up to its value, and the value."""
    written = json.dumps(name, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        units = name.encode("utf-16-be").hex()
        written = '"' + "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)) + '"'
    key = draw(spaces) + written + draw(spaces) + ":" + draw(spaces)
    return key, json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, str, str, str]:
    """A model's name, and a body that asks for it: up to the name, the name as written, and the rest."""
    model = draw(names)
    others = draw(st.dictionaries(names.filter(lambda name: name not in ("model", "stream")), values, max_size=4))
    before = draw(st.integers(0, len(others)))
    parts = [draw(members(name, value)) for name, value in others.items()]
    if draw(st.booleans()):
        parts.insert(0, draw(members("model", draw(values))))
        before += 1
    key, written = draw(members("model", model))
    ends = [draw(spaces) for _ in parts]
    lead = "{" + "".join(f"{name}{value}{end}," for (name, value), end in zip(parts[:before], ends, strict=False)) + key
    rest = draw(spaces) + "".join(
        f",{name}{value}{end}" for (name, value), end in zip(parts[before:], ends[before:], strict=True)
    )
    return model, draw(spaces) + lead, written, rest + "}" + draw(spaces)


@given(bodies(), names)
def test_the_model_is_read_and_renamed_and_every_other_byte_stays(body: tuple[str, str, str, str], new: str) -> None:
    model, before, written, after = body
    call = read_call(CHAT, "", (before + written + after).encode())
    assert call.model == model
    renamed = with_model(call, new)
    assert renamed.startswith(before.encode())
    assert renamed.endswith(after.encode())
    assert json.loads(renamed[len(before.encode()) : len(renamed) - len(after.encode())]) == new


def looks_like_json(body: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(body.decode(), parse_constant=refuse)


@given(
    st.binary()
    | bodies().map(lambda body: "".join(body[1:]).encode())
    | st.dictionaries(st.sampled_from(["model", "stream", "x"]), values).map(lambda made: json.dumps(made).encode())
    | values.map(lambda made: json.dumps(made).encode()),
    st.data(),
)
def test_every_body_is_read_as_json_readers_do_or_refused(body: bytes, data: st.DataObject) -> None:
    if body and data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(body) - 1))
        body = body[:at] + data.draw(st.binary(max_size=3)) + body[at + 1 :]
    try:
        call = read_call(CHAT, "", body)
    except Malformed:
        try:
            whole = looks_like_json(body)
        except ValueError:
            return
        model = whole.get("model") if isinstance(whole, dict) else None
        # Half a surrogate pair is passed on in a text, but no model has it in its name.
        wanted = isinstance(model, str) and model.encode(errors="ignore").decode() == model != ""
        assert not wanted or not (whole.get("stream") is None or isinstance(whole["stream"], bool))
    else:
        whole = looks_like_json(body)
        assert (call.model, call.stream) == (whole["model"], bool(whole.get("stream")))
        assert with_model(call, call.model + "x")


field_names = st.sampled_from(["file", "prompt", "x"])
contents = st.binary(max_size=60) | st.sampled_from([b"\r\n", b"--", b"\r\n--", b"--edge", b"\r\n--edg", b"alias"])


@st.composite
def forms(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A form with the model "alias" among other fields: what is before the name, and what is after it."""

    def field(name: str, content: bytes) -> bytes:
        assume(b"\r\n--edge" not in b"\r\n" + content)
        kind = draw(st.sampled_from(["", "\r\nContent-Type: application/octet-stream"]))
        extra = draw(st.sampled_from(["", '; filename="model"', '; filename="a\\"; name=model"']))
        return (
            f'--edge\r\nContent-Disposition: form-data; name="{name}"{extra}{kind}\r\n\r\n'.encode() + content + b"\r\n"
        )

    before = [field(draw(field_names), draw(contents)) for _ in range(draw(st.integers(0, 3)))]
    after = [field(draw(field_names), draw(contents)) for _ in range(draw(st.integers(0, 3)))]
    lead = b"--edge\r\nContent-Disposition: form-data; name=model\r\n\r\n"
    return b"".join(before) + lead, b"\r\n" + b"".join(after) + b"--edge--\r\n"


@given(forms(), names.filter(lambda name: "\r" not in name and "\n" not in name))
def test_a_forms_model_is_read_and_renamed_and_every_other_byte_stays(form: tuple[bytes, bytes], new: str) -> None:
    before, after = form
    call = read_call(SPOKEN, 'multipart/form-data; boundary="edge"', before + b"alias" + after)
    assert call.model == "alias"
    assert with_model(call, new) == before + new.encode() + after


@given(
    forms().map(b"alias".join) | st.lists(st.sampled_from([b"--edge", b"\r\n", b"--", b"a", b": "])).map(b"".join),
    st.data(),
)
def test_a_broken_form_is_refused_and_never_more(form: bytes, data: st.DataObject) -> None:
    cut = sorted(data.draw(st.tuples(st.integers(0, len(form)), st.integers(0, len(form)))))
    broken = form[: cut[0]] + form[cut[1] :]
    try:
        call = read_call(SPOKEN, "multipart/form-data; boundary=edge", broken)
    except Malformed:
        return
    assert call.body is broken


@given(st.text())
def test_any_content_type_is_read_or_refused(content_type: str) -> None:
    with pytest.raises(Malformed):
        read_call(SPOKEN, content_type, b"")
