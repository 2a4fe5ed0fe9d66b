"""`/operator/sign-in` and `/operator/sign-out`: the operator's password becomes a session, and back."""

from __future__ import annotations

from math import ceil

import structlog
from aiohttp import web

from llmlb.config.password import MOST_BYTES
from llmlb.web.body import leave_expectation
from llmlb.web.keys import GATEWAY
from llmlb.web.operator.attempts import Attempts
from llmlb.web.operator.checking import PasswordCheck
from llmlb.web.operator.forms import check_origin, read_form
from llmlb.web.operator.guard import COOKIE, SESSIONS, in_words, session_of, signed_in
from llmlb.web.operator.not_done import NotDone
from llmlb.web.operator.off import has_named_file
from llmlb.web.operator.pages import DESK, SIGN_IN, SIGN_OUT, operator_page, see_other
from llmlb.web.operator.sessions import Session

MAX_BODY = 16 * 1024
"""Of the sign-in form: anybody may send it."""
CROWDED_SECS = 1
"""What is told when too many passwords wait to be compared."""

_ATTEMPTS = web.AppKey("operator_attempts", Attempts)
_CHECK = web.AppKey("operator_password_check", PasswordCheck)

_log = structlog.get_logger("llmlb.operator")


def add_sign_in(app: web.Application) -> None:
    """Add the routes of signing in and out to `app`, which must have its `GATEWAY` and `SESSIONS`."""
    app[_ATTEMPTS] = Attempts(app[GATEWAY].clock)
    app[_CHECK] = PasswordCheck()
    app.on_cleanup.append(_close)
    app.router.add_get(SIGN_IN, in_words(_ask))
    app.router.add_post(SIGN_IN, in_words(_try), expect_handler=leave_expectation)
    app.router.add_post(SIGN_OUT, signed_in(_sign_out), expect_handler=leave_expectation)


async def _close(app: web.Application) -> None:
    app[_CHECK].close()


async def _ask(request: web.Request) -> web.Response:
    return _page(request) if session_of(request) is None else see_other(DESK)


async def _try(request: web.Request) -> web.Response:
    """Compare the password, unless it comes too soon: then it is not even read, right or wrong."""
    check_origin(request)
    if (refused := _too_soon(request)) is not None:
        return refused
    password = (await read_form(request, MAX_BODY)).get("password", "")
    if not password:
        return _page(request, "no_password_given", status=400)
    if len(password.encode()) > MOST_BYTES:
        raise NotDone(400, "long_password", most=f"{MOST_BYTES:,}")
    if (refused := _too_soon(request)) is not None:  # others of the same address have come meanwhile
        return refused
    failures = request.app[_ATTEMPTS].begin(request.remote)
    operator = request.app[GATEWAY].config.operator
    right = await request.app[_CHECK].is_password(operator.password_hash, password)
    if not right or request.app[GATEWAY].config.operator.password_hash != operator.password_hash:
        _log.warning("operator sign-in failed", address=request.remote, failures=failures)
        return _page(request, "wrong_password", status=403)
    return _welcome(request)


def _welcome(request: web.Request) -> web.Response:
    """Begin a session, always a new one: what a browser held before may be known to others."""
    app = request.app
    if (before := session_of(request)) is not None:
        app[SESSIONS].end(before)
    app[_ATTEMPTS].succeeded(request.remote)
    secret, session = app[SESSIONS].begin()
    _log.info("operator signed in", address=request.remote)
    response = see_other(DESK)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=round(session.until - session.since),
        path=DESK,
        httponly=True,
        samesite="Strict",
        secure=_by_https(request),
    )
    return response


async def _sign_out(request: web.Request, session: Session) -> web.Response:
    request.app[SESSIONS].end(session)
    _log.info("operator signed out", address=request.remote)
    response = see_other(SIGN_IN)
    response.del_cookie(COOKIE, path=DESK, httponly=True, samesite="Strict", secure=_by_https(request))
    return response


def _too_soon(request: web.Request) -> web.Response | None:
    """The answer to an attempt that has to wait; None when it need not."""
    attempts = request.app[_ATTEMPTS]
    if pause := attempts.pause(request.remote):
        return _wait(request, "pause", ceil(pause))
    if pace := attempts.pace():
        return _wait(request, "pace", ceil(pace))
    return _wait(request, "pace", CROWDED_SECS) if request.app[_CHECK].full else None


def _wait(request: web.Request, key: str, secs: int) -> web.Response:
    _log.info("operator sign-in too soon", address=request.remote, reason=key, retry_after=secs)
    response = _page(request, key, status=429, secs=secs)
    response.headers["Retry-After"] = str(secs)
    return response


def _page(request: web.Request, problem: str = "", *, status: int = 200, **values: int) -> web.Response:
    context = {"problem": problem, "values": values, "named": has_named_file(request)}
    return operator_page(request, "sign_in.html", context, status=status)


def _by_https(request: web.Request) -> bool:
    """Whether the browser came by https; with a proxy in between only the browser itself knows, and says so."""
    return request.secure or request.headers.get("Origin", "").lower().startswith("https://")
