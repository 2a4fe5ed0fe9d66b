"""GET /metrics over real sockets: what it says, who is told what, and how fast (O5, S2, H7)."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from time import perf_counter

import attrs
import pytest
from prometheus_client.parser import text_string_to_metric_families

from llmlb.config.model import KeyConfig, NodeConfig, Queue, Server
from llmlb.testing import ManualClock, ScriptedNode, eventually
from tests.integration.bench import Bench, config
from tests.integration.conftest import NewNode, Start

ALICE, BOB = KeyConfig(name="alice", key="sk-A", weight=2), KeyConfig(name="bob", key="sk-B")
TOKEN = "t-0123456789"
TOKENED = Server(locale="en", metrics_token=TOKEN)
HOSTILE = 'x"} 1\nllmlb_key_weight{key="y\\'


@attrs.frozen
class Told:
    """What an answer of /metrics says."""

    text: str
    values: Mapping[tuple[str, frozenset[tuple[str, str]]], float]

    def __call__(self, name: str, **labels: str) -> float:
        return self.values[name, frozenset(labels.items())]

    @property
    def keys(self) -> set[str]:
        """All values of the label key."""
        return {dict(labels)["key"] for _, labels in self.values if "key" in dict(labels)}


async def scrape(gateway: Bench, **headers: str) -> Told:
    answer = await gateway.get("/metrics", headers=headers)
    assert answer.status == 200
    return read(answer.body)


def read(body: bytes) -> Told:
    families = text_string_to_metric_families(body.decode())
    samples = [sample for family in families for sample in family.samples]
    values = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(values) == len(samples), "no series twice"
    return Told(body.decode(), values)


async def test_what_happens_to_requests_shows(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    limits = Queue(max_size=2, timeout_secs=60)
    gateway = await start(config(node, keys=(ALICE, BOB), queue=limits), clock)
    first = await gateway.arrive(key="sk-A")
    held = await node.received()
    second = await gateway.arrive(key="sk-B")
    await gateway.arrive(key="sk-A")
    assert (await gateway.post(key="sk-B")).status == 429

    now = await scrape(gateway)
    assert (now("llmlb_requests_waiting"), now("llmlb_requests_running")) == (2, 1)
    assert now("llmlb_queue_max_size") == 2
    assert (now("llmlb_key_waiting", key="alice"), now("llmlb_key_waiting", key="bob")) == (1, 1)
    assert now("llmlb_requests_total", outcome="rejected") == 1
    assert now("llmlb_key_requests_total", key="bob", outcome="rejected") == 1
    assert now("llmlb_requests_total", outcome="served") == 0
    assert now("llmlb_node_state", node="n1", state="busy") == 1
    assert now("llmlb_node_state", node="n1", state="idle") == 0

    await clock.run_for(5.0)
    await held.reply()
    assert (await first).status == 200
    after = await node.received()
    await clock.run_for(15.0)
    await after.reply()
    assert (await second).status == 200
    third = await node.received()
    await eventually(lambda: gateway.outcomes().get("served") == 2, "two are served")

    now = await scrape(gateway)
    assert now("llmlb_requests_total", outcome="served") == 2
    assert (now("llmlb_wait_seconds_count"), now("llmlb_wait_seconds_sum")) == (2, 5.0)
    assert (now("llmlb_service_seconds_count"), now("llmlb_service_seconds_sum")) == (2, 20.0)
    assert now("llmlb_service_seconds_bucket", le="10.0") == 1
    assert now("llmlb_key_node_seconds_total", key="alice") == 5.0
    assert now("llmlb_key_node_seconds_total", key="bob") == 15.0
    assert (now("llmlb_key_share", key="alice"), now("llmlb_key_share", key="bob")) == (0.25, 0.75)
    assert (now("llmlb_key_weight", key="alice"), now("llmlb_key_weight", key="bob")) == (2, 1)
    assert now("llmlb_forecast_error_seconds_count") == 1, "the second waited and was served"
    assert now("llmlb_forecast_error_seconds_sum") == 5.0, "10 seconds had been assumed"
    assert now("llmlb_forecasts_total", wait="shorter") == 1
    assert now("llmlb_forecasts_total", wait="longer") == 0, "the third waited 20 seconds, just as told"
    assert now("llmlb_forecast_factor") == 1.0, "too few yet to learn from"

    await clock.run_for(20.0)
    assert (await scrape(gateway))("llmlb_key_share", key="alice") == 0.625, "the one in service counts as it runs"
    await third.reply()


async def test_requests_that_fail_on_a_node_are_counted_there_though_another_serves_them(
    new_node: NewNode, start: Start
) -> None:
    bad, good = await new_node(), await new_node()
    gateway = await start(config(bad, good, keys=(ALICE,)))
    bad.auto({"error": "no"}, status=500)
    good.auto({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}})
    for _ in range(2):
        assert (await gateway.post(key="sk-A")).status == 200
    await gateway.quiet()
    now = await scrape(gateway)
    assert now("llmlb_node_failures_total", node="n1") >= 1
    assert now("llmlb_node_failures_total", node="n2") == 0
    assert now("llmlb_requests_total", outcome="served") == 2
    assert now("llmlb_key_tokens_total", key="alice") == 50


async def test_a_key_had_the_time_of_every_node_that_its_request_was_tried_on(
    new_node: NewNode, start: Start, clock: ManualClock
) -> None:
    bad, good = await new_node(), await new_node()
    gateway = await start(config(bad, good, keys=(ALICE, BOB)), clock)
    first = await gateway.arrive(key="sk-A")
    on_bad = await bad.received()
    second = await gateway.arrive(key="sk-B")
    on_good = await good.received()
    await clock.run_for(30.0)
    await on_good.reply()
    assert (await second).status == 200
    on_bad.close()
    again = await good.received()
    await clock.run_for(15.0)
    assert (await scrape(gateway))("llmlb_key_share", key="alice") == 0.6, "while it is on the second"
    await again.reply()
    assert (await first).status == 200
    await gateway.quiet()
    now = await scrape(gateway)
    assert now("llmlb_key_node_seconds_total", key="alice") == 45.0
    assert now("llmlb_key_share", key="alice") == 0.6
    assert now("llmlb_service_seconds_sum") == 45.0, "30 and 15: that of nodes that served"
    alice = next(key for key in gateway.gateway.desk().keys if key.name == "alice")
    assert (alice.share, alice.usage.node_seconds, alice.usage.service_mean) == (0.6, 45.0, 15.0)
    assert gateway.gateway.by_node.of("n2").node_seconds == 45.0, "30 and 15: a node only had what was on it"


async def test_a_key_that_had_more_than_its_turn_has_a_debt(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB)), clock)
    for key in ("sk-A", "sk-B", "sk-A", "sk-B"):
        await gateway.arrive(key=key)
    held = await node.received()
    await clock.run_for(30.0)
    await held.reply()
    held = await node.received()
    now = await scrape(gateway)
    debts = gateway.gateway.turns.debts()
    assert debts, "alice has had 30 seconds, contended"
    assert now("llmlb_key_debt", key="alice") == pytest.approx(debts.get("key:alice", 0.0))
    assert now("llmlb_key_debt", key="bob") == pytest.approx(debts.get("key:bob", 0.0))
    await held.reply()


async def test_unconfigured_keys_are_one_series(node: ScriptedNode, start: Start, clock: ManualClock) -> None:
    node.auto()
    gateway = await start(config(node), clock)
    for n in range(5):
        assert (await gateway.post(key=f"sk-made-up-{n}")).status == 200
    assert (await gateway.post()).status == 200
    await gateway.quiet()
    now = await scrape(gateway)
    assert now.keys == {""}
    assert now("llmlb_key_requests_total", key="", outcome="served") == 6
    assert now("llmlb_key_weight", key="") == 1
    assert "made-up" not in now.text


async def test_waiting_and_debt_of_unconfigured_keys_are_put_together(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node), clock)
    for n in range(4):
        await gateway.arrive(key=f"sk-made-up-{n % 2}")
    held = await node.received()
    await clock.run_for(30.0)
    now = await scrape(gateway)
    assert now("llmlb_key_waiting", key="") == 3
    assert now("llmlb_key_share", key="") == 1.0
    assert now("llmlb_key_debt", key="") == pytest.approx(max(gateway.gateway.turns.debts().values()))
    await held.reply()


async def test_requests_of_a_key_that_has_been_removed_are_among_those_that_wait(
    node: ScriptedNode, start: Start, clock: ManualClock
) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB)), clock)
    for key in ("sk-A", "sk-A", "sk-B"):
        await gateway.arrive(key=key)
    held = await node.received()
    gateway.gateway.apply(config(node, keys=(BOB,)))
    await clock.run_for(30.0)
    now = await scrape(gateway)
    assert now.keys == {"", "bob"}
    waiting = now("llmlb_key_waiting", key=""), now("llmlb_key_waiting", key="bob")
    assert waiting == (1, 1), "as many as llmlb_requests_waiting"
    assert now("llmlb_key_share", key="") == 1.0
    await held.reply()


async def test_names_of_keys_and_nodes_cannot_forge_a_series(new_node: NewNode, start: Start) -> None:
    node = await new_node()
    keys = (KeyConfig(name=HOSTILE, key="sk-A", weight=3), BOB)
    gateway = await start(config(NodeConfig(name=HOSTILE, url=node.url), keys=keys), ready=1)
    node.auto()
    assert (await gateway.post(key="sk-A")).status == 200
    await gateway.quiet()
    now = await scrape(gateway)
    assert now.keys == {HOSTILE, "bob"}
    assert now("llmlb_key_weight", key=HOSTILE) == 3
    assert now("llmlb_node_state", node=HOSTILE, state="idle") == 1


async def test_no_key_is_in_it(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB), server=TOKENED))
    now = await scrape(gateway)
    assert now.keys == {"alice", "bob"}
    for secret in ("sk-A", "sk-B", ALICE.digest.hex(), TOKEN):
        assert secret not in now.text


def own_address() -> str:
    """An address of this machine that is not loopback; skips where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: only asks for the way
        except OSError:
            pytest.skip("this machine has no address but loopback")
        address: str = probe.getsockname()[0]
    if address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    return address


