"""Where the plain fields of a multipart form stand in a body: strict, in linear time, without copying it.

Strict, because a node reads the same bytes with another reader: what two of them could understand
differently is refused. The readers there are hand out contents but not their places, which renaming a
model needs.
"""

from __future__ import annotations

import re

from llmlb.errors import Malformed

_MAX_PARTS = 1_000
_MAX_HEADS = 262_144  # bytes, of all parts together: these are looked at one by one

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_KIND = re.compile(rf"\s*({_TOKEN}(?:/{_TOKEN})?)")
_PARAMETER = re.compile(rf'\s*;\s*({_TOKEN})=(?:"((?:[^"\\]++|\\.)*+)"|([^\s;"]++))')
_REST = re.compile(r"[\s;]*")
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_ESCAPE = re.compile(r"\\(.)")
_LINE_END = re.compile(rb"[ \t]*+\r\n")


def fields(content_type: str, body: bytes, names: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Of the fields `names` (files are none), those that are there, with where each one's content begins
    and ends in `body`.

    Raises Malformed when the body is not such a form, or has one of these fields twice.
    """
    mark = b"--" + _boundary(content_type)
    delimiter = b"\r\n" + mark
    if body.startswith(mark):
        at = len(mark)
    elif body.startswith(delimiter):
        at = len(delimiter)
    else:
        raise _refused("it does not begin with its boundary")
    found: dict[str, tuple[int, int]] = {}
    room = _MAX_HEADS
    for _ in range(_MAX_PARTS):
        if body.startswith(b"--", at):
            return found
        line_end = _LINE_END.match(body, at)
        if line_end is None:
            raise _refused(f"a boundary is followed by something else (at byte {at})")
        # The blank line may end at once, so that a part without headers is seen as one.
        head_end = body.find(b"\r\n\r\n", line_end.end() - 2, line_end.end() + room)
        if head_end < 0:
            raise _refused(f"the headers of a part do not end, or are too long (at byte {at})")
        room -= head_end - line_end.end()
        name = _field_name(body[line_end.end() : head_end], at)
        start = head_end + 4
        # A part without content may share its blank line with the boundary that ends it.
        next_mark = body.find(delimiter, start - 2)
        if next_mark < 0:
            raise _refused("its last boundary is missing")
        if name in names:
            if name in found:
                raise _refused(f"the field {name} is there twice")
            found[name] = (start, max(start, next_mark))
        at = next_mark + len(delimiter)
    raise _refused(f"it has more than {_MAX_PARTS} parts")


def written(model: str) -> bytes:
    """`model` as the content of a field. Raises ValueError if it could be taken for more than that."""
    if "\r" in model or "\n" in model:
        raise ValueError("a field cannot be written with a line break in it")
    return model.encode()


def _boundary(content_type: str) -> bytes:
    parsed = _parameters(content_type)
    if parsed is None or parsed[0].lower() != "multipart/form-data":
        raise _refused("its Content-Type is not multipart/form-data")
    boundary = parsed[1].get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise _refused("its Content-Type names no usable boundary")
    return boundary.encode()


def _field_name(head: bytes, at: int) -> str | None:
    """The name of the field whose headers these are; None for a file."""
    lines = [line.partition(":") for line in head.decode(errors="replace").split("\r\n")]
    dispositions = [value for name, _, value in lines if name.lower() == "content-disposition"]
    parsed = _parameters(dispositions[0]) if len(dispositions) == 1 else None
    if parsed is None or parsed[0].lower() != "form-data" or "name" not in parsed[1]:
        raise _refused(f"a part has no usable Content-Disposition (at byte {at})")
    if "filename" in parsed[1] or "filename*" in parsed[1]:
        return None
    return parsed[1]["name"]


def _parameters(value: str) -> tuple[str, dict[str, str]] | None:
    """`kind; name=value; name="value"` taken apart; None if it is not of that form or repeats a name."""
    kind = _KIND.match(value)
    if kind is None:
        return None
    at = kind.end()
    parameters: dict[str, str] = {}
    while parameter := _PARAMETER.match(value, at):
        name, quoted, plain = parameter.groups()
        if name.lower() in parameters:
            return None
        parameters[name.lower()] = plain if quoted is None else _ESCAPE.sub(r"\1", quoted)
        at = parameter.end()
    return (kind[1], parameters) if _REST.fullmatch(value, at) else None


def _refused(problem: str) -> Malformed:
    return Malformed("not_multipart", problem=problem)
