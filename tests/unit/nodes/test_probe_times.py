"""When a node is probed, and what of an answer counts: on a clock moved by hand, with answers made up."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

from llmlb.background import Background
from llmlb.config.model import Health as HealthConfig
from llmlb.config.model import NodeConfig, Upstream
from llmlb.nodes.dispatcher import Dispatcher
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.node import Health, Node
from llmlb.nodes.probe import FIRST_JITTER, JITTER, Answer, Found, Loading, Probe, Unreachable
from llmlb.scheduler.fair import FairScheduler
from llmlb.testing import ManualClock
from llmlb.testing.waiting import settle
from llmlb.turns.local import LocalTurns

OPENAI = Found("openai", ("m",))
GONE = Unreachable("connection refused")
SILENT = Unreachable("no answer to a probe in time", silent=True)
CERTIFICATE = Path(__file__).parents[2] / "integration" / "tls" / "node.pem"
HTTPS: dict[str, Any] = {"url": "https://127.0.0.1:1", "ca_file": str(CERTIFICATE)}


@attrs.frozen
class Ask:
    """One probe that was made."""

    at: float
    node: str
    kind: str
    timeout_secs: float
    tls: ssl.SSLContext | None


class Post:
    """Probes whose questions are answered by `answers`, or by nobody while that is None."""

    def __init__(self, background: Background) -> None:
        self.clock = ManualClock()
        self.start = self.clock.now()
        self.asks: list[Ask] = []
        self.answers: asyncio.Queue[Answer] | None = None
        self.answer: Answer | None = OPENAI
        self.background = background
        self.turns = LocalTurns(FairScheduler({}), self.clock, max_size=10)

    def probe(self, name: str = "n", chance: random.Random | None = None, **settings: Any) -> Probe:
        """A node's probe, punctual unless it has some `chance`."""
        config = NodeConfig(**({"name": name, "url": "http://127.0.0.1:1"} | settings))
        node = Node(config, self.clock, lambda node: probe.schedule() if node.health is Health.OFFLINE else None)
        self.dispatcher = Dispatcher(node, self.turns, Upstream(), self.clock)
        probe = Probe(self.dispatcher, HealthConfig(), self.clock, chance or Chance())
        self.node = node
        return probe

    async def run(self, probe: Probe, after: float = 0.0) -> None:
        self.background.start("probe", probe.run(after))
        await settle()

    async def move(self, seconds: float) -> list[float]:
        """Let time pass in small steps; returns when the probes asked meanwhile, from the start."""
        seen = len(self.asks)
        await self.clock.run_for(seconds)
        await settle()
        return [round(ask.at - self.start, 3) for ask in self.asks[seen:]]

    async def reply(self, answer: Answer) -> None:
        """Answer the probe that hangs."""
        assert self.answers is not None
        self.answers.put_nowait(answer)
        await settle()

    async def ask(self, config: NodeConfig, timeout_secs: float, tls: ssl.SSLContext | None, kind: str) -> Answer:
        self.asks.append(Ask(self.clock.now(), config.name, kind, timeout_secs, tls))
        if self.answers is not None:
            return await self.answers.get()
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer


class Chance(random.Random):
    """A chance that is known; none at all makes a probe punctual."""

    def __init__(self, part: float = 0.0) -> None:
        super().__init__()
        self._part = part

    def random(self) -> float:
        return self._part


