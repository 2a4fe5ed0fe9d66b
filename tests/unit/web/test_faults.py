"""What each refusal becomes on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from llmlb import errors
from llmlb.config.model import Config
from llmlb.errors import Refusal
from llmlb.gateway.visit import Visit
from llmlb.web.faults import FAULTS, answer, faults, waiting_block
from llmlb.web.keys import GATEWAY, REQUEST_ID

REFUSALS: list[tuple[Refusal, int, str, str | None]] = [
    (errors.Malformed("not_json", problem="x"), 400, "invalid_request_error", None),
    (errors.WrongKey(), 401, "invalid_request_error", "invalid_api_key"),
    (errors.MissingKey(), 401, "invalid_request_error", "invalid_api_key"),
    (errors.DisabledKey("alice"), 401, "invalid_request_error", "invalid_api_key"),
    (errors.WrongToken(), 401, "invalid_request_error", "invalid_metrics_token"),
    (errors.UnknownModel("m"), 404, "invalid_request_error", "model_not_found"),
    (errors.UnknownPath(), 404, "invalid_request_error", "unknown_url"),
    (errors.WrongMethod(frozenset({"POST"})), 405, "invalid_request_error", "method_not_allowed"),
    (errors.StalledBody(), 408, "invalid_request_error", "request_timeout"),
    (errors.SlowHead(), 408, "invalid_request_error", "request_timeout"),
    (errors.TooLarge(9), 413, "invalid_request_error", "request_too_large"),
    (errors.CompressedBody(), 415, "invalid_request_error", "unsupported_content_encoding"),
    (errors.StrangeHost(), 421, "invalid_request_error", "host_not_allowed"),
    (errors.QueueFull(7), 429, "queue_full", "queue_full"),
    (errors.LongHead(9), 431, "invalid_request_error", "request_headers_too_large"),
    (errors.NodeFailed(), 502, "server_error", "node_failed"),
    (errors.NodesUnreachable(), 503, "server_error", "nodes_unreachable"),
    (errors.NoNodeOnline("m", 3), 503, "server_error", "no_node_online"),
    (errors.Draining(), 503, "server_error", "draining"),
    (errors.TooManyConnections(), 503, "server_error", "too_many_connections"),
    (errors.QueueTimeout(60, 4), 504, "queue_timeout", "queue_timeout"),
    (errors.NodeTimeout(), 504, "server_error", "node_timeout"),
]
RETRY_AFTER = {
    errors.QueueFull: "7",
    errors.QueueTimeout: "4",
    errors.NoNodeOnline: "3",
    errors.NodesUnreachable: "2",
    errors.Draining: "5",
    errors.TooManyConnections: "5",
}
NEVER_AGAIN = {errors.NodeFailed, errors.NodeTimeout}


class Gateway:
    config = Config()
    draining = False


def request(path: str = "/v1/chat/completions", **headers: str) -> web.Request:
    app = web.Application()
    app[GATEWAY] = cast(Any, Gateway())
    made = make_mocked_request("POST", path, headers=headers, app=app)
    made[REQUEST_ID] = "it"
    return made


def told(response: web.StreamResponse) -> dict[str, Any]:
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    value = msgspec.json.decode(response.body)
    assert isinstance(value, dict)
    return value


def test_every_refusal_is_tried_here() -> None:
    assert {type(refusal) for refusal, *_ in REFUSALS} == set(FAULTS)


@pytest.mark.parametrize(("refusal", "status", "type_", "code"), REFUSALS)
def test_a_refusal_has_its_status_type_and_code(refusal: Refusal, status: int, type_: str, code: str | None) -> None:
    response = answer(request(), refusal)
    error = told(response)["error"]
    assert (response.status, error["type"], error["code"]) == (status, type_, code)
    assert response.headers.get("Retry-After") == RETRY_AFTER.get(type(refusal))
    assert response.headers.get("x-should-retry") == ("false" if type(refusal) in NEVER_AGAIN else None)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/nowhere"])
@pytest.mark.parametrize("refusal", [refusal for refusal, *_ in REFUSALS])
def test_only_anthropics_route_has_a_type_at_the_top(refusal: Refusal, path: str) -> None:
    whole = told(answer(request(path), refusal))
    assert set(whole) == ({"type", "error"} if path == "/v1/messages" else {"error"})


@pytest.mark.parametrize("refusal", [refusal for refusal, *_ in REFUSALS])
def test_a_refusal_is_said_in_both_languages(refusal: Refusal) -> None:
    said = {locale: told(answer(request(**{"Accept-Language": locale}), refusal)) for locale in ("ja", "en")}
    assert said["ja"]["error"]["message"].isascii() is False
    assert said["en"]["error"]["message"].isascii()
    for message in (said["ja"]["error"].pop("message"), said["en"]["error"].pop("message")):
        assert "{" not in message
    assert said["ja"] == said["en"]


def test_the_queues_errors_carry_their_number() -> None:
    assert told(answer(request(), errors.QueueFull(7)))["error"]["retry_after"] == 7
    assert told(answer(request(), errors.QueueFull(8)))["error"]["retry_after"] == 8
    assert told(answer(request("/v1/messages"), errors.QueueFull(7)))["type"] == "error", "in the words of each family"
    assert told(answer(request(), errors.QueueTimeout(60, 4)))["error"]["waited_secs"] == 60


def test_the_allowed_methods_are_told() -> None:
    response = answer(request(), errors.WrongMethod(frozenset({"POST", "GET"})))
    assert response.headers["Allow"] == "GET, POST"


class Waited:
    position: int | None = 3
    estimate: int | None = 30


def test_without_a_wait_there_are_no_headers_and_without_an_estimate_only_the_place() -> None:
    visit = Waited()
    visit.estimate = None
    assert waiting_block(cast(Visit, Waited())) == b"X-Queue-Position: 3\r\nX-Estimated-Wait: 30\r\n"
    assert waiting_block(cast(Visit, visit)) == b"X-Queue-Position: 3\r\n"
    visit.position = None
    assert waiting_block(cast(Visit, visit)) == b""
    assert waiting_block(None) == b""


@pytest.mark.parametrize("crash", [RuntimeError, lambda words: web.HTTPInternalServerError(reason=words)])
async def test_a_crash_is_a_500_without_its_words(crash: Callable[[str], Exception]) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        raise crash("sk-secret at /home/somebody")

    response = await faults(request(), handler)
    error = told(response)["error"]
    assert (response.status, error["code"], error["type"]) == (500, "internal_error", "server_error")
    assert "it" in error["message"]
    assert "secret" not in error["message"]


@pytest.mark.parametrize("error", [ConnectionResetError(), web.HTTPNotModified()])
async def test_what_is_no_error_of_ours_goes_on(error: Exception) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        raise error

    with pytest.raises(type(error)):
        await faults(request(), handler)


@pytest.mark.parametrize(
    ("error", "code"),
    [(web.HTTPNotFound(), "unknown_url"), (web.HTTPMethodNotAllowed("PUT", ["POST"]), "method_not_allowed")],
)
async def test_the_routers_errors_become_ours(error: Exception, code: str) -> None:
    async def handler(_: web.Request) -> web.StreamResponse:
        raise error

    assert told(await faults(request(), handler))["error"]["code"] == code
