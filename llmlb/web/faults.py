"""The one place where our errors become HTTP."""

from __future__ import annotations

from functools import lru_cache

import attrs
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from llmlb import errors
from llmlb.errors import Refusal
from llmlb.gateway.visit import Visit
from llmlb.messages import Locale, choose_locale, text
from llmlb.web.cors import preflight
from llmlb.web.hosts import check_host
from llmlb.web.keys import GATEWAY, REQUEST_ID
from llmlb.wire.endpoints import ENDPOINTS, Family
from llmlb.wire.envelope import envelope

_log = structlog.get_logger("llmlb.web")

_OURS = "invalid_request_error"
_SERVER = "server_error"
_FAMILIES = {endpoint.path: endpoint.family for endpoint in ENDPOINTS}


@attrs.frozen
class Fault:
    """How a refusal is answered. `extra`: values of the refusal that stand in the error object too."""

    status: int
    type: str
    code: str | None
    extra: tuple[str, ...] = ()
    should_retry: bool = True
    """False tells the SDKs, which try again by themselves, not to: the work would be done twice."""


FAULTS: dict[type[Refusal], Fault] = {
    errors.Malformed: Fault(400, _OURS, None),
    errors.WrongKey: Fault(401, _OURS, "invalid_api_key"),
    errors.MissingKey: Fault(401, _OURS, "invalid_api_key"),
    errors.DisabledKey: Fault(401, _OURS, "invalid_api_key"),
    errors.WrongToken: Fault(401, _OURS, "invalid_metrics_token"),
    errors.UnknownModel: Fault(404, _OURS, "model_not_found"),
    errors.UnknownPath: Fault(404, _OURS, "unknown_url"),
    errors.WrongMethod: Fault(405, _OURS, "method_not_allowed"),
    errors.StalledBody: Fault(408, _OURS, "request_timeout"),
    errors.SlowHead: Fault(408, _OURS, "request_timeout"),
    errors.TooLarge: Fault(413, _OURS, "request_too_large"),
    errors.CompressedBody: Fault(415, _OURS, "unsupported_content_encoding"),
    errors.StrangeHost: Fault(421, _OURS, "host_not_allowed"),
    errors.LongHead: Fault(431, _OURS, "request_headers_too_large"),
    errors.QueueFull: Fault(429, "queue_full", "queue_full", ("retry_after",)),
    errors.NodeFailed: Fault(502, _SERVER, "node_failed", should_retry=False),
    errors.NodesUnreachable: Fault(503, _SERVER, "nodes_unreachable"),
    errors.NoNodeOnline: Fault(503, _SERVER, "no_node_online"),
    errors.TooManyConnections: Fault(503, _SERVER, "too_many_connections"),
    errors.Draining: Fault(503, _SERVER, "draining"),
    errors.QueueTimeout: Fault(504, "queue_timeout", "queue_timeout", ("waited_secs",)),
    errors.NodeTimeout: Fault(504, _SERVER, "node_timeout", should_retry=False),
}


def family_of(path: str) -> Family:
    """Whose clients use this path; OpenAI's unless it says otherwise."""
    return _FAMILIES.get(path, Family.OPENAI)


def locale_of(request: web.BaseRequest, app: web.Application) -> Locale:
    """The language the client is answered in."""
    return choose_locale(request.headers.get("Accept-Language"), app[GATEWAY].config.server.locale)


def waiting_block(visit: Visit | None) -> bytes:
    """The header lines by which a client learns of its wait; none if it did not wait."""
    if visit is None or visit.position is None:
        return b""
    if visit.estimate is None:
        return b"X-Queue-Position: %d\r\n" % visit.position
    return b"X-Queue-Position: %d\r\nX-Estimated-Wait: %d\r\n" % (visit.position, visit.estimate)


