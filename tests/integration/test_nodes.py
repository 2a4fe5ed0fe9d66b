"""How nodes are found, asked and chosen (N1 to N4)."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from llmlb.config.model import Config, Health, NodeConfig, Server
from llmlb.nodes.discovery import Place, discover, places
from llmlb.nodes.fleet import Member
from llmlb.nodes.probe import ask
from llmlb.testing import ManualClock, ScriptedNode, eventually
from llmlb.testing.kinds import OWNERS
from tests.integration.bench import Bench, config
from tests.integration.conftest import NewNode, Start

CERTIFICATE = Path(__file__).parent / "tls" / "node.pem"
KEY = Path(__file__).parent / "tls" / "node.key"


# N1


async def test_servers_on_this_machine_are_found_at_their_usual_places(new_node: NewNode) -> None:
    ollama, broken = await new_node(), await new_node()
    ollama.kind = "ollama"
    broken.models_status = 500
    gone = await new_node()
    gone.refuse()
    found = await discover(
        (
            Place("ollama", "Ollama", ollama.port),
            Place("vllm", "vLLM", broken.port),
            Place("lmstudio", "LM Studio", gone.port),
        ),
    )
    assert [(node.name, node.url) for node in found] == [("ollama", ollama.url)]


async def test_another_llmlb_is_not_taken_for_a_node(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node))
    assert await discover((Place("llamacpp-8080", "llama.cpp", gateway.port),)) == ()


def test_the_places_are_the_usual_ports_and_never_our_own() -> None:
    assert [place.port for place in places(9999)] == [11434, 1234, 8000, 8081, 8080]
    assert [place.port for place in places(8080)] == [11434, 1234, 8000, 8081]
    assert [place.port for place in places(8000)] == [11434, 1234, 8081, 8080]


async def test_with_no_nodes_configured_those_found_are_used(
    node: ScriptedNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.auto()
    monkeypatch.setattr("llmlb.app.places", lambda _: (Place("ollama", "Ollama", node.port),))
    gateway = await start(Config(server=Server(locale="en")))
    assert [place.title for place in gateway.running.found] == ["Ollama"]
    await gateway.state("ollama", "idle")
    assert (await gateway.post()).status == 200


async def test_while_there_is_no_node_it_goes_on_looking_for_one(
    node: ScriptedNode, start: Start, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.refuse()
    monkeypatch.setattr("llmlb.app.places", lambda _: (Place("ollama", "Ollama", node.port),))
    gateway = await start(Config(server=Server(locale="en")), clock)
    assert gateway.running.found == ()
    answer = await gateway.post()
    assert (answer.status, answer.error["code"]) == (503, "no_node_online")
    assert (await gateway.get("/readyz")).status == 503
    node.auto()
    await node.listen_again()
    clock.advance(15)
    await eventually(lambda: gateway.states == {"ollama": "idle"}, "it is found")
    assert (await gateway.post()).status == 200


async def test_with_nodes_configured_none_is_looked_for(
    new_node: NewNode, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, other = await new_node(), await new_node()
    monkeypatch.setattr("llmlb.app.places", lambda _: (Place("ollama", "Ollama", other.port),))
    gateway = await start(config(listed))
    assert gateway.states == {"n1": "idle"}
    assert other.probes == 0


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_a_url_may_end_in_v1_or_not(ending: str, node: ScriptedNode, start: Start) -> None:
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url + ending)))
    assert (await gateway.post("/v1/embeddings")).status == 200
    assert node.seen[0].path == "/v1/embeddings"
    assert node.seen[0].header("host") == f"127.0.0.1:{node.port}"


@pytest.mark.parametrize("ending", ["/proxy/a", "/proxy/a/v1"])
async def test_a_url_may_have_a_prefix(ending: str, node: ScriptedNode, start: Start) -> None:
    node.auto()
    node.pages["/proxy/a/v1/models"] = (200, {"data": [{"id": "m"}]})
    gateway = await start(config(NodeConfig(name="n1", url=node.url + ending)))
    assert (await gateway.post()).status == 200
    assert node.seen[0].path == "/proxy/a/v1/chat/completions"
    assert node.probes == 0


@pytest.fixture
async def tls_port() -> AsyncIterator[int]:
    """An https node with a certificate of its own making."""

    async def models(_: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": "m"}]})

    async def chat(request: web.Request) -> web.Response:
        return web.json_response({"over": request.scheme, "asked": await request.json()})

    app = web.Application()
    app.add_routes([web.get("/v1/models", models), web.post("/v1/chat/completions", chat)])
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(CERTIFICATE, KEY)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner.addresses[0][1]
    await runner.cleanup()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_https_node_is_checked_against_its_ca_file(host: str, tls_port: int, start: Start) -> None:
    url = f"https://{host}:{tls_port}"
    gateway = await start(config(NodeConfig(name="n1", url=url, ca_file=str(CERTIFICATE))))
    for _ in range(2):
        assert (await gateway.post()).json == {"over": "https", "asked": {"model": "m"}}


async def test_an_https_node_nobody_vouches_for_is_not_used(tls_port: int, start: Start) -> None:
    gateway = await start(config(NodeConfig(name="n1", url=f"https://127.0.0.1:{tls_port}")), ready=0)
    await gateway.state("n1", "offline")
    assert (await gateway.post()).status == 503
    (view,) = gateway.gateway.overview().nodes
    assert view.reason.startswith("TLS failed")
    assert str(tls_port) not in view.reason


# N2


@pytest.mark.parametrize("status", [404, 500])
async def test_configured_models_are_enough_where_the_nodes_list_fails(
    status: int, node: ScriptedNode, start: Start
) -> None:
    node.models_status = status
    node.auto()
    gateway = await start(config(NodeConfig(name="n1", url=node.url, models=("given",))))
    assert (await gateway.post(json={"model": "given"})).status == 200
    assert (await gateway.post(json={"model": "m"})).status == 404


async def test_configured_models_are_exactly_those_and_not_the_nodes_own(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(NodeConfig(name="n1", url=node.url, models=("given",))))
    assert [model["id"] for model in (await gateway.get("/v1/models")).json["data"]] == ["given"]


async def test_without_configured_models_a_node_whose_list_fails_is_not_used(node: ScriptedNode, start: Start) -> None:
    node.models_status = 500
    gateway = await start(config(node), ready=0)
    await gateway.state("n1", "offline")
    assert (await gateway.post()).status == 503


@pytest.mark.parametrize("interval", [5.0, 60.0])
async def test_a_node_is_probed_every_interval_secs(
    interval: float, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, health=Health(interval_secs=interval)), clock)
    for count in (2, 3):
        await clock.run_for(interval - 0.1)
        assert node.probes == count - 1
        clock.advance(0.1)
        await eventually(lambda count=count: node.probes == count, "it is probed")  # type: ignore[misc]
        await eventually(lambda: clock.next_due is not None and clock.next_due > clock.now(), "the next is set")
    assert gateway.states == {"n1": "idle"}


async def test_a_model_that_appears_on_a_node_can_be_used_and_one_that_vanishes_cannot(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    node.auto()
    gateway = await start(config(node), clock)
    assert (await gateway.post(json={"model": "new"})).status == 404
    node.models = ["new"]
    clock.advance(5)
    await eventually(lambda: gateway.gateway.fleet.knows("new"), "the list is read")
    assert (await gateway.post(json={"model": "new"})).status == 200
    gone = await gateway.post()
    assert (gone.status, gone.error["code"]) == (503, "no_node_online")  # it was there once


@pytest.mark.parametrize("shown", OWNERS)
async def test_every_kind_is_found_by_asking_and_a_model_that_comes_or_goes_is_noticed(
    shown: str, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    node.kind, node.loaded = shown, ["m"]
    node.auto()
    gateway = await start(config(node), clock)
    assert only(gateway).node.kind == shown.removesuffix("-router")
    assert only(gateway).node.candidate("m").loaded is (shown != "openai")
    node.models, node.loaded = ["m", "new"], ["new"]
    clock.advance(5)
    await eventually(lambda: gateway.gateway.fleet.knows("new"), "the list is read")
    assert (await gateway.post(json={"model": "new"})).status == 200
    node.models = ["new"]
    clock.advance(5)
    await eventually(lambda: "m" not in only(gateway).node.serves, "the list is read")
    assert (await gateway.post()).status == 503
    listing = (await gateway.get("/v1/models")).json["data"]
    assert {"m", "new"} <= {model["id"] for model in listing}  # listed until the node is removed


async def test_a_llamacpp_that_loads_its_model_has_requests_wait_though_it_lists_the_model(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    node.kind, node.loading = "llamacpp", True
    node.auto()
    gateway = await start(config(node), clock, ready=0)
    await gateway.state("n1", "loading")
    task = await gateway.arrive()
    await gateway.waiting(1)
    assert node.seen == []
    node.loading = False
    clock.advance(5)
    assert (await task).status == 200


async def test_timeout_secs_is_how_long_a_probe_waits(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node, health=Health(timeout_secs=0.1)), clock)
    node.hang_probes = True
    clock.advance(5)
    await gateway.state("n1", "offline")
    assert next(iter(gateway.gateway.fleet)).node.reason == "no answer to a probe in time"


def only(gateway: Bench) -> Member:
    (member,) = gateway.gateway.fleet
    return member


@pytest.mark.parametrize("trouble", ["hangs", "fails", "is loading"])
async def test_a_busy_node_is_never_taken_for_dead_by_its_probes(
    trouble: str, node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, health=Health(timeout_secs=0.1)), clock)
    task = await gateway.arrive()
    request = await node.received()
    node.hang_probes = trouble == "hangs"
    node.models_status = {"fails": 500, "is loading": 503}.get(trouble, 200)
    await only(gateway).probe.once()
    assert node.probes == 2
    assert gateway.states == {"n1": "busy"}
    await request.reply({"fine": True})
    assert (await task).json == {"fine": True}
    assert gateway.states == {"n1": "idle"}


async def test_bad_news_of_a_probe_that_a_request_overtook_is_no_news(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, health=Health(timeout_secs=0.2)), clock)
    node.hang_probes = True
    probing = asyncio.create_task(only(gateway).probe.once())
    await eventually(lambda: node.probes == 2, "the probe is there")
    task = await gateway.arrive()  # it comes and goes while the probe hangs: the node was busy, not dead
    await (await node.received()).reply()
    assert (await task).status == 200
    await probing
    assert gateway.states == {"n1": "idle"}


async def test_good_news_of_a_probe_that_a_failure_overtook_is_no_news(
    node: ScriptedNode, start: Start, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await start(config(node), clock)
    answered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*arguments: Any) -> Any:
        answer = await ask(*arguments)
        answered.set()
        await go_on.wait()
        return answer

    monkeypatch.setattr("llmlb.nodes.probe.ask", slow)
    probing = asyncio.create_task(only(gateway).probe.once())
    await answered.wait()
    task = await gateway.arrive()
    (await node.received()).reset()
    assert (await task).status == 502
    go_on.set()
    await probing
    assert gateway.states == {"n1": "offline"}


async def test_a_server_of_one_thread_whose_only_connection_we_hold_is_still_probed(start: Start) -> None:
    """It answers nobody else while a connection is open, as single-threaded servers do."""
    served: list[str] = []
    one_at_a_time = asyncio.Lock()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with one_at_a_time:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                await reader.readexactly(int(length[1]) if length else 0)
                path = head.split(b" ")[1].decode()
                served.append(path)
                body = b'{"data":[{"id":"m"}]}' if path == "/v1/models" else b"{}"
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    health = Health(interval_secs=0.1, timeout_secs=0.2)
    gateway = await start(config(NodeConfig(name="n1", url=url), health=health))
    for _ in range(2):
        assert (await gateway.post()).status == 200
        probes = served.count("/v1/models")
        await eventually(lambda probes=probes: served.count("/v1/models") > probes, "probed again")  # type: ignore[misc]
        assert gateway.states == {"n1": "idle"}
    server.close()


# N3


async def test_a_node_that_fails_an_exchange_is_offline_at_once_and_newcomers_are_told(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    task = await gateway.arrive()
    (await node.received()).reset()
    assert (await task).status == 502
    assert gateway.states == {"n1": "offline"}
    newcomer = await gateway.post()
    assert (newcomer.status, newcomer.error["code"], newcomer.headers["Retry-After"]) == (503, "no_node_online", "1")


async def test_those_who_wait_stay_until_their_deadline(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    gateway = await start(config(node), clock)
    serving = await gateway.arrive()
    request = await node.received()
    clock.advance(20)
    waiting = await gateway.arrive()
    node.refuse()
    assert (await serving).status == 502
    await gateway.state("n1", "offline")
    assert request.is_gone
    clock.advance(59.9)
    await gateway.waiting(1)
    assert not waiting.done()
    clock.advance(0.1)
    assert (await waiting).status == 504


async def test_those_who_wait_are_served_when_the_node_is_back(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    serving, waiting = await gateway.arrive(), await gateway.arrive()
    (await node.received()).reset()
    assert (await serving).status == 502
    node.auto()
    clock.advance(1)
    assert (await waiting).status == 200


@pytest.mark.parametrize("models", [(), ("m",)], ids=["asked", "configured"])
async def test_a_request_waits_for_a_node_that_is_loading(
    models: tuple[str, ...], node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    node.models_status = 503
    gateway = await start(config(NodeConfig(name="n1", url=node.url, models=models)), clock, ready=0)
    await gateway.state("n1", "loading")
    task = await gateway.arrive()
    await gateway.waiting(1)
    node.models_status = 200
    node.auto()
    clock.advance(5)
    assert (await task).status == 200


async def test_a_request_waits_for_a_node_that_has_not_answered_yet(node: ScriptedNode, start: Start) -> None:
    node.hang_probes = True
    gateway = await start(config(node, health=Health(timeout_secs=0.2)), ready=0)
    assert gateway.states == {"n1": "pending"}
    known, unknown = await gateway.arrive(), await gateway.arrive(json={"model": "unknown"})
    await gateway.waiting(2)
    node.hang_probes = False
    node.auto()
    assert (await known).status == 200
    assert (await unknown).status == 404


# N4


async def test_nine_requests_one_after_another_over_three_equal_nodes_give_three_each(
    new_node: NewNode, start: Start
) -> None:
    nodes = [await new_node() for _ in range(3)]
    for node in nodes:
        node.auto()
    gateway = await start(config(*nodes))
    for _ in range(9):
        assert (await gateway.post()).status == 200
    assert [len(node.seen) for node in nodes] == [3, 3, 3]


async def test_a_node_that_has_the_model_loaded_goes_first(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node("m:latest", "n:latest") for _ in range(3)]
    for node in nodes:
        node.kind = "ollama"
        node.auto()
    nodes[1].loaded = ["m:latest"]
    gateway = await start(config(*nodes))
    for name in ("m", "m:latest", "m"):
        assert (await gateway.post(json={"model": name})).status == 200
    assert [len(node.seen) for node in nodes] == [0, 3, 0]


async def test_a_node_with_fewer_models_goes_before_one_with_more(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node("m", "n"), await new_node("m")]
    for node in nodes:
        node.auto()
    gateway = await start(config(*nodes))
    for _ in range(3):
        await gateway.post()
    assert [len(node.seen) for node in nodes] == [0, 3]


async def test_a_hundred_and_fifty_nodes_serve_at_once(new_node: NewNode, start: Start) -> None:
    nodes = [await new_node() for _ in range(150)]
    gateway = await start(config(*nodes))
    tasks = [asyncio.create_task(gateway.post()) for _ in nodes]
    await eventually(lambda: sum(node.serving for node in nodes) == 150, "all are in service")
    for node in nodes:
        node.auto()
    assert {answer.status for answer in await asyncio.gather(*tasks)} == {200}
