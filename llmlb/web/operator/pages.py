"""How a page of the operator's part is made: the operator's frame, its words, and what a browser may do with it."""

from __future__ import annotations

from typing import Any, Protocol

from aiohttp import web

from llmlb.errors import Refusal
from llmlb.messages import Locale, text
from llmlb.web.assets import SAFE_HEADERS
from llmlb.web.faults import FAULTS
from llmlb.web.operator.flashes import to_say
from llmlb.web.operator.not_done import NotDone
from llmlb.web.operator.sessions import Session
from llmlb.web.operator.texts import OPERATOR_TEXTS, operator_text
from llmlb.web.pages import page_locale, render

DESK, SIGN_IN, SIGN_OUT = "/operator", "/operator/sign-in", "/operator/sign-out"

_SAME_ORIGIN = {"Referrer-Policy": "same-origin"}
"""Under `no-referrer` a browser sends `Origin: null` with our own forms as well."""


class Words(Protocol):
    """Where a page finds its words: `operator_text` and its like."""

    def __call__(self, locale: Locale, key: str, /, **values: Any) -> str: ...


def operator_page(
    request: web.Request,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    session: Session | None = None,
    words: Words = operator_text,
    here: str = "",
) -> web.Response:
    """The page `operator/TEMPLATE`. `session`: of its reader, if signed in. `here`: "desk" or "settings".

    Templates find `o("key")`, words of `words` or of the frame, and `csrf`, for the field of that name in forms;
    `flash` is what came of the last form, for `operator/flash.html`.
    """
    locale = page_locale(request)

    def find(key: str, /, **values: Any) -> str:
        return (operator_text if key in OPERATOR_TEXTS else words)(locale, key, **values)

    shared = {"o": find, "csrf": session.csrf if session else "", "here": here, "back": DESK}
    shared |= {"flash": to_say(request, session) if here else None}  # a page that refuses a form is not the next one
    response = render(request, f"operator/{template}", shared | (context or {}), status)
    response.headers.update(_SAME_ORIGIN)
    return response


def see_other(path: str) -> web.Response:
    """Go on to another page, which is what a form that was sent is answered."""
    headers = SAFE_HEADERS | _SAME_ORIGIN | {"Location": path, "Cache-Control": "no-store"}
    return web.Response(status=303, headers=headers)


def refused_page(request: web.Request, refused: NotDone | Refusal, session: Session | None = None) -> web.Response:
    """Why a request was refused, with a way back."""
    locale = page_locale(request)
    headers: dict[str, str] = {}
    if isinstance(refused, NotDone):
        status, why = refused.status, operator_text(locale, refused.key, **refused.values)
        headers = refused.headers
    else:
        status, why = FAULTS[type(refused)].status, text(locale, refused.key, **refused.values)
    key = f"refused_{status}" if f"refused_{status}" in OPERATOR_TEXTS else "refused_other"
    # Many addresses of forms are no pages: there the other language would be that of nothing.
    context = {"title": operator_text(locale, key), "why": why, "language_at": DESK}
    response = operator_page(request, "refused.html", context, status=status, session=session)
    response.headers.update(headers)
    return response
