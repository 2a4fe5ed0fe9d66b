"""The head of a request for the queue, and what follows from it for every request that has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from llmlb.config.model import Config
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.identity import NOBODY, Identity
from llmlb.wire.endpoints import ENDPOINTS, Endpoint
from llmlb.wire.headers import to_node
from llmlb.wire.http1 import header_block
from llmlb.wire.plain import Fields

ENDPOINT_AT = {endpoint.path: endpoint for endpoint in ENDPOINTS}
PLAIN_REQUEST = re.compile(rb"POST (/[!->@-~]*+)(?:\?[!-~]*+)? HTTP/1\.1\r\n")
"""A query says nothing to us: Anthropic's client sends `?beta=true`."""


class Asked:
    """A head, once read. What it means under one configuration is found out once, and kept.

    `headers` are asked for names in lower case; of one that came several times they have the first. `fields` are all,
    in their order. `keep`: whether the client wants to keep the connection.
    """

    __slots__ = ("_block", "_config", "_fields", "_sender", "endpoint", "headers", "http11", "keep")

    def __init__(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        fields: Iterable[tuple[str, str]],
        *,
        http11: bool,
        keep: bool,
    ) -> None:
        self.endpoint = endpoint
        self.headers = headers
        self._fields = fields
        self.http11 = http11
        self.keep = keep
        self._config: Config | None = None
        self._sender = NOBODY
        self._block = b""

    def sender(self, gateway: Gateway) -> Identity:
        """Whose it is. Raises WrongKey, DisabledKey."""
        if self._config is not gateway.config:
            self._settle(gateway)
        return self._sender

    def block(self, gateway: Gateway) -> bytes:
        """The header lines that go on to a node, but that of the request's id. `sender` must have been found before."""
        if self._config is not gateway.config:
            self._settle(gateway)
        return self._block

    def _settle(self, gateway: Gateway) -> None:
        headers, config = self.headers, gateway.config
        self._sender = gateway.identities.identify(headers.get("authorization"), headers.get("x-api-key"))
        self._block = header_block(to_node(self._fields, config.upstream.pass_headers))
        self._config = config


def asked_plainly(line: re.Match[bytes], fields: Fields) -> Asked | None:
    """A request with a plain head (`llmlb.wire.plain`); None if it is not for the queue."""
    endpoint = ENDPOINT_AT.get(line[1].decode("ascii"))
    headers = dict(reversed(fields))
    if endpoint is None or "host" not in headers or "content-encoding" in headers:
        return None
    return Asked(endpoint, headers, fields, http11=True, keep=True)
