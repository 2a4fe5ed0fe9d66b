"""Asks a node whether it is there and what it serves, on a connection of the probe's own."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import attrs
import msgspec

from llmlb.clock import Clock, Timer
from llmlb.config.model import Health as HealthConfig
from llmlb.config.model import NodeConfig
from llmlb.nodes.dispatcher import Dispatcher, connect_problem, tls_context
from llmlb.nodes.node import Health

MOST_BYTES = 4 * 1024 * 1024
MOST_MODELS = 10_000
_UNAVAILABLE = 503


@attrs.frozen
class Found:
    """The node answered. `kind` is empty while it could not be found out."""

    kind: str
    models: tuple[str, ...]
    loaded: tuple[str, ...] = ()
    server: str = ""


@attrs.frozen
class Loading:
    """The node answered 503: it is there, but not ready."""

    reason: str


@attrs.frozen
class Unreachable:
    """The node did not answer, or not in a way that is of use."""

    reason: str


Answer = Found | Loading | Unreachable


async def ask(
    session: aiohttp.ClientSession,
    config: NodeConfig,
    timeout_secs: float,
    tls: ssl.SSLContext | None,
    kind: str = "",
) -> Answer:
    """Probe a node once: its models, its kind where that is not known yet, and what it has loaded if the kind tells.

    Only the list of models decides whether the node is there.
    """

    async def get(path: str) -> tuple[int, Any, str]:
        headers = {"authorization": f"Bearer {config.api_key}"} if config.api_key else {}
        async with session.get(
            config.base + path,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=timeout_secs),
            allow_redirects=False,
            ssl=tls if tls is not None else True,
        ) as reply:
            body = bytearray()
            while len(body) < MOST_BYTES and (piece := await reply.content.readany()):
                body += piece
            try:
                return reply.status, msgspec.json.decode(body), reply.headers.get("server", "")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                return reply.status, None, reply.headers.get("server", "")

    try:
        status, listing, server = await get("/v1/models")
        if status == _UNAVAILABLE:
            return Loading("HTTP 503 to a probe")
        models = _names(listing, "data", "id") if status == 200 else None
        if models is None and not config.models:
            return Unreachable(f"no list of models: HTTP {status}")
    except TimeoutError:
        return Unreachable("no answer to a probe in time")
    except aiohttp.ClientConnectorError as error:
        return Unreachable(connect_problem(error.os_error))
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Unreachable(f"probe failed: {type(error).__name__}")
    loaded: tuple[str, ...] = ()
    try:
        if not kind:
            _, version, _ = await get("/api/version")
            tells = isinstance(version, dict) and isinstance(version.get("version"), str)
            kind = "ollama" if tells else "openai"
        if kind == "ollama":
            _, processes, _ = await get("/api/ps")
            loaded = _names(processes, "models", "name") or ()
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        pass  # it has answered what matters; the rest is asked again next time
    return Found(kind, models or (), loaded, server)


class Probe:
    """Probes one node, for ever: every `interval_secs`, and after its pause when it is offline."""

    def __init__(
        self, dispatcher: Dispatcher, session: aiohttp.ClientSession, health: HealthConfig, clock: Clock
    ) -> None:
        self._dispatcher = dispatcher
        self._node = dispatcher.node
        self._session = session
        self._health = health
        self._clock = clock
        self._tls = tls_context(self._node.config)
        self._due = asyncio.Event()
        self._timer: Timer | None = None

    async def run(self) -> None:
        """The probe's task."""
        while True:
            self._due.clear()
            await self.once()
            self.schedule()
            await self._due.wait()

    def schedule(self) -> None:
        """Set the time of the next probe by the state the node is in now."""
        if self._timer is not None:
            self._timer.cancel()
        offline = self._node.health is Health.OFFLINE
        pause = self._node.pause if offline else self._health.interval_secs
        self._timer = self._clock.call_at(self._clock.now() + pause, self._due.set)

    async def once(self) -> None:
        """Ask, and tell the node what was found.

        Bad news is news only of a node that had no request while it was asked, and what an exchange has found out
        meanwhile stands: a node that has just failed one is asked anew.
        """
        dispatcher, node = self._dispatcher, self._node
        was_offline = node.health is Health.OFFLINE
        moves = dispatcher.moves
        idle = dispatcher.exchange is None
        answer = await self._ask()
        if isinstance(answer, Unreachable) and idle and dispatcher.moves == moves:
            # Our own kept connection may be what occupies a server with a single thread.
            dispatcher.release_line()
            answer = await self._ask()
        idle = idle and dispatcher.moves == moves
        match answer:
            case Found(kind, models, loaded) if was_offline or node.health is not Health.OFFLINE:
                node.found(kind, models, loaded)
            case Loading(reason) if idle:
                node.is_loading(reason)
            case Unreachable(reason) if idle:
                node.unreachable(reason)

    async def _ask(self) -> Answer:
        # What was offline may have come back as something else.
        kind = "" if self._node.health is Health.OFFLINE else self._node.kind
        return await ask(self._session, self._node.config, self._health.timeout_secs, self._tls, kind)


def _names(listing: Any, field: str, name: str) -> tuple[str, ...] | None:
    """The names in `{field: [{name: ...}, ...]}`; None when it is nothing of the kind."""
    entries = listing.get(field) if isinstance(listing, dict) else None
    if not isinstance(entries, list):
        return None
    names = (entry.get(name) for entry in entries[:MOST_MODELS] if isinstance(entry, dict))
    return tuple(name for name in names if isinstance(name, str) and name)
