from __future__ import annotations

from bisect import bisect_left

import pytest

from llmlb.errors import Malformed
from llmlb.wire import json_body


def renamed(body: bytes, model: str) -> bytes:
    start, end = json_body.span_of_model(body)
    return body[:start] + json_body.written(model) + body[end:]


def test_a_member_that_is_there_twice_counts_as_it_stands_last() -> None:
    assert json_body.read(b'{"model":"a","stream":true,"model":"b","stream":false}') == ("b", False)


@pytest.mark.parametrize("body", [b'{"model":7,"model":"b"}', b'{"stream":7,"stream":null,"model":"b"}'])
def test_what_a_later_member_overrules_may_be_wrong(body: bytes) -> None:
    assert json_body.read(body) == ("b", False)


def test_an_escaped_name_is_the_same_name() -> None:
    assert json_body.read(b'{"mod\\u0065l":"a"}') == ("a", False)


@pytest.mark.parametrize("body", [b"[]", b'"model"', b'"\\ud800"', b"null", b"7", b"[" * 100_000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        json_body.read(body)
    assert refused.value.key == "not_an_object"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"model=m",
        b'{"model":"a"} x',
        b'{"model":"a",}',
        b'{"model":"a","x":01}',
        b'{"model":"a","x":NaN}',
        b'{"model":"a","x":"\n"}',
        b"{'model':'a'}",
        b'\xef\xbb\xbf{"model":"a"}',
        b'{"model":7,"x":',
        b'{"model":"\\ud800',
    ],
)
def test_what_is_no_json_is_refused_and_told_why(body: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        json_body.read(body)
    # A body that is wrong in two ways may be told either.
    assert refused.value.key in ("not_json", "no_model")
    if refused.value.key == "not_json":
        assert refused.value.values["problem"]
        assert "malformed" not in refused.value.values["problem"]


@pytest.mark.parametrize("opening", [b"[", b'{"x":'])
@pytest.mark.parametrize("before", [b'{"x":', b'{"model":', b'{"model":7,"x":', b'{"model":"\\ud800","x":'])
def test_deep_nesting_is_refused_and_does_no_harm(opening: bytes, before: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        json_body.read(before + opening * 100_000)
    assert refused.value.key in ("too_deep", "no_model")


def test_nesting_that_people_use_is_fine() -> None:
    assert json_body.read(b'{"model":"m","x":' + b"[" * 200 + b"]" * 200 + b"}") == ("m", False)


@pytest.mark.parametrize("number", [b"1e999999", b"-1e-999999", b"1" * 10_000, b"0." + b"3" * 10_000])
def test_huge_numbers_are_passed_over(number: bytes) -> None:
    assert json_body.read(b'{"seed":%b,"model":"m"}' % number) == ("m", False)


@pytest.mark.parametrize(
    ("before", "bad", "after"),
    [
        (b'{"model":"', b"\xff", b'"}'),
        (b'{"model":"m","x":"', b"\xff", b'"}'),
        (b'{"model":"m","', b"\xc3", b'":1}'),
        (b'{"model":"m","x":"', b"\xed\xa0\x80", b'"}'),
        (b'{"model":"m","x":"' + "語".encode() * 30_000, b"\x80", b'"}'),
        (b'{"model":"m"}', b"\xe8\xaa", b""),
    ],
)
def test_bad_utf8_is_refused_with_its_place_wherever_it_is(before: bytes, bad: bytes, after: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        json_body.read(before + bad + after)
    assert (refused.value.key, refused.value.values) == ("not_utf8", {"offset": len(before)})


def test_good_utf8_is_read_across_the_pieces_it_is_checked_in() -> None:
    for shift in range(3):
        body = b'{"model":"m","x":"' + b"." * shift + "語".encode() * 50_000 + b'"}'
        assert json_body.read(body) == ("m", False)


@pytest.mark.parametrize("half", [b"\\ud83d", b"\\uDE00", b"\\ud83d!", b"\\ude00\\ud83d"])
def test_half_an_emoji_is_passed_on(half: bytes) -> None:
    assert json_body.read(b'{"x":"%b"}' % half) == (None, False)
    body = b'{"x":"%b","model":"alias","stream":true}' % half
    assert json_body.read(body) == ("alias", True)
    assert renamed(body, "real") == b'{"x":"%b","model":"real","stream":true}' % half


def test_half_an_emoji_changes_nothing_about_an_escaped_name() -> None:
    assert json_body.read(b'{"x":"\\ud83d","model":"\\uD55c\\ud83d\\ude00"}') == ("한😀", False)
    assert json_body.read(b'{"x":"\\ud83d","model":"\\\\ud55c"}') == ("\\ud55c", False)


def test_half_an_emoji_in_the_name_itself_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        json_body.read(b'{"model":"a\\ud83d"}')
    assert refused.value.key == "not_json"


def test_half_an_emoji_beside_a_wrong_type_is_told_as_the_wrong_type() -> None:
    with pytest.raises(Malformed) as refused:
        json_body.read(b'{"x":"\\ud83d","model":"m","stream":3}')
    assert refused.value.key == "bad_stream"


def test_renaming_finds_the_member_and_not_what_looks_like_it() -> None:
    body = b'{"a":"\\"model\\":\\"x\\"","b":{"model":"x"},"c":["model","x"],"model" : "x" ,"d":{"model":"x"}}'
    assert renamed(body, "real") == body.replace(b'"model" : "x"', b'"model" : "real"')


def test_renaming_changes_the_member_that_counts() -> None:
    assert renamed(b'{"model":"x","model":"x"}', "y") == b'{"model":"x","model":"y"}'


def test_renaming_takes_a_name_however_it_is_written() -> None:
    assert renamed(b'{"mod\\u0065l":"\\u0078"}', 'a"語') == '{"mod\\u0065l":"a\\"語"}'.encode()


def test_what_can_be_read_can_be_renamed_however_deep_the_stack_is_by_then() -> None:
    def too_deep(depth: int) -> bool:
        try:
            return json_body.read(nested(depth)) != ("x", False)
        except Malformed:
            return True

    def deeper(calls: int) -> bytes:  # through `map`: from 3.12 on only calls that C makes count for what is in C
        return next(map(deeper, (calls - 1,))) if calls else renamed(nested(deepest), "y")

    def nested(depth: int) -> bytes:
        return b'{"model":"x","x":%b}' % (b"[" * depth + b"]" * depth)

    deepest = bisect_left(range(1_000_000), True, key=too_deep) - 1
    assert deeper(100) == nested(deepest).replace(b'"model":"x"', b'"model":"y"')


def test_renaming_takes_no_longer_when_a_body_is_made_to_be_slow() -> None:
    body = b'{"x":[' + b'{"model":"x"},[],' * 60_000 + b'0],"model":"x"}'
    start, end = json_body.span_of_model(body)
    assert (start, body[start:end]) == (len(body) - 4, b'"x"')
