"""Under which names the page answers, and to whose pages `/v1` is open (H5)."""

from __future__ import annotations

import attrs
import pytest

from llmlb.config.model import KeyConfig, Server
from llmlb.testing import ScriptedNode
from llmlb.web.assets import SAFE_HEADERS
from tests.integration.bench import CHAT, Answer, Bench, config
from tests.integration.conftest import Start

OURS = ["/", "/static/main.js", "/api/queue/stats", "/api/queue/events", "/operator", "/operator/sign-in"]
FOR_PROGRAMS = ["/healthz", "/health", "/readyz", "/metrics", "/v1/models"]
KNOWN = [
    "localhost", "localhost:8080", "LOCALHOST", "localhost.", "gpu.localhost:1", "127.0.0.1", "127.8.8.8:1",
    "192.168.1.20:8080", "8.8.8.8", "[::1]", "[::1]:8080", "[2001:db8::1]:443", "[::ffff:10.0.0.1]", "localhost:",
]  # fmt: skip
STRANGE = [
    "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example.",
    "127.1", "0x7f.0.0.1", "2130706433", "", "localhost@evil.example", "evil.example#localhost", "[localhost]",
    "127.0.0.1:80:80", "localhost evil.example", "localhost,evil.example", "127.0.0.1/", "xn--lcalhost-n9c",
]  # fmt: skip


async def status(gateway: Bench, path: str, host: str, **headers: str) -> int:
    """The status alone: an event stream has no end to wait for."""
    async with gateway.client.get(gateway.url + path, headers={"Host": host, **headers}) as response:
        return response.status


async def test_the_page_answers_to_addresses_and_loopback_names_whatever_the_port(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node))
    for host in KNOWN:
        assert [await status(gateway, path, host) for path in OURS] == [200] * len(OURS), host


