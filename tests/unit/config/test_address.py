"""URLs of nodes."""

from __future__ import annotations

import pytest

from llmlb.config.address import Address, is_host, parse_address
from llmlb.config.model import NodeConfig


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://h", Address("http", "h", 80)),
        ("https://h", Address("https", "h", 443)),
        ("http://h:8000/", Address("http", "h", 8000)),
        ("http://h:8000/v1", Address("http", "h", 8000)),
        ("http://h:8000/v1/", Address("http", "h", 8000)),
        ("HTTP://Gpu-1.Example:1/V1", Address("http", "gpu-1.example", 1, "/V1")),
        ("http://h/api/v1//", Address("http", "h", 80, "/api")),
        ("http://h/a/b", Address("http", "h", 80, "/a/b")),
        ("http://h/v10", Address("http", "h", 80, "/v10")),
        ("http://[::1]:5", Address("http", "::1", 5)),
        ("http://my_node:1", Address("http", "my_node", 1)),
    ],
)
def test_a_url_is_taken_apart(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "", "h:8000", "//h", "http://", "http:///v1", "ftp://h", "unix:///x", "http://h:0", "http://h:65536", "http://h:",
        "http://h:x", "http://u:p@h", "http://@h", "http://h?x", "http://h/?", "http://h/#", "http://h/a b", "http://h/../x",
        "http://h\\x", "http://h/\n", "http://h\t", "http://[::1", "http://::1", "http://日本", "http://h/é", "http://-h",
        "http://h..x", "http://1.2.3", "http://h/a//b",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_node(url: str) -> None:
    with pytest.raises(ValueError, match=r"^not a URL of a node$"):
        parse_address(url)


def test_an_address_is_put_together_again() -> None:
    assert parse_address("http://[::1]:5/x/v1").base == "http://[::1]:5/x"
    assert parse_address("https://h").netloc == "h:443"


def test_a_node_is_called_by_its_address() -> None:
    node = NodeConfig(url="http://H:1/v1")
    assert (node.name, node.base, node.address.host) == ("h:1", "http://h:1", "h")


@pytest.mark.parametrize("host", ["1.2.3.4", "::", "fe80::1%eth0", "h", "h.example.", "a" * 63, "x1"])
def test_hosts(host: str) -> None:
    assert is_host(host)


@pytest.mark.parametrize(
    "host", ["", ".", "0", "127.1", "a.1", "a" * 64, "x." * 127 + "xx", "h:1", "[::1]", "a/b", "é"]
)
def test_what_is_no_host(host: str) -> None:
    assert not is_host(host)
