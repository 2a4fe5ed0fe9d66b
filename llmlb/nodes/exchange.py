"""One request and its reply on one node."""

from __future__ import annotations

from typing import Protocol

from llmlb.config.model import NodeConfig
from llmlb.nodes.end import End
from llmlb.wire.http1 import ReplyHead
from llmlb.wire.usage import TokenMeter

HIGH_WATER = 256 * 1024
"""Reply bytes held for a slow client before the node is no longer read from."""


class Outgoing(Protocol):
    """A request on its way to whichever node gets it."""

    @property
    def id(self) -> str:
        """The request's id, for the node's record of failures."""

    def pieces(self, node: NodeConfig, node_block: bytes) -> tuple[bytes, ...]:
        """The bytes to write to this node; `node_block` has the headers that belong to it."""


class Listener(Protocol):
    """Who wants the reply."""

    def stirred(self) -> None:
        """There is something new: the reply has begun, more of it has come, or it is over.

        Called last of all, when whatever follows for the node has been done: its next request is on its way.
        """

    def ended(self, exchange: Exchange, end: End) -> None:
        """The exchange is over on the wire and the node is about to take the next request. Called once.

        `stirred` follows, when it has taken it.
        """

    def crashed(self, bug: Exception) -> None:
        """The request could not be written for its node, by a fault of ours. It should be aborted, but not yet: this
        comes from the midst of whatever gave it the node.
        """


class Carrier(Protocol):
    """What moves the exchange's bytes."""

    def abort(self, exchange: Exchange, reason: str) -> None:
        """Hang up. The end follows; harmless when the exchange is over."""

    def resume(self, exchange: Exchange) -> None:
        """Read on from the node."""


class Exchange:
    """A request that a node has, and what has come of its reply. Plain state; nothing here waits.

    `first_byte_secs`: how long the node may take for the first byte of the reply's body. `meter`: reads along.
    """

    __slots__ = (
        "_buffer", "_meter", "carrier", "end", "first_byte_secs", "head", "held", "length", "listener", "paused",
        "request",
    )  # fmt: skip

    def __init__(self, request: Outgoing, listener: Listener, first_byte_secs: float, meter: TokenMeter) -> None:
        self.request = request
        self.listener = listener
        self.first_byte_secs = first_byte_secs
        self.carrier: Carrier | None = None
        self.head: ReplyHead | None = None
        """Status and headers, once they are good to be passed on."""
        self.length: int | None = None
        """Bytes of the reply's body, once its head is there and if it says so."""
        self.end: End | None = None
        self.paused = False
        self.held = 0
        """Bytes for the client that it has not taken. Over `HIGH_WATER`, no more should be read for now."""
        self._buffer: list[bytes] = []
        self._meter = meter

    @property
    def tokens(self) -> int | None:
        """What the reply has cost so far, prompt and output; None where nobody can tell."""
        return self._meter.tokens

    @property
    def begun(self) -> bool:
        """Whether the reply may be passed on: its head and first body byte are there, or its end is."""
        return self.head is not None and (self.held > 0 or self.end is not None)

    def start(self, head: ReplyHead, length: int | None = None) -> None:
        """The reply's head has come, and is good to be passed on."""
        self.head = head
        self.length = length
        self._meter.begin(head.headers)

    def feed(self, data: bytes) -> None:
        """Take in reply bytes."""
        self._meter.feed(data)
        self._buffer.append(data)
        self.held += len(data)

    def take(self) -> bytes:
        """All reply bytes since the last call; empty when there are none."""
        buffer = self._buffer
        if not buffer:
            return b""
        if len(buffer) == 1:
            data = buffer.pop()
        else:
            data = b"".join(buffer)
            buffer.clear()
        self.held = 0
        if self.paused:
            self.paused = False
            if self.carrier is not None:
                self.carrier.resume(self)
        return data

    def abort(self, reason: str) -> None:
        """Close the exchange with the node. Its end is reported when the connection is closed."""
        if self.end is None and self.carrier is not None:
            self.carrier.abort(self, reason)

    def over(self, end: End) -> None:
        """The carrier's last word."""
        self.end = end
        self.carrier = None
        self.listener.ended(self, end)
