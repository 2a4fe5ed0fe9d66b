"""`model` and `stream` of a JSON body, read and found without building anything else of it."""

from __future__ import annotations

import codecs
from concurrent.futures import ThreadPoolExecutor

import msgspec

from llmlb.errors import Malformed

_PIECE = 1 << 16
_NULL = msgspec.Raw(b"null")


class _Wanted(msgspec.Struct, gc=False):
    model: str | None = None
    stream: bool | None = None


class _Raw(msgspec.Struct, gc=False):
    model: msgspec.Raw = _NULL
    stream: msgspec.Raw = _NULL


_wanted = msgspec.json.Decoder(_Wanted)
_raw = msgspec.json.Decoder(_Raw)
_text = msgspec.json.Decoder(str | None)
_flag = msgspec.json.Decoder(bool | None)
_encode = msgspec.json.Encoder().encode


def read(body: bytes) -> tuple[str | None, bool]:
    """The model (None: there is none, or null) and whether a stream is wanted. Raises Malformed.

    A member that is there twice counts as it stands last, as nearly every JSON reader has it.
    """
    _refuse_bad_utf8(body)
    try:
        found = _wanted.decode(body)
    except msgspec.DecodeError:  # a wrong type is one too
        return _read_again(body)
    except RecursionError:
        raise Malformed("too_deep") from None
    return found.model, bool(found.stream)


def written(model: str) -> bytes:
    """`model` as a JSON string."""
    return _encode(model)


def span_of_model(body: bytes) -> tuple[int, int]:
    """Where the value of the top-level member `model` begins and ends in a body where `read` found one."""
    try:
        return _span_in(body)
    except RecursionError:  # where it was read, less of the stack was in use: a thread has a new one
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(_span_in, body).result()


def _span_in(body: bytes) -> tuple[int, int]:
    try:
        return _span_of_model(bytearray(body))
    except msgspec.DecodeError:
        return _span_of_model(bytearray(_with_whole_letters(body)))


def _span_of_model(twin: bytearray) -> tuple[int, int]:
    view = memoryview(_raw.decode(twin).model)
    # msgspec hands out a view into the twin, but not where in it. So paint halves of the twin and look
    # whether the view changed. In all this writes the body once over, whatever is in it; walking through
    # the JSON in Python could be made to take minutes by who writes it.
    length = len(view)
    low, high, paint = 0, len(twin), 0
    while high - low > 1:
        middle = (low + high) // 2
        paint += 1  # stays below anything that a value begins with: at most 30 halvings
        twin[low:middle] = bytes((paint,)) * (middle - low)
        if view[0] == paint:
            high = middle
        else:
            low = middle
    return low, low + length


def _read_again(body: bytes) -> tuple[str | None, bool]:
    """The same, slowly: what is wrong is told, and what only the fast way cannot read is read."""
    try:
        found = _members(body)
    except msgspec.ValidationError:
        raise Malformed("not_an_object") from None
    except msgspec.DecodeError as error:
        raise _not_json(error) from None
    except RecursionError:
        raise Malformed("too_deep") from None
    try:
        model = _text.decode(found.model)
    except msgspec.ValidationError:
        raise Malformed("no_model") from None
    except msgspec.DecodeError as error:
        raise _not_json(error) from None
    try:
        return model, bool(_flag.decode(found.stream))
    except msgspec.ValidationError:
        raise Malformed("bad_stream") from None


def _members(body: bytes) -> _Raw:
    """Both values as they are written. Raises what msgspec does."""
    try:
        return _raw.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        readable = _with_whole_letters(body)
    found = _raw.decode(readable)
    if found.model != _NULL:
        start, end = _span_of_model(bytearray(readable))
        found.model = msgspec.Raw(body[start:end])
    return found


def _with_whole_letters(body: bytes) -> bytes:
    """The body with every value where it was, and other letters for the halves of surrogate pairs.

    JavaScript writes half a pair, as an escape, when a text is cut inside an emoji. Nodes take it, msgspec
    does not; and it only matters in what is skipped here.
    """
    return body.replace(b"\\ud", b"\\u0").replace(b"\\uD", b"\\u0")


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


def _not_json(error: msgspec.DecodeError) -> Malformed:
    return Malformed("not_json", problem=str(error).removeprefix("JSON is malformed: "))
