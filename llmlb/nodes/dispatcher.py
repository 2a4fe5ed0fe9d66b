"""One node's slot, and the task that keeps it at work."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from functools import cache

from llmlb.clock import Clock
from llmlb.config.model import NodeConfig, Upstream
from llmlb.nodes.end import EMPTY, End, EndKind
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.line import Line
from llmlb.nodes.node import Node
from llmlb.scheduler.placement import Candidate
from llmlb.signs_of_life import ask_for_signs_of_life
from llmlb.turns.port import Turns
from llmlb.wire.http1 import header_block


class Dispatcher:
    """Gives one node one request at a time.

    `exchange is None` is the one truth about the slot. It becomes None only when the exchange is over on the
    wire, and the next fair request is pulled in the same call: from the line's read callback, before the finished
    request's own task has run. The task does what takes time: it connects.
    """

    def __init__(
        self, node: Node, turns: Turns, upstream: Upstream, clock: Clock, freed: Callable[[], None] = lambda: None
    ) -> None:
        self.node = node
        self.id = node.id
        self.upstream = upstream
        """Patience with the node; another one counts from the next request on."""
        self.exchange: Exchange | None = None
        self.since = clock.now()
        """When the slot was last taken or given back."""
        self.moves = 0
        """How often it was."""
        self._turns = turns
        self._clock = clock
        self._freed = freed
        self._address = node.config.address
        self._tls: ssl.SSLContext | None = None
        self._line_is_stale = False
        self._line: Line | None = None
        self._unsent: Exchange | None = None
        self._heard = False
        """Whether the node has been sent the request it has."""
        self._granted = node.config
        """As the node was when it got the request: an alias may go while it is being connected to."""
        self._work = asyncio.Event()
        self._node_block = self._headers()

    @property
    def serves(self) -> frozenset[str]:
        """The models the node serves now."""
        return self.node.serves

    @property
    def loaded(self) -> frozenset[str]:
        """Those of them that it is known to have in memory."""
        return self.node.ready

    def candidate(self, model: str) -> Candidate:
        """The node as the choice among idle ones sees it."""
        return self.node.candidate(model)

    def configure(self) -> None:
        """The node's configuration has changed."""
        self._node_block = self._headers()
        if self._address.scheme == "https":  # there may be other certificates to trust, in a new file or the old one
            self._tls = None
            self._line_is_stale = True
            if self.exchange is None:
                self.release_line()

    async def run(self) -> None:
        """The node's task: pull when the node has become usable, connect when a request needs it."""
        while True:
            await self._work.wait()
            self._work.clear()
            if self._unsent is not None:
                await self._connect()
            else:
                self.pull()

    def wake(self) -> None:
        """The node's health or models have changed: have the task look again."""
        self._turns.unpull(self)  # else who comes before the task runs would pass those who wait for a new model
        self._work.set()

    def pull(self) -> None:
        """Ask for the next request, if the node can take one."""
        if self.exchange is None and self.node.usable:
            self._turns.pull(self)

    def serve(self, exchange: Exchange) -> None:
        """Send the granted request: at once on the open line, else as soon as the task has connected."""
        assert self.exchange is None, "a node gets one request at a time"
        self.exchange = exchange
        self._granted = self.node.config
        self._heard = False
        self.moves += 1
        self.since = self._clock.now()
        exchange.carrier = self
        if self._line is not None and self._line.open:
            self._send(self._line, exchange)
        else:
            self._unsent = exchange
            self._work.set()

    def abort(self, exchange: Exchange, reason: str) -> None:
        """Hang up on the exchange."""
        if exchange is not self.exchange:
            return
        if self._heard and self._line is not None:
            self._line.abort(reason)
        else:
            self._unsent = None
            self.over(exchange, End(EndKind.ABORTED, reason))

    def resume(self, exchange: Exchange) -> None:
        """Read on from the node."""
        if exchange is self.exchange and self._line is not None:
            self._line.resume()

    def over(self, exchange: Exchange, end: End) -> None:
        """The exchange has ended on the wire: settle it, take the next, and only then see to its client."""
        assert exchange is self.exchange
        self.exchange = None
        self.moves += 1
        now = self._clock.now()
        held = now - self.since
        self.since = self.node.idle_since = now
        self._judge(exchange, end, held)
        if self._line_is_stale:
            self.release_line()
        exchange.over(end)
        self.pull()
        if self.node.leaving:
            self._freed()
        exchange.listener.stirred()

    def reopen(self, exchange: Exchange) -> None:
        """A kept connection had died before the node saw the request: not a try yet."""
        self._line = None
        self._heard = False
        self._unsent = exchange
        self._work.set()

    def release_line(self) -> None:
        """Close the kept connection while it is idle: it may occupy a server that has only one thread."""
        if self._line is not None and self._line.open:
            self._line.close()
            self._line = None

    def close(self) -> None:
        """Hang up whatever there is."""
        self._turns.unpull(self)
        if self.exchange is not None:
            self.exchange.abort("llmlb is stopping")
        self.release_line()

    def _judge(self, exchange: Exchange, end: End, held: float) -> None:
        """What the end says about the node."""
        node, request = self.node, exchange.request
        match end.kind:
            case EndKind.COMPLETE if end is EMPTY:
                node.failed(request.id, end.reason, gone=False)
            case EndKind.COMPLETE:
                node.served(held)
            case EndKind.BUSY:
                node.busy(end.reason, end.retry_after)
            case EndKind.ERROR:
                node.failed(request.id, end.reason, gone=False)
            case EndKind.UNREACHABLE | EndKind.BROKEN:
                node.failed(request.id, end.reason, gone=True)
            case EndKind.SILENT:
                node.failed(request.id, end.reason, gone=True)
                node.hung_up()
            case EndKind.ABORTED:
                if self._heard:
                    node.hung_up()

    def _send(self, line: Line, exchange: Exchange) -> None:
        try:
            pieces = exchange.request.pieces(self._granted, self._node_block)
        except Exception as bug:  # that of one request: not of another, whose end it began with, nor of the node's task
            exchange.listener.crashed(bug)
            return
        self._heard = True
        line.idle_secs = self.upstream.idle_timeout_secs
        line.send(exchange, pieces)

    def _headers(self) -> bytes:
        headers = [("host", self._address.netloc)]
        if self.node.config.api_key:
            headers.append(("authorization", f"Bearer {self.node.config.api_key}"))
        return header_block(headers)

    async def _connect(self) -> None:
        """Open the line and send what waits for it by then."""
        self._line, problem = await self._open()
        exchange, self._unsent = self._unsent, None
        if exchange is None:
            return
        if self._line is not None and self._line.open:
            self._send(self._line, exchange)
        else:
            self.over(exchange, End(EndKind.UNREACHABLE, problem))

    async def _open(self) -> tuple[Line | None, str]:
        """A new line; if there is none, or it is gone before it could be used, the words say why."""
        loop = asyncio.get_running_loop()
        self._line_is_stale = False
        try:
            if self._tls is None:
                self._tls = tls_context(self.node.config)
            async with asyncio.timeout(self.upstream.connect_timeout_secs):
                transport, line = await loop.create_connection(
                    lambda: Line(self, self._clock, self.upstream.idle_timeout_secs),
                    self._address.host,
                    self._address.port,
                    ssl=self._tls,
                )
        except (OSError, TimeoutError) as error:
            self._tls = None  # there may be other certificates in the file by now
            return None, connect_problem(error)
        if line.open:
            ask_for_signs_of_life(transport.get_extra_info("socket"))
        return line, "connection closed at once"


def tls_context(config: NodeConfig) -> ssl.SSLContext | None:
    """How an https node is checked; None for http."""
    if config.address.scheme != "https":
        return None
    return ssl.create_default_context(cafile=config.ca_file) if config.ca_file else _system_trust()


@cache
def _system_trust() -> ssl.SSLContext:
    """What the system trusts: read once, as it takes some milliseconds a time."""
    return ssl.create_default_context()


def connect_problem(error: BaseException) -> str:
    """In a few words and without an address, why no connection was made."""
    if isinstance(error, TimeoutError):
        return "connecting timed out"
    # Where a name has several addresses, asyncio tells what became of each in one text.
    if isinstance(error, ConnectionRefusedError) or f"[Errno {errno.ECONNREFUSED}]" in str(error):
        return "connection refused"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or 'unknown reason'}"
    if isinstance(error, socket.gaierror):
        return "host name not resolved"  # there is none, or no resolver that answers
    # Not what it says itself: that may name the address.
    number = error.errno if isinstance(error, OSError) else None
    return f"cannot connect: {type(error).__name__ if number is None else os.strerror(number)}"
