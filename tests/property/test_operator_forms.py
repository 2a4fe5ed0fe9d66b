"""Forms of the operator's part: what a browser sends comes out as it was typed, and nothing else crashes."""

from __future__ import annotations

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from llmlb.web.operator.forms import parse_form
from llmlb.web.operator.not_done import NotDone

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ALIKE = b"a=&%;+1fF\xff\x00[].\r\n"


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=20))
def test_what_is_typed_comes_out(pairs: list[tuple[str, str]]) -> None:
    """Of what is typed in two fields of one name, the last."""
    assert parse_form(urlencode(pairs).encode()) == dict(pairs)


@given(st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(ALIKE), max_size=200).map(bytes)))
def test_anything_is_a_form_or_refused(body: bytes) -> None:
    try:
        form = parse_form(body)
    except NotDone as refused:
        form, why = None, (refused.status, refused.key)
    if form is None:
        assert why == (400, "bad_form")
    else:
        assert len(form) <= len(body)