async def test_the_page_answers_to_no_other_name(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    for host in STRANGE:
        assert [await status(gateway, path, host) for path in OURS] == [421] * len(OURS), host
    answer = await gateway.get("/", headers={"Host": "evil.example"})
    assert (answer.error["type"], answer.error["code"]) == ("invalid_request_error", "host_not_allowed")
    assert "allowed_hosts" in answer.error["message"]


async def test_a_request_without_a_host_does_not_get_the_page(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert (await gateway.raw(b"GET / HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 421 ")
    assert (await gateway.raw(b"GET /healthz HTTP/1.0\r\n\r\n")).startswith(b"HTTP/1.0 200 ")


async def test_what_is_for_programs_answers_to_any_name(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    for host in ("evil.example", "llmlb:8080", "gateway"):
        assert [await status(gateway, path, host) for path in FOR_PROGRAMS] == [200] * len(FOR_PROGRAMS)
        assert (await gateway.post(headers={"Host": host})).status == 200


async def test_the_operator_adds_names_while_it_runs(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    for spelled in ("gpu.example", "GPU.example.", "gpu.example:8080"):
        assert await status(gateway, "/", spelled) == 421
    server = attrs.evolve(gateway.gateway.config.server, allowed_hosts=("Gpu.Example", "other"))
    gateway.gateway.config = attrs.evolve(gateway.gateway.config, server=server)
    for spelled in ("gpu.example", "GPU.example.", "gpu.example:8080", "other"):
        assert await status(gateway, "/", spelled) == 200
    for other in ("x.gpu.example", "example", "gpu.example.evil"):
        assert await status(gateway, "/", other) == 421


async def test_a_valid_key_is_as_good_as_a_known_name_and_only_a_valid_one(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(KeyConfig(name="a", key="right"),)))
    assert await status(gateway, "/api/queue/stats", "evil.example", Authorization="Bearer right") == 200
    assert await status(gateway, "/", "evil.example", **{"x-api-key": "right"}) == 200
    assert await status(gateway, "/api/queue/stats", "evil.example", Authorization="Bearer wrong") == 421
    assert await status(gateway, "/", "evil.example") == 421


async def test_where_no_keys_are_configured_none_is_valid(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert await status(gateway, "/", "evil.example", Authorization="Bearer made-up") == 421


async def test_a_path_that_does_not_exist_is_404_under_any_name(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert await status(gateway, "/api/pull", "evil.example") == 404


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/queue/events"])
async def test_a_browser_does_nothing_with_the_page_but_show_it(path: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    async with gateway.client.get(gateway.url + path) as response:
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        policy = response.headers["Content-Security-Policy"]
        assert policy == SAFE_HEADERS["Content-Security-Policy"]
        for directive in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'self'"):
            assert directive in policy
        assert "unsafe" not in policy


ORIGIN = "https://chat.example"
CORS = Server(locale="en", cors_origins=(ORIGIN, "http://localhost:5173"))
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


def opened(answer: Answer) -> dict[str, str]:
    """What an answer tells browsers about other origins."""
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control")}


async def preflight(gateway: Bench, path: str, origin: str, **headers: str) -> Answer:
    """What a browser asks before it lets a page send its request."""
    url = gateway.url + path
    async with gateway.client.options(url, headers={"Origin": origin, **PREFLIGHT, **headers}) as response:
        return Answer(response.status, response.headers, await response.read())


async def test_a_configured_origin_may_use_v1(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node, server=CORS, keys=(KeyConfig(name="a", key="A"),)))
    for origin in CORS.cors_origins:
        asked = await preflight(gateway, CHAT, origin)  # a browser sends no key with this
        assert asked.status == 204
        assert opened(asked) == {
            "access-control-allow-origin": origin,
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": "authorization,content-type",
            "access-control-expose-headers": opened(asked)["access-control-expose-headers"],
            "access-control-max-age": "600",
        }
        reply = await gateway.post(key="A", headers={"Origin": origin})
        assert (reply.status, opened(reply)["access-control-allow-origin"]) == (200, origin)
        assert "Origin" in reply.headers.getall("Vary")  # type: ignore[attr-defined]
        for header in ("X-Request-Id", "X-Queue-Position", "X-Estimated-Wait", "Retry-After"):
            assert header in opened(reply)["access-control-expose-headers"]


async def test_errors_can_be_read_by_the_page_too(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=CORS, keys=(KeyConfig(name="a", key="A"),)))
    headers = {"Origin": ORIGIN}
    answers = [
        await gateway.post(headers=headers),
        await gateway.post(key="A", headers=headers, data=b"{"),
        await gateway.post("/v1/nowhere", headers=headers),
        await gateway.get(CHAT, headers=headers),
    ]
    assert [answer.status for answer in answers] == [401, 400, 404, 405]
    assert [opened(answer)["access-control-allow-origin"] for answer in answers] == [ORIGIN] * 4


async def test_a_stream_can_be_read_by_the_page(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node, server=CORS))
    reply = await gateway.post(json={"model": "m", "stream": True}, headers={"Origin": ORIGIN})
    assert opened(reply)["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example", "http://chat.example", "https://chat.example:8443", "https://chat.example.evil.example",
        "https://CHAT.example", "null", "*", "", "https://chat.example/", "https://chat.example, https://evil.example",
    ],
)  # fmt: skip
async def test_no_other_origin_may(origin: str, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node, server=CORS))
    asked = await preflight(gateway, CHAT, origin)
    assert (asked.status, opened(asked)) == (405, {})
    reply = await gateway.post(headers={"Origin": origin})
    assert opened(reply) == {}
    assert reply.headers["Vary"] == "Origin"  # what stores answers keeps them apart


async def test_by_default_no_origin_may_and_nothing_is_said_of_it(node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(node))
    asked = await preflight(gateway, CHAT, ORIGIN)
    assert (asked.status, opened(asked)) == (405, {})
    assert "Vary" not in (await gateway.post(headers={"Origin": ORIGIN})).headers


@pytest.mark.parametrize("path", [*OURS[:3], "/metrics", "/healthz", "/V1/models", "//v1/models"])
async def test_nothing_but_v1_is_open_to_any_origin(path: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, server=CORS))
    assert opened(await gateway.get(path, headers={"Origin": ORIGIN})) == {}
    asked = await preflight(gateway, path, ORIGIN)
    assert asked.status in {404, 405}
    assert opened(asked) == {}


async def test_cookies_are_never_asked_for_and_what_a_page_asks_is_not_repeated_blindly(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node, server=CORS))
    asked = await preflight(gateway, CHAT, ORIGIN, **{"Access-Control-Request-Headers": "x-a, \u00e9"})
    assert "access-control-allow-headers" not in opened(asked)
    assert "access-control-allow-credentials" not in opened(asked)
