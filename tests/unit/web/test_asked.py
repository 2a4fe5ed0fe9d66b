"""What follows from the head of a request, as long as the configuration is the same and no longer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import attrs
import pytest

from llmlb.config.model import Config, KeyConfig, Upstream
from llmlb.errors import DisabledKey, WrongKey
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.identity import Identities
from llmlb.web.asked import PLAIN_REQUEST, Asked, asked_plainly
from llmlb.wire.endpoints import ENDPOINTS, Endpoint
from llmlb.wire.plain import Recall

KEY = KeyConfig(name="a", key="sk-a")


class Gate:
    """As much of a gateway as is asked. Counts how often somebody is looked up."""

    def __init__(self, *keys: KeyConfig, pass_headers: tuple[str, ...] = ()) -> None:
        self.looked = 0
        self.apply(Config(api_keys=keys, upstream=Upstream(pass_headers=pass_headers)))

    def apply(self, config: Config) -> None:
        self.config = config
        known = Identities(config.api_keys)

        def identify(authorization: str | None, x_api_key: str | None) -> object:
            self.looked += 1
            return known.identify(authorization, x_api_key)

        self.identities = SimpleNamespace(identify=identify)

    @property
    def gateway(self) -> Gateway:
        return cast(Gateway, self)


def head(*lines: str, path: str = "/v1/chat/completions", first: str = "POST {} HTTP/1.1") -> Asked | None:
    text = "\r\n".join([first.format(path), *lines, "Content-Length: 2", "", "{}"])
    found = Recall(PLAIN_REQUEST, asked_plainly).read(text.encode())
    return found[0] if found else None


def asked(*lines: str) -> Asked:
    found = head("Host: x", *lines)
    assert found is not None
    return found


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_each_path_of_the_queue_is_read_plainly(endpoint: Endpoint) -> None:
    found = head("Host: x", path=endpoint.path)
    assert found is not None
    assert found.endpoint is endpoint
    assert (found.http11, found.keep) == (True, True)


@pytest.mark.parametrize("query", ["?", "?beta=true", "?x=/v1/messages", "??", "?a?b#c", "?%00"])
def test_a_query_makes_no_difference(query: str) -> None:
    found = head("Host: x", path=f"/v1/messages{query}")
    assert found is not None
    assert found.endpoint.path == "/v1/messages"


@pytest.mark.parametrize(
    "path",
    [
        "/", "/v1/models", "/v1/chat/completions/", "/v1/chat/completions/?x", "/v1/chat/completions#x",
        "/v1/chat/completions#x?x", "//v1/chat/completions", "?", "?/v1/chat/completions", "/v1/chat/completions?x y",
        "/V1/chat/completions", "/v1/chat%2Fcompletions", "http://x/v1/chat/completions", "*",
        "/v1/chat/completions ",
    ],
)  # fmt: skip
def test_any_other_is_not(path: str) -> None:
    assert head("Host: x", path=path) is None


@pytest.mark.parametrize(
    "first",
    [
        "GET {} HTTP/1.1", "post {} HTTP/1.1", "POST  {} HTTP/1.1", "POST {} HTTP/1.0", "POST {} HTTP/1.10",
        "POST {} http/1.1", "POST {}", "POST {} HTTP/2", "\r\nPOST {} HTTP/1.1", "POST\t{} HTTP/1.1",
    ],
)  # fmt: skip
def test_nor_is_another_first_line(first: str) -> None:
    assert head("Host: x", first=first) is None


def test_there_must_be_a_host_and_no_coding_of_the_body() -> None:
    assert head() is None
    assert head("Host: x", "Content-Encoding: gzip") is None
    assert head("Host: x", "Content-Encoding: identity") is None
    assert head("Host:") is not None


def test_of_a_header_that_came_twice_the_first_is_asked_for_and_both_are_there() -> None:
    one = asked("X-One: a", "x-one: b")
    assert one.headers["x-one"] == "a"
    assert one.block(Gate(pass_headers=("x-one",)).gateway) == b"x-one: a\r\nx-one: b\r\n"


def test_only_what_may_pass_goes_on_to_a_node() -> None:
    one = asked("Authorization: Bearer sk-a", "Cookie: c", "Accept: */*", "OpenAI-X: 1", "X-Request-Id: r", "X-One: a")
    assert one.block(Gate(KEY).gateway) == b"accept: */*\r\nopenai-x: 1\r\n"


def test_who_it_is_and_what_goes_on_is_found_out_once() -> None:
    gate = Gate(KEY)
    one = asked("Authorization: Bearer sk-a", "Accept: a")
    assert [one.sender(gate.gateway).name for _ in range(3)] == ["a"] * 3
    assert one.block(gate.gateway) is one.block(gate.gateway)
    assert gate.looked == 1


def test_and_anew_when_the_configuration_is_another() -> None:
    gate = Gate(KEY)
    one = asked("Authorization: Bearer sk-a", "X-One: a")
    assert (one.sender(gate.gateway).name, one.block(gate.gateway)) == ("a", b"")
    gate.apply(Config(api_keys=(attrs.evolve(KEY, name="b"),), upstream=Upstream(pass_headers=("x-one",))))
    assert (one.sender(gate.gateway).name, one.block(gate.gateway)) == ("b", b"x-one: a\r\n")
    assert gate.looked == 2


def test_a_key_that_is_taken_away_is_refused_from_then_on_and_let_in_when_it_is_back() -> None:
    gate = Gate(KEY)
    one = asked("X-Api-Key: sk-a")
    assert one.sender(gate.gateway).name == "a"
    gate.apply(Config(api_keys=(attrs.evolve(KEY, disabled=True),)))
    for _ in range(2):
        with pytest.raises(DisabledKey):
            one.sender(gate.gateway)
    gate.apply(Config(api_keys=(KeyConfig(name="other", key="sk-other"),)))
    for _ in range(2):
        with pytest.raises(WrongKey):
            one.sender(gate.gateway)
    gate.apply(Config(api_keys=(KEY,)))
    assert one.sender(gate.gateway).name == "a"


def test_one_that_was_refused_is_looked_up_again_each_time() -> None:
    gate = Gate(KEY)
    one = asked("X-Api-Key: wrong")
    for _ in range(2):
        with pytest.raises(WrongKey):
            one.sender(gate.gateway)
    assert gate.looked == 2