async def test_from_elsewhere_there_are_totals_and_with_the_token_all(node: ScriptedNode, start: Start) -> None:
    server = attrs.evolve(TOKENED, host="0.0.0.0")
    gateway = await start(config(node, keys=(ALICE, BOB), server=server))
    url = f"http://{own_address()}:{gateway.port}/metrics"
    totals = await gateway.get(url)
    assert totals.status == 200
    assert read(totals.body).keys == set()
    assert "alice" not in totals.body.decode()
    everything = await gateway.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
    assert read(everything.body).keys == {"alice", "bob"}
    wrong = await gateway.get(url, headers={"Authorization": "Bearer sk-A"})
    assert (wrong.status, wrong.error["code"]) == (401, "invalid_metrics_token")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "192.0.2.7"},
        {"x-real-ip": "192.0.2.7"},
        {"Forwarded": "for=192.0.2.7"},
        {"Via": "1.1 proxy"},
        {"X-Forwarded-Host": "llmlb.example"},
        {"X-Forwarded-Proto": "https"},
        {"Host": "attacker.example"},
        {"Host": "attacker.example:8080"},
        {"Host": "192.0.2.7"},
        {"Host": "localhost.attacker.example"},
        {"Host": "[::1"},
        {"Host": "localhost@attacker.example"},
    ],
    ids=str,
)
async def test_what_comes_through_a_proxy_or_by_a_strange_name_is_not_from_here(
    headers: dict[str, str], node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB)))
    assert (await scrape(gateway, **headers)).keys == set()


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST:80"])
async def test_by_a_name_of_this_machine_all_is_told(host: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB)))
    assert (await scrape(gateway, Host=host)).keys == {"alice", "bob"}


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_token_opens_the_series_by_key_through_a_proxy(scheme: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB), server=TOKENED))
    told = await scrape(gateway, Authorization=f"{scheme} {TOKEN}", Host="llmlb.example", Via="1.1 proxy")
    assert told.keys == {"alice", "bob"}


