"""What a client can be told instead of a reply: one class per kind of refusal.

A refusal names its text (a key of `llmlb.messages.TEXTS`) and the values in it, never a sentence, because the
language is the client's. Which HTTP status, type and code each class becomes stands in one table,
`llmlb.web.faults`.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """A request ends without a reply from a node.

    `message` is a key of `TEXTS`; `values` fill its placeholders.
    """

    message: ClassVar[str] = ""

    def __init__(self, message: str | None = None, /, **values: Any) -> None:
        self.key = message or self.message
        self.values = values
        super().__init__(self.key, values)


class Malformed(Refusal):
    """The request cannot be understood. `message` says in which way."""

    message = "malformed"


class WrongKey(Refusal):
    """API keys are configured and the request carries none of them."""

    message = "wrong_key"


class MissingKey(WrongKey):
    """API keys are configured and the request carries no key at all."""

    message = "no_key"


class DisabledKey(WrongKey):
    """The API key is a configured one that the operator lets in no more. `name`: that of the key, for the log."""

    message = "disabled_key"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__()


class WrongToken(Refusal):
    """The metrics are asked for with a token that is not the configured one."""

    message = "wrong_token"


class UnknownModel(Refusal):
    """No node ever had the model. Values: `model`, at most 100 characters of it."""

    message = "unknown_model"

    def __init__(self, model: str) -> None:
        super().__init__(model=model[:100])


class UnknownPath(Refusal):
    """No route has this path."""

    message = "unknown_path"


class WrongMethod(Refusal):
    """The path exists, the method does not. `allowed` becomes the `Allow` header."""

    message = "wrong_method"

    def __init__(self, allowed: frozenset[str]) -> None:
        self.allowed = allowed
        super().__init__(allowed=", ".join(sorted(allowed)))


class TooLarge(Refusal):
    """The body is over `[server] body_limit`. Values: `limit`, bytes."""

    message = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)


class CompressedBody(Refusal):
    """The request body has a Content-Encoding."""

    message = "compressed_body"


class StalledBody(Refusal):
    """The client stopped sending its request body."""

    message = "stalled_body"


class SlowHead(Refusal):
    """The client did not get to the end of its request's head in time."""

    message = "slow_head"


class LongHead(Refusal):
    """Request line and headers are longer than is read. Values: `limit`, bytes of all of them."""

    message = "long_head"

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)


class StrangeHost(Refusal):
    """The page is asked for under a name that is not known to be the gateway's own."""

    message = "strange_host"


class TooManyConnections(Refusal):
    """As many connections are open as may be."""

    message = "too_many_connections"
    retry_after: ClassVar[int] = 5


class QueueFull(Refusal):
    """No place in the queue. `retry_after`: whole seconds until one is expected, 1 to 60."""

    message = "queue_full"

    def __init__(self, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(retry_after=retry_after)


class QueueTimeout(Refusal):
    """Waited longer than `[queue] timeout_secs`. `waited_secs`: the configured whole seconds."""

    message = "queue_timeout"

    def __init__(self, waited_secs: int, retry_after: int) -> None:
        self.waited_secs = waited_secs
        self.retry_after = retry_after
        super().__init__(waited_secs=waited_secs)


class NodeFailed(Refusal):
    """Every node that could be tried failed, at least one of them after it had taken the request."""

    message = "node_failed"


class NodesUnreachable(Refusal):
    """No node could even be connected to."""

    message = "nodes_unreachable"
    retry_after: ClassVar[int] = 2


class NoNodeOnline(Refusal):
    """The model is known, but all its nodes are offline."""

    message = "no_node_online"

    def __init__(self, model: str, retry_after: int) -> None:
        self.retry_after = retry_after
        super().__init__(model=model[:100])


class Draining(Refusal):
    """The gateway is shutting down."""

    message = "draining"
    retry_after: ClassVar[int] = 5


class NodeTimeout(Refusal):
    """A node took the request and then was silent for longer than `[upstream]` allows."""

    message = "node_timeout"
