"""Forms of the operator's part: what a browser sends comes out as it was typed, and nothing else crashes."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from llmlb.web.operator.forms import MOST_FIELDS, parse_form
from llmlb.web.operator.not_done import NotDone

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ALIKE = b"a=&%;+1fF\xff\x00[].\r\n"


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=20))
def test_what_is_typed_comes_out(pairs: list[tuple[str, str]]) -> None:
    form = parse_form(urlencode(pairs).encode())
    for name in {name for name, _ in pairs}:
        values = tuple(value for other, value in pairs if other == name)
        assert form.fields[name] == values
        assert form.get(name) == values[-1]
    assert form.fields.keys() == {name for name, _ in pairs}


@given(st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(ALIKE), max_size=200).map(bytes)))
def test_anything_is_a_form_or_refused(body: bytes) -> None:
    try:
        form = parse_form(body)
    except NotDone as refused:
        form, why = None, (refused.status, refused.key)
    if form is None:
        assert why == (400, "bad_form")
    else:
        assert sum(map(len, form.fields.values())) <= MOST_FIELDS
        assert form.get("not there") == form.fields.get("not there", ("",))[-1]
