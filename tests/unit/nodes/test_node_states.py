"""What a node is taken for, by what its probes and exchanges say."""

from __future__ import annotations

import pytest

from llmlb.config.model import NodeConfig
from llmlb.nodes.node import RECENT_SECS, Health, Node
from llmlb.testing import ManualClock
from llmlb.wire.call import ANY_MODEL


class Watched:
    """A node and the states it has told of."""

    def __init__(self, **settings: object) -> None:
        self.clock = ManualClock()
        self.told: list[str] = []
        config = NodeConfig(name="n", url="http://127.0.0.1:1", **settings)  # type: ignore[arg-type]
        self.node = Node(config, self.clock, lambda node: self.told.append(node.health.value))


def test_it_is_pending_until_it_has_answered() -> None:
    watched = Watched()
    assert (watched.node.health, watched.node.usable, watched.node.hopeful) == (Health.PENDING, False, True)
    watched.node.found("openai", ["m"])
    assert (watched.node.usable, watched.told) == (True, ["online"])


def test_it_serves_what_it_lists_and_requests_that_name_no_model() -> None:
    node = Watched().node
    node.found("openai", ["m", "m", "n"])
    assert node.serves == {"m", "n", ANY_MODEL}
    assert node.listed == ("m", "n")


def test_finding_the_same_again_tells_nobody() -> None:
    watched = Watched()
    watched.node.found("openai", ["m"])
    watched.node.found("openai", ["m"])
    assert watched.told == ["online"]
    watched.node.found("openai", ["m", "n"])
    assert watched.told == ["online", "online"]


def test_configured_models_stand_in_for_its_own() -> None:
    node = Watched(models=("given",)).node
    node.found("openai", ["m"])
    assert node.serves == {"given", ANY_MODEL}


def test_aliases_stand_for_models_that_are_there() -> None:
    node = Watched(aliases={"a": "m", "b": "missing"}).node
    node.found("openai", ["m"])
    assert node.serves == {"m", "a", ANY_MODEL}
    assert (node.node_model("a"), node.node_model("m"), node.node_model("other")) == ("m", "m", "other")


def test_ollamas_latest_goes_without_saying_for_aliases_too() -> None:
    node = Watched(aliases={"a": "m"}).node
    node.found("ollama", ["m:latest", "n:7b"], ["m:latest"])
    assert node.serves == {"m:latest", "m", "n:7b", "a", ANY_MODEL}
    assert [node.candidate(name).loaded for name in ("m", "m:latest", "a", "n:7b")] == [True, True, True, False]


def test_a_model_is_remembered_with_the_time_it_was_first_seen() -> None:
    watched = Watched()
    watched.node.found("openai", ["m"])
    first = watched.clock.wall()
    watched.clock.advance(100)
    watched.node.found("openai", ["n"])
    assert watched.node.first_seen == {"m": first, "n": first + 100}


@pytest.mark.parametrize("bad", ["unreachable", "is_loading"])
def test_configured_models_are_known_before_it_has_answered(bad: str) -> None:
    node = Watched(models=("given",), aliases={"a": "given"}).node
    getattr(node, bad)("for some reason")
    assert node.serves == {"given", "a", ANY_MODEL}
    assert set(node.first_seen) == {"given", "a"}


def test_loading_is_hopeful_and_not_usable() -> None:
    node = Watched().node
    node.is_loading("HTTP 503")
    assert (node.health, node.usable, node.hopeful, node.reason) == (Health.LOADING, False, True, "HTTP 503")
    node.found("openai", ["m"])
    assert node.usable
    assert node.reason == ""


def test_pauses_double_to_fifteen_seconds_and_start_anew_after_a_service() -> None:
    node = Watched().node
    pauses = []
    for _ in range(6):
        node.unreachable("gone")
        pauses.append(node.pause)
    assert pauses == [1, 2, 4, 8, 15, 15]
    node.found("openai", ["m"])
    node.unreachable("gone")
    assert node.pause == 15  # that it answers a probe does not mean that it works
    node.served(1.0)
    node.unreachable("gone")
    assert node.pause == 1


@pytest.mark.parametrize("gone", [False, True])
def test_a_failed_exchange_counts_and_one_without_a_connection_makes_it_offline(gone: bool) -> None:
    node = Watched().node
    node.found("openai", ["m"])
    node.failed("r", "HTTP 500", gone=gone)
    assert node.candidate("m").failures == 1
    assert node.health is (Health.OFFLINE if gone else Health.ONLINE)


def test_failures_are_forgotten_after_five_minutes() -> None:
    watched = Watched()
    watched.node.failed("r", "HTTP 500", gone=False)
    watched.clock.advance(300)
    assert watched.node.candidate("m").failures == 1
    watched.clock.advance(0.1)
    assert watched.node.candidate("m").failures == 0


def test_failures_remembered_are_bounded() -> None:
    node = Watched().node
    for number in range(1000):
        node.failed(str(number), "HTTP 500", gone=False)
    assert node.candidate("m").failures == 100


def test_all_failures_of_the_past_hour_are_counted_those_put_down_to_the_request_as_well() -> None:
    watched = Watched()
    for number in range(150):
        watched.node.failed(str(number), "HTTP 500", gone=False)
    watched.node.forgive("149")
    watched.node.served(1.0)
    assert watched.node.failures_past_hour() == 150
    watched.clock.advance(RECENT_SECS + 1)
    assert (watched.node.candidate("m").failures, watched.node.failures_past_hour()) == (0, 150)
    watched.clock.advance(3600)
    assert watched.node.failures_past_hour() == 0


def test_forgiving_takes_back_that_requests_failures_and_the_pause() -> None:
    watched = Watched()
    watched.node.failed("mine", "reset", gone=True)
    watched.node.failed("other", "HTTP 500", gone=False)
    told = len(watched.told)
    watched.node.forgive("nobody's")
    assert (len(watched.told), watched.node.pause) == (told, 1)
    watched.node.forgive("mine")
    assert (watched.node.candidate("m").failures, watched.node.pause) == (1, 0)
    assert len(watched.told) == told + 1


def test_a_longer_rest_is_not_ended_by_the_timer_of_a_shorter_one() -> None:
    watched = Watched()
    watched.node.rest("busy", 1)
    watched.node.rest("busy", 10)
    watched.clock.advance(5)
    assert not watched.node.usable
    watched.clock.advance(5)
    assert watched.node.usable


def test_a_resting_node_that_answers_its_probe_rests_on() -> None:
    node = Watched().node
    node.rest("busy", 10)
    node.found("openai", ["m"])
    node.is_loading("HTTP 503")
    assert node.health is Health.RESTING
    assert node.serves == {"m", ANY_MODEL}


def test_a_resting_node_that_is_gone_is_offline_and_stays_so() -> None:
    watched = Watched()
    watched.node.rest("busy", 10)
    watched.node.unreachable("gone")
    watched.clock.advance(10)
    assert watched.node.health is Health.OFFLINE


def test_since_is_when_the_state_began_and_not_when_its_reason_changed() -> None:
    watched = Watched()
    watched.node.unreachable("one reason")
    began = watched.clock.now()
    watched.clock.advance(3)
    watched.node.unreachable("another")
    assert (watched.node.since, watched.told) == (began, ["offline", "offline"])


def test_the_mean_of_its_services_is_told_to_the_choice() -> None:
    node = Watched().node
    assert node.candidate("m").mean_secs is None
    node.served(1.0)
    node.served(3.0)
    assert node.candidate("m").mean_secs == 2.0
