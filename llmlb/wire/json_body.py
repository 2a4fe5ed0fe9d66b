"""`model` and `stream` of a JSON body, read and found without building anything else of it."""

from __future__ import annotations

import codecs
import re
from typing import TypeVar

import msgspec

from llmlb.errors import Malformed

_PIECE = 1 << 16

# Half of a surrogate pair, written as an escape. JavaScript writes one when a text is cut inside an emoji;
# nodes take it and msgspec does not. It matters in the texts that are skipped here, so reading puts
# something harmless of the same length in its place, in a copy.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_HARMLESS = rb"\\ufffd"


class _Wanted(msgspec.Struct, gc=False):
    model: str | None = None
    stream: bool | None = None


class _Raw(msgspec.Struct, gc=False):
    model: msgspec.Raw = msgspec.Raw()
    stream: msgspec.Raw = msgspec.Raw()


_T = TypeVar("_T", _Wanted, _Raw)
_wanted = msgspec.json.Decoder(_Wanted)
_raw = msgspec.json.Decoder(_Raw)
_encode = msgspec.json.Encoder().encode


def read(body: bytes) -> tuple[str | None, bool]:
    """The model (None: there is none, or null) and whether a stream is wanted. Raises Malformed.

    A member that is there twice counts as it stands last, as nearly every JSON reader has it.
    """
    _refuse_bad_utf8(body)
    try:
        try:
            found = _wanted.decode(body)
        except msgspec.ValidationError:
            raise _wrong_type(body) from None
        except msgspec.DecodeError as error:
            found = _wanted.decode(_without_surrogates(body, error))
    except msgspec.ValidationError:
        raise _wrong_type(body) from None
    except msgspec.DecodeError as error:
        raise Malformed("not_json", problem=_problem(error)) from None
    except RecursionError:
        raise Malformed("too_deep") from None
    return found.model, bool(found.stream)


def written(model: str) -> bytes:
    """`model` as a JSON string."""
    return _encode(model)


def span_of_model(body: bytes) -> tuple[int, int]:
    """Where the value of the top-level member `model` begins and ends in a body that `read` has read."""
    try:
        twin = bytearray(body)
        view = memoryview(_raw.decode(twin).model)
    except msgspec.DecodeError as error:
        twin = bytearray(_without_surrogates(body, error))
        view = memoryview(_raw.decode(twin).model)
    # msgspec hands out a view into the twin, but not where in it. So paint halves of the twin and look
    # whether the view changed. In all this writes the body once over, whatever is in it; walking through
    # the JSON in Python could be made to take minutes by who writes it.
    length = len(view)
    low, high, paint = 0, len(twin), 0
    while high - low > 1:
        middle = (low + high) // 2
        paint += 1  # stays below the quotation mark that a string begins with: at most 30 halvings
        twin[low:middle] = bytes((paint,)) * (middle - low)
        if view[0] == paint:
            high = middle
        else:
            low = middle
    return low, low + length


def _refuse_bad_utf8(body: bytes) -> None:
    if body.isascii():
        return
    # Piece by piece: a str of the whole could be four times its size.
    view, offset = memoryview(body), 0
    while offset < len(view):
        piece = view[offset : offset + _PIECE]
        try:
            _, read_bytes = codecs.utf_8_decode(piece, "strict", offset + _PIECE >= len(view))
        except UnicodeDecodeError as error:
            raise Malformed("not_utf8", offset=offset + error.start) from None
        offset += read_bytes


def _without_surrogates(body: bytes, error: msgspec.DecodeError) -> bytes:
    replaced, count = _SURROGATE.subn(_HARMLESS, body)
    if not count:
        raise error
    return replaced


def _wrong_type(body: bytes) -> Malformed:
    """What is of the wrong type: reads again, since msgspec says it in words only."""
    try:
        try:
            found = _raw.decode(body)
        except msgspec.ValidationError:
            return Malformed("not_an_object")
        except msgspec.DecodeError as error:
            found = _raw.decode(_without_surrogates(body, error))
    except msgspec.DecodeError as error:
        return Malformed("not_json", problem=_problem(error))
    except RecursionError:
        return Malformed("too_deep")
    if bytes(memoryview(found.model)[:1]) not in (b'"', b"n", b""):
        return Malformed("no_model")
    return Malformed("bad_stream")


def _problem(error: msgspec.DecodeError) -> str:
    return str(error).removeprefix("JSON is malformed: ")