@pytest.mark.parametrize("given", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "sk-A", "\u00e9", "***"])
async def test_a_wrong_token_is_refused_wherever_it_comes_from(given: str, node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB), server=TOKENED))
    answer = await gateway.get("/metrics", headers={"Authorization": f"Bearer {given}"})
    assert (answer.status, answer.error["code"]) == (401, "invalid_metrics_token")
    assert b"llmlb_" not in answer.body


async def test_without_a_configured_token_none_is_wrong_and_none_opens_anything(
    node: ScriptedNode, start: Start
) -> None:
    gateway = await start(config(node, keys=(ALICE, BOB)))
    for given in ("Bearer", "Bearer ", "Bearer x", "Bearer sk-A"):
        assert (await scrape(gateway, Authorization=given, Via="1.1 proxy")).keys == set()
        assert (await scrape(gateway, Authorization=given)).keys == {"alice", "bob"}


async def test_it_is_plain_text_for_prometheus_and_never_kept(node: ScriptedNode, start: Start) -> None:
    gateway = await start(config(node, keys=(ALICE,)))
    answer = await gateway.get("/metrics", headers={"Accept": "application/openmetrics-text;q=1,*/*;q=0.1"})
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await gateway.post("/metrics", key="sk-A")).status == 405


async def test_it_answers_at_once_while_the_queue_is_full(node: ScriptedNode, start: Start) -> None:
    keys = tuple(KeyConfig(name=f"key {n}", key=f"sk-{n}") for n in range(20))
    gateway = await start(config(node, keys=keys, queue=Queue(max_size=200)))
    for n in range(201):
        await gateway.arrive(key=f"sk-{n % 20}")
    await gateway.waiting(200)
    took = []
    for _ in range(5):
        begun = perf_counter()
        now = await scrape(gateway)
        took.append(perf_counter() - begun)
        assert sum(now("llmlb_key_waiting", key=key.name) for key in keys) == 200
    assert min(took) < 0.1