def answer(request: web.Request, refusal: Refusal) -> web.Response:
    """The refusal as a response."""
    body = refusal_body(family_of(request.path), refusal, locale_of(request, request.app))
    status = FAULTS[type(refusal)].status
    return web.Response(status=status, body=body, content_type="application/json", headers=told(refusal))


def plain_answer(refusal: Refusal | None, locale: Locale, request_id: str) -> web.Response:
    """The answer to what did not even become a request; None is a crash of ours."""
    headers = {"Server": "llmlb", "X-Request-Id": request_id}
    if refusal is None:
        body, status = crash_body(Family.OPENAI, locale, request_id), 500
    else:
        body, status = refusal_body(Family.OPENAI, refusal, locale), FAULTS[type(refusal)].status
        headers |= told(refusal)
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def raw_answer(refusal: Refusal, locale: Locale, request_id: str) -> bytes:
    """The same, whole, as it goes out on a connection that is then closed."""
    response = plain_answer(refusal, locale, request_id)
    assert isinstance(response.body, bytes)
    headers = {**response.headers, "Content-Length": str(len(response.body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + response.body


def told(refusal: Refusal) -> dict[str, str]:
    """What a refusal says in headers."""
    headers = {}
    retry_after = getattr(refusal, "retry_after", None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if not FAULTS[type(refusal)].should_retry:
        headers["x-should-retry"] = "false"
    if isinstance(refusal, errors.WrongMethod):
        headers["Allow"] = ", ".join(sorted(refusal.allowed))
    return headers


def refusal_body(family: Family, refusal: Refusal, locale: Locale) -> bytes:
    """What a refusal says in its body."""
    if isinstance(refusal, errors.QueueFull):
        return _queue_full_body(family, refusal.retry_after, locale)
    return _body(family, refusal, locale)


@lru_cache(maxsize=512)
def _queue_full_body(family: Family, retry_after: int, locale: Locale) -> bytes:
    """Said thousands of times a second when it is said at all, in at most 360 ways."""
    return _body(family, errors.QueueFull(retry_after), locale)


def _body(family: Family, refusal: Refusal, locale: Locale) -> bytes:
    fault = FAULTS[type(refusal)]
    return envelope(
        family,
        message=text(locale, refusal.key, **refusal.values),
        type=fault.type,
        code=fault.code,
        **{name: refusal.values[name] for name in fault.extra},
    )


def crash_body(family: Family, locale: Locale, request_id: str) -> bytes:
    """What is said when we have failed."""
    message = text(locale, "internal", request_id=request_id)
    return envelope(family, message=message, type=_SERVER, code="internal_error")


@web.middleware
async def faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in OpenAI's shape; this is the outermost guard of a request."""
    try:
        check_host(request)
        return await handler(request)
    except Refusal as refusal:
        return _refused(request, refusal)
    except web.HTTPMethodNotAllowed as error:
        if (allowed := preflight(request)) is not None:
            return allowed
        return _refused(request, errors.WrongMethod(frozenset(error.allowed_methods)))
    except web.HTTPNotFound:
        return _refused(request, errors.UnknownPath())
    except web.HTTPRedirection:
        raise  # 304 and the like: no error
    except ConnectionError:
        raise  # the client has left; there is nobody to tell
    except Exception:
        request_id = request[REQUEST_ID]
        _log.exception("internal error", id=request_id)
        body = crash_body(family_of(request.path), locale_of(request, request.app), request_id)
        return web.Response(status=500, body=body, content_type="application/json")


def note_refusal(refusal: Refusal, request_id: str) -> None:
    """Log the refusal of a request of which there will be no record."""
    whose = {"key": refusal.name} if isinstance(refusal, errors.DisabledKey) else {}
    _log.info("refused", id=request_id, status=FAULTS[type(refusal)].status, reason=refusal.key, **whose)


def _refused(request: web.Request, refusal: Refusal) -> web.Response:
    note_refusal(refusal, request[REQUEST_ID])
    return answer(request, refusal)
