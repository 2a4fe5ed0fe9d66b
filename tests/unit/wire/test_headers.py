from __future__ import annotations

import pytest

from llmlb.wire.headers import request_id, to_client, to_node

CLIENTS = [
    ("Host", "gateway"),
    ("Authorization", "Bearer sk-secret"),
    ("X-Api-Key", "sk-secret"),
    ("Cookie", "a=b"),
    ("Content-Length", "2"),
    ("Transfer-Encoding", "chunked"),
    ("Connection", "keep-alive"),
    ("Expect", "100-continue"),
    ("X-Forwarded-For", "10.0.0.1"),
    ("X-Request-Id", "one"),
    ("CONTENT-TYPE", "application/json"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip"),
    ("User-Agent", "OpenAI/Python"),
    ("OpenAI-Organization", "org"),
    ("anthropic-version", "2023-06-01"),
    ("traceparent", "00-1-2-01"),
    ("tracestate", "a=b"),
    ("X-Mine", "1"),
]


def test_only_listed_headers_reach_a_node() -> None:
    assert to_node(CLIENTS, ()) == [
        ("content-type", "application/json"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip"),
        ("user-agent", "OpenAI/Python"),
        ("openai-organization", "org"),
        ("anthropic-version", "2023-06-01"),
        ("traceparent", "00-1-2-01"),
        ("tracestate", "a=b"),
    ]


def test_the_configuration_can_add_to_them() -> None:
    assert ("x-mine", "1") in to_node(CLIENTS, ("x-mine",))


@pytest.mark.parametrize(
    "name", ["Authorization", "X-Api-Key", "Cookie", "Host", "Content-Length", "Transfer-Encoding", "Connection"]
)
def test_some_never_pass_even_if_configured(name: str) -> None:
    assert to_node([(name, "x")], (name.lower(),)) == []


def test_only_listed_headers_reach_a_client() -> None:
    nodes = [
        ("content-type", "text/event-stream"),
        ("content-encoding", "gzip"),
        ("content-disposition", "attachment"),
        ("cache-control", "no-cache"),
        ("openai-processing-ms", "7"),
        ("Anthropic-Ratelimit", "1"),
        ("set-cookie", "a=b"),
        ("location", "http://elsewhere"),
        ("server", "uvicorn"),
        ("x-request-id", "theirs"),
        ("x-queue-position", "9"),
        ("access-control-allow-origin", "*"),
        ("content-length", "2"),
        ("transfer-encoding", "chunked"),
    ]
    assert to_client(nodes) == [
        ("content-type", "text/event-stream"),
        ("content-encoding", "gzip"),
        ("content-disposition", "attachment"),
        ("cache-control", "no-cache"),
        ("openai-processing-ms", "7"),
        ("anthropic-ratelimit", "1"),
    ]


def test_of_what_says_how_to_read_the_body_the_first_counts() -> None:
    twice = [("Content-Type", "a/b"), ("content-type", "c/d")]
    assert to_node(twice, ()) == [("content-type", "a/b")]
    assert to_client(twice) == [("content-type", "a/b")]


def test_lists_in_several_headers_stay_so() -> None:
    betas = [("anthropic-beta", "a"), ("anthropic-beta", "b")]
    assert to_node(betas, ()) == betas


@pytest.mark.parametrize(
    "header",
    [("openai-x\r\ny", "1"), ("openai-ü", "1"), ("openai- x", "1"), ("accept", "a\r\nb"), ("accept", "\0")],
)
def test_a_header_that_could_be_more_than_one_is_dropped(header: tuple[str, str]) -> None:
    assert to_node([header], ()) == []


@pytest.mark.parametrize("value", ["a", "A-b_c.9", "x" * 128])
def test_a_clients_request_id_is_kept(value: str) -> None:
    assert request_id(value, lambda: "new") == value


@pytest.mark.parametrize("value", [None, "", "x" * 129, "a b", "a\n", "ü", "a;b", "<script>"])
def test_another_request_id_is_replaced(value: str | None) -> None:
    assert request_id(value, lambda: "new") == "new"
