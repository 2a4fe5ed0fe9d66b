"""The HTTP server under the application: how many connections there may be, and how they are kept."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import socket
from typing import Any

import structlog
from aiohttp import web

from llmlb.gateway.gateway import Gateway
from llmlb.signs_of_life import ask_for_signs_of_life
from llmlb.web.connection import Connection
from llmlb.web.keys import GATEWAY

KEEPALIVE_SECS = 75.0
SHUTDOWN_SECS = 2.0
"""For what is still open after the drain: pages that watch, and clients that do not read."""
BEYOND_QUEUE = 1000
"""Connections for requests in service, pages and probes, where `max_connections` leaves it to us."""
MOST_TURNED_AWAY = 128
"""Connections beyond the limit that are told why at the same time; more are closed without a word."""
BACKLOG = 4096
"""Connections the system may hold for us in a burst."""
ACCEPTED_AT_ONCE = 24
"""Of those, how many are taken before anything else is done."""
YOUNG = 1
"""The generations of objects that are looked through: all but those that have been there for long."""
TURNS_UNTIL_CLOSED = 3
"""Of the event loop, until the socket of a connection that is closed without a word is gone. Each takes more."""
DESCRIPTORS_OF_OUR_OWN = 128
"""Files, sockets we listen on, and the like."""
ENOUGH_DESCRIPTORS = 10_240
"""Asked for where the system has no limit but does not let that be asked for: what macOS lets everybody have."""
DESCRIPTORS_A_NODE = 3
"""Its line, a probe, and one that is being closed."""
GARBAGE_BYTES = 4 * 1024 * 1024
"""What aiohttp has read for connections that are closed since, until it is looked whether it can go. What is wrong with
a request is an exception there, and what had come of the request hangs on its frames: few objects, so that Python would
not look for them soon, and megabytes."""
TELL_AGAIN_SECS = 10.0
"""A flood of connections is no reason for a flood of lines in the log."""

_log = structlog.get_logger("llmlb.web")


class Server(web.Server):
    """Makes client connections, as many as there may be."""

    def __init__(self, *args: Any, gateway: Gateway, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gateway = gateway
        self._leaving: set[asyncio.Transport] = set()
        self._refused = 0
        self._garbage = 0
        self._told_at = float("-inf")

    def __call__(self) -> web.RequestHandler:
        return Connection(self, loop=self._loop, gateway=self._gateway, door=self, **self._kwargs)

    @property
    def limit(self) -> int:
        """How many connections may be open at once, by the configuration and by what the system allows."""
        room = descriptors() - own_descriptors(len(self._gateway.fleet))
        return min(wanted_connections(self._gateway), max(1, room))

    def admits(self) -> bool:
        """Whether there is room for one more connection."""
        return len(self._connections) < self.limit

    def turned_away(self, transport: asyncio.Transport) -> bool:
        """There was no room for one. Whether there is time to say so: then `gone` tells of its end."""
        self._refused += 1
        now = self._gateway.clock.now()
        if now >= self._told_at + TELL_AGAIN_SECS:
            _log.warning("too many connections", limit=self.limit, refused=self._refused)
            self._told_at, self._refused = now, 0
        if len(self._leaving) >= MOST_TURNED_AWAY:
            return False
        self._leaving.add(transport)
        return True

    def gone(self, transport: asyncio.Transport) -> None:
        """A connection that was turned away is closed."""
        self._leaving.discard(transport)

    async def shutdown(self, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Close all connections; those that handle a request in `timeout` seconds."""
        for transport in self._leaving:  # aiohttp knows nothing of them
            transport.abort()
        await super().shutdown(timeout)

    def closed(self, size: int) -> None:
        """A connection is closed for which aiohttp has read so many bytes."""
        self._garbage += size
        if self._garbage >= GARBAGE_BYTES:
            self._garbage = 0
            self._loop.call_soon(gc.collect, YOUNG)


class Runner(web.AppRunner):
    """Runs the application: handlers end when their client leaves, and nothing is logged a second time."""

    def __init__(self, app: web.Application) -> None:
        super().__init__(
            app,
            access_log=None,
            auto_decompress=False,  # a compressed body is refused, by us and unread
            handler_cancellation=True,
            keepalive_timeout=KEEPALIVE_SECS,
            shutdown_timeout=SHUTDOWN_SECS,
        )

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        gateway = self.app[GATEWAY]
        needed = wanted_connections(gateway) + own_descriptors(len(gateway.config.nodes))
        if needed > descriptors():
            _log.warning("few file descriptors", needed=needed, allowed=descriptors())
        return Server(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            gateway=gateway,
            **plain._kwargs,
        )


class Site(web.TCPSite):
    """Where the gateway listens.

    asyncio takes as many connections at once as it lets the system hold, before a single one can be counted. So it
    is told a small number, and the system a large one.
    """

    def __init__(self, runner: Runner, host: str, port: int) -> None:
        # On `::` alone asyncio would take connections by IPv6 only; on None it takes all.
        super().__init__(runner, None if host == "::" else host, port, backlog=ACCEPTED_AT_ONCE)

    async def start(self) -> None:
        await super().start()
        assert isinstance(self._server, asyncio.Server)
        for listening in self._server.sockets:
            with socket.socket(fileno=os.dup(listening.fileno())) as same:
                same.listen(BACKLOG)
                ask_for_signs_of_life(same)  # each connection that is taken has it from here


def wanted_connections(gateway: Gateway) -> int:
    """The limit that the configuration sets: every place in the queue has a connection, and there are some more."""
    config = gateway.config
    return config.server.max_connections or config.queue.max_size + BEYOND_QUEUE


def own_descriptors(nodes: int) -> int:
    """File descriptors that are used up besides those of the clients."""
    in_passing = ACCEPTED_AT_ONCE * TURNS_UNTIL_CLOSED
    return DESCRIPTORS_OF_OUR_OWN + MOST_TURNED_AWAY + in_passing + DESCRIPTORS_A_NODE * nodes


def raise_descriptor_limit() -> None:
    """A connection for every client that waits: the usual soft limit of 1,024 is not enough for a long queue."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == hard:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except ValueError:  # macOS has no hard limit, and lets nobody have that many
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, ENOUGH_DESCRIPTORS), hard))


def descriptors() -> int:
    """How many file descriptors the system lets us have."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1_000_000_000 if soft == resource.RLIM_INFINITY else soft
