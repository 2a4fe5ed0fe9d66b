"""Which headers pass between clients and nodes: those on these lists, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from typing import Final

Headers = list[tuple[str, str]]

_PREFIXES: Final = ("openai-", "anthropic-")
_TO_NODE: Final = frozenset({"content-type", "accept", "accept-encoding", "user-agent", "traceparent", "tracestate"})
_TO_CLIENT: Final = frozenset({"content-type", "content-encoding", "content-disposition", "cache-control"})

# Of these the first counts and the rest is dropped, so that both sides read the body in the same way.
_SINGLE: Final = frozenset({"content-type", "content-encoding"})

# Never passed to a node, even if the configuration were to list them.
_NEVER: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "cookie",
        "expect",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "x-api-key",
        "x-request-id",
    }
)

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_UNSAFE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


def to_node(headers: Iterable[tuple[str, str]], pass_headers: Collection[str]) -> Headers:
    """A client's headers that go on to a node, names in lower case.

    `pass_headers`: further names, in lower case. `X-Request-Id` is not passed: its value is settled by
    `request_id`, and whoever does that adds it.
    """
    return _allowed(headers, lambda name: (name in _TO_NODE or name in pass_headers) and name not in _NEVER)


def to_client(headers: Iterable[tuple[str, str]]) -> Headers:
    """A node's headers that go back to a client, names in lower case. Framing is not among them."""
    return _allowed(headers, _TO_CLIENT.__contains__)


def request_id(value: str | None, make: Callable[[], str]) -> str:
    """The id of a request: the client's own `X-Request-Id` if it is harmless, else a new one from `make`."""
    return value if value is not None and _REQUEST_ID.fullmatch(value) else make()


def _allowed(headers: Iterable[tuple[str, str]], listed: Callable[[str], bool]) -> Headers:
    passed: Headers = []
    seen: set[str] = set()
    for spelled, value in headers:
        name = spelled.lower()
        if not (listed(name) or (name.startswith(_PREFIXES) and _NAME.fullmatch(name))):
            continue
        if (name in _SINGLE and name in seen) or _UNSAFE.search(value):
            continue
        seen.add(name)
        passed.append((name, value))
    return passed