@pytest.fixture
async def post(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    background = Background()
    one = Post(background)
    monkeypatch.setattr("llmlb.nodes.probe.ask", one.ask)
    yield one
    await background.stop()


async def test_a_node_is_asked_at_once_and_then_every_interval(post: Post) -> None:
    await post.run(post.probe())
    assert [ask.at for ask in post.asks] == [post.start]
    assert await post.move(12) == [5, 10]


async def test_another_interval_and_patience_count_from_the_next_probe_on(post: Post) -> None:
    probe = post.probe()
    await post.run(probe)
    probe.health = HealthConfig(interval_secs=2, timeout_secs=1)
    assert await post.move(8) == [5, 7]
    assert [ask.timeout_secs for ask in post.asks] == [5, 1, 1]


async def test_what_has_changed_about_a_node_is_looked_at_now(post: Post) -> None:
    probe = post.probe()
    await post.run(probe)
    await post.move(1)
    probe.ask_now()
    assert await post.move(6) == [1, 6]


async def test_nodes_found_in_the_same_instant_are_asked_again_each_at_a_time_of_its_own(post: Post) -> None:
    for number in range(50):
        await post.run(post.probe(f"n{number}", random.Random(number)))
    times = await post.move(5)
    assert len(times) >= 50
    for second in range(1, 5):
        assert 5 <= sum(second <= at < second + 1 for at in times) <= 20, "about a fifth in each second"


async def test_probes_come_up_to_a_tenth_early_each_by_its_own_chance(post: Post) -> None:
    probe = post.probe(chance=random.Random(1))
    await post.run(probe)
    times = await post.move(500)
    gaps = [after - before for before, after in pairwise(times)]
    assert 100 <= len(gaps) <= 110
    assert all(5 * (1 - JITTER) - 0.01 <= gap <= 5.01 for gap in gaps)
    assert max(gaps) - min(gaps) > 0.4


async def test_a_node_that_is_back_is_asked_again_at_a_time_of_its_own_too(post: Post) -> None:
    await post.run(post.probe(chance=Chance(0.5)))
    early, usual = 5 * (1 - FIRST_JITTER / 2), 5 * (1 - JITTER / 2)
    assert await post.move(early + usual) == [early, early + usual]
    post.answer = GONE
    gone = early + 2 * usual
    assert await post.move(usual) == [gone, gone]
    post.answer = OPENAI
    back = gone + 1 - JITTER / 2
    assert await post.move(10) == [back, back + early, back + early + usual]


async def test_the_first_probe_can_be_told_to_take_its_turn(post: Post) -> None:
    probe = post.probe()
    await post.run(probe, after=0.5)
    assert post.asks == []
    assert await post.move(6) == [0.5, 5.5]


async def test_a_probe_that_hangs_delays_no_other(post: Post) -> None:
    post.answer = None
    await post.run(post.probe("hangs"))
    post.answer = OPENAI
    await post.run(post.probe("well"))
    await post.move(11)
    assert [ask.node for ask in post.asks] == ["hangs", "well", "well", "well"]


async def test_an_offline_node_is_asked_after_pauses_that_double_up_to_fifteen_seconds(post: Post) -> None:
    post.answer = GONE
    await post.run(post.probe())
    assert await post.move(62) == [at for second in (1, 3, 7, 15, 30, 45, 60) for at in (second, second)]
    assert post.node.health is Health.OFFLINE
    post.answer = OPENAI
    await post.move(15)
    assert post.node.usable


async def test_a_node_that_was_offline_is_asked_what_it_is_anew(post: Post) -> None:
    post.answer = Found("ollama", ("m",), ("m",))
    await post.run(post.probe())
    await post.move(5)
    assert [ask.kind for ask in post.asks] == ["", "ollama"]
    post.answer = GONE
    await post.move(5)
    post.answer = Found("vllm", ("m",))
    await post.move(1)
    assert [ask.kind for ask in post.asks[2:]] == ["ollama", "ollama", ""]
    assert post.node.kind == "vllm"


async def test_a_kind_that_could_not_be_found_out_stays_as_it_was_and_is_asked_for_next_time(post: Post) -> None:
    post.answer = Found("ollama", ("m:latest",), ("m:latest",))
    await post.run(post.probe())
    post.answer = Found("", ("m:latest",), None)
    await post.move(5)
    assert (post.node.kind, set(post.node.loaded)) == ("ollama", {"m:latest"})
    assert "m" in post.node.serves
    await post.move(5)
    assert [ask.kind for ask in post.asks] == ["", "ollama", ""]


@pytest.mark.parametrize("answer", [GONE, SILENT, Loading("HTTP 503 to a probe")])
async def test_bad_news_of_a_busy_node_is_no_news(answer: Answer, post: Post) -> None:
    await post.run(post.probe())
    post.answer = answer
    post.dispatcher.exchange = cast(Exchange, object())
    assert await post.move(600) == [float(at) for at in range(5, 601, 5)]
    assert post.node.usable


async def test_good_news_of_a_busy_node_counts(post: Post) -> None:
    await post.run(post.probe())
    post.dispatcher.exchange = cast(Exchange, object())
    post.answer = Found("openai", ("new",))
    await post.move(5)
    assert "new" in post.node.serves


async def test_a_server_that_would_break_off_what_it_computes_is_not_asked_while_it_is_busy(post: Post) -> None:
    post.answer = Found("llama-cpp-python", ("m",))
    await post.run(post.probe())
    post.dispatcher.exchange = cast(Exchange, object())
    assert await post.move(60) == []
    post.dispatcher.exchange = None
    assert await post.move(5) == [65]


async def test_a_resting_node_may_be_silent_but_not_gone(post: Post) -> None:
    await post.run(post.probe())
    post.node.rest("may still be computing what was hung up on", 20)
    post.answer = SILENT
    await post.move(15)
    assert post.node.health.value == "resting"
    post.answer = GONE
    await post.move(5)
    assert post.node.health.value == "offline"


async def test_an_answer_to_a_question_asked_before_a_change_of_configuration_does_not_count(post: Post) -> None:
    post.answers = asyncio.Queue()
    probe = post.probe(api_key="old")
    await post.run(probe)
    post.node.config = attrs.evolve(post.node.config, api_key="new")
    await post.reply(Found("ollama", ("m",), ("m",)))
    assert post.node.health is Health.PENDING
    assert [(ask.at, ask.kind) for ask in post.asks] == [(post.start, "")] * 2
    await post.reply(OPENAI)
    assert (post.node.kind, post.node.usable) == ("openai", True)


async def test_certificates_are_read_again_when_something_changes_or_the_node_is_not_reached(post: Post) -> None:
    probe = post.probe(**HTTPS)
    await post.run(probe)
    await post.move(5)
    first = post.asks[0].tls
    assert first is not None
    assert [ask.tls for ask in post.asks] == [first, first]
    probe.ask_now()
    await settle()
    assert post.asks[-1].tls is not first
    post.answer = GONE
    await post.move(5)
    *_, second, third = [ask.tls for ask in post.asks]
    assert second is not third


async def test_certificates_that_cannot_be_read_are_a_reason_and_not_the_end_of_the_probe(
    tmp_path: Path, post: Post
) -> None:
    probe = post.probe(**HTTPS)
    await post.run(probe)
    file = tmp_path / "ca.pem"
    post.node.config = attrs.evolve(post.node.config, ca_file=str(file))
    probe.ask_now()
    await settle()
    assert (post.node.health, post.node.reason) == (Health.OFFLINE, "cannot connect: No such file or directory")
    file.write_text("no certificate")
    await post.move(1)
    assert (post.node.health, post.node.reason) == (Health.OFFLINE, "TLS failed: NO_CERTIFICATE_OR_CRL_FOUND")
    file.write_bytes(CERTIFICATE.read_bytes())
    await post.move(2)
    assert post.node.usable


async def test_what_a_node_has_in_memory_counts_as_soon_as_it_is_told(post: Post) -> None:
    """Idle nodes are chosen by it, and one that is idle already does not ask for requests again by itself."""
    probes = []
    for name in ("cold", "warm"):
        probes.append(post.probe(name))
        post.answer = Found("ollama", ("m",), ())
        await probes[-1].once()
        post.dispatcher.pull()
    chosen = post.turns._idle.choose("m")
    assert chosen is not None
    assert chosen.id == "cold"
    post.answer = Found("ollama", ("m",), ("m",))
    await probes[1].once()
    chosen = post.turns._idle.choose("m")
    assert chosen is not None
    assert chosen.id == "warm"
