"""Who may see the operator's part, and which of the forms sent to it were meant."""

from __future__ import annotations

import functools
import hmac
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from llmlb.errors import Refusal
from llmlb.web.keys import GATEWAY, REQUEST_ID
from llmlb.web.operator.forms import Form, check_origin, read_form
from llmlb.web.operator.not_done import NotDone
from llmlb.web.operator.off import off_page
from llmlb.web.operator.pages import SIGN_IN, refused_page, see_other
from llmlb.web.operator.sessions import Session, Sessions

SESSIONS = web.AppKey("operator_sessions", Sessions)
FORM: web.RequestKey[Form] = web.RequestKey("operator_form")
"""What a form has sent, for the handlers of `signed_in`."""
COOKIE = "llmlb_operator"

SignedIn = Callable[[web.Request, Session], Awaitable[web.StreamResponse]]

_log = structlog.get_logger("llmlb.operator")


def session_of(request: web.Request) -> Session | None:
    """The session of the browser that asks, if it is signed in."""
    return request.app[SESSIONS].find(request.cookies.get(COOKIE))


def operator_at(request: web.Request) -> str:
    """Who makes a change, for the log."""
    return f"operator at {request.remote}"


def is_on(request: web.Request) -> bool:
    """Whether there is a password, and with it an operator's part."""
    return request.app[GATEWAY].config.operator.password_hash != ""


def signed_in(handler: SignedIn) -> Handler:
    """The handler, for the operator only; others are asked to sign in.

    What is not GET or HEAD must be a form of a page of this session; its fields are `request[FORM]`. A NotDone or
    a Refusal that the handler raises becomes a page.
    """

    @functools.wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        session = session_of(request)
        if request.method in ("GET", "HEAD"):
            if session is None:
                return see_other(SIGN_IN)
            return await handler(request, session)
        check_origin(request)
        if session is None:
            raise NotDone(403, "not_signed_in")
        form = request[FORM] = await read_form(request)
        if not hmac.compare_digest(form.get("csrf", "").encode(), session.csrf.encode()):
            raise NotDone(403, "other_session")
        return await handler(request, session)

    return in_words(guarded)


def in_words(handler: Handler) -> Handler:
    """The handler, where there is an operator's part; with its refusals as pages."""

    @functools.wraps(handler)
    async def answered(request: web.Request) -> web.StreamResponse:
        if not is_on(request):
            return off_page(request)
        try:
            return await handler(request)
        except (NotDone, Refusal) as refused:
            page = refused_page(request, refused, session_of(request))
            _log.info("refused", id=request[REQUEST_ID], status=page.status, reason=refused.key)
            return page

    return answered
