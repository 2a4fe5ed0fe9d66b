"""What the operator's forms send, and whether one of our own pages sent it."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from llmlb.gateway.bodies import Bodies
from llmlb.web.body import read_body
from llmlb.web.operator.not_done import NotDone

MAX_FORM = 256 * 1024
MOST_FIELDS = 5_000
_FORM = "application/x-www-form-urlencoded"
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


Form = dict[str, str]
"""The fields of a form by name. Of one that was sent several times, the last."""


def check_origin(request: web.Request) -> None:
    """Let pass what our own pages send, and programs. Raises NotDone for what a page elsewhere had a browser send.

    A browser says with each form where it comes from, and no page can make it lie about that.
    """
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.headers.get("Host", "").lower():
        raise NotDone(403, "other_origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise NotDone(403, "other_origin")


async def read_form(request: web.Request, limit: int = MAX_FORM) -> Form:
    """The form in the body, of at most `limit` bytes. Raises NotDone, and what `read_body` does."""
    if request.content_type != _FORM:
        raise NotDone(415, "not_a_form")
    # No share of the memory for requests: the operator has to be let in when that is full.
    with Bodies(limit, lambda: 1).hold() as hold:
        return parse_form(await read_body(request, hold, limit))


def parse_form(body: bytes) -> Form:
    """The fields in the body of a form. Raises NotDone for what no browser sends, and for too many."""
    try:
        text = body.decode("ascii")
        if _BAD_ESCAPE.search(text):
            raise ValueError
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict"))
    except ValueError:
        raise NotDone(400, "bad_form", most=f"{MOST_FIELDS:,}") from None


def _host_of(origin: str) -> str:
    """Host and port of an origin as `Host` would name them; "" for `null` and what is no origin."""
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return ""
