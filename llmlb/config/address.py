"""A node's URL, taken apart: where to connect, and what stands before the API's own paths."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import attrs

_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)\Z")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@attrs.frozen
class Address:
    """Where a node listens. `host` is without brackets; `prefix` is empty or starts with `/`."""

    scheme: str
    host: str
    port: int
    prefix: str = ""

    @property
    def netloc(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def base(self) -> str:
        """`scheme://host:port/prefix`: what the paths of the API are appended to."""
        return f"{self.scheme}://{self.netloc}{self.prefix}"


def parse_address(url: str) -> Address:
    """The address in `url`, with or without a trailing `/v1`.

    Raises ValueError, which never quotes the URL (it may hold a password), for anything but http or https with
    a host, and for credentials, a query or a fragment.
    """
    if not url.isascii() or not url.isprintable() or any(mark in url for mark in " \\?#"):
        raise ValueError("not a URL of a node")
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("not a URL of a node") from None
    prefix = re.sub(r"/v1\Z", "", parts.path.rstrip("/")).rstrip("/")
    sound = (
        scheme in _DEFAULT_PORTS
        and "@" not in parts.netloc
        and not parts.netloc.endswith(":")
        and is_host(host)
        and port != 0
        and _PREFIX.match(prefix)
        and not {".", ".."} & set(prefix.split("/"))
    )
    if not sound:
        raise ValueError("not a URL of a node")
    return Address(scheme, host, port or _DEFAULT_PORTS[scheme], prefix)


def is_host(host: str) -> bool:
    """Is this an IP address (no brackets) or a host name in ASCII?

    A name whose last part is a number is none: resolvers read `0` and `127.1` as addresses.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.removesuffix(".").split(".")
        return len(host) <= 253 and not labels[-1].isdigit() and all(_LABEL.match(label) for label in labels)
    return True


def is_loopback(host: str) -> bool:
    """Can only this machine reach `host`? Names but localhost are taken for reachable from elsewhere."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.removesuffix(".").lower()
        return name == "localhost" or name.endswith(".localhost")
    # Python before 3.13 does not look into an IPv4 address written as IPv6.
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
