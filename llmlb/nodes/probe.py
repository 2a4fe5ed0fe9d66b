"""Asks a node whether it is there, what it is and what it serves, on connections of the probe's own."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable
from typing import Final

import attrs

from llmlb.clock import Clock, Timer
from llmlb.config.model import Health as HealthConfig
from llmlb.config.model import NodeConfig
from llmlb.nodes.dispatcher import Dispatcher, connect_problem, tls_context
from llmlb.nodes.inquiry import Inquiry, NoAnswer, TooLong, Unreached
from llmlb.nodes.kinds import BY_NAME, KINDS, OPENAI, Said, listed, names
from llmlb.nodes.node import Health

JITTER: Final = 0.1
"""A probe comes up to this part of its interval or pause early, so that many nodes are not asked all at once."""
FIRST_JITTER: Final = 0.9
"""The same for the first interval of a node that has just been found: many may have been in the same instant."""

_LOADING = "HTTP 503 to a probe"
_SHARED_CHANCE = random.Random()


@attrs.frozen
class Found:
    """The node answered. `kind` is empty while it could not be found out, `loaded` None where it was not told."""

    kind: str
    models: tuple[str, ...]
    loaded: tuple[str, ...] | None = ()
    server: str = ""


@attrs.frozen
class Loading:
    """The node answered 503: it is there, but not ready."""

    reason: str


@attrs.frozen
class Unreachable:
    """The node did not answer, or not in a way that is of use. `silent`: it may just be at work on something."""

    reason: str
    silent: bool = False


Answer = Found | Loading | Unreachable


async def ask(config: NodeConfig, timeout_secs: float, tls: ssl.SSLContext | None, kind: str = "") -> Answer:
    """Probe a node once: its models, its kind where that is not known yet, and what it has loaded if the kind tells.

    Only the list of models decides whether the node is there; it has `timeout_secs`, and all other questions together
    have as much again. With configured models any answer will do.
    """
    with Inquiry(config, tls) as inquiry:
        return await _ask(inquiry, config, timeout_secs, kind)


async def _ask(inquiry: Inquiry, config: NodeConfig, timeout_secs: float, kind: str) -> Answer:
    try:
        async with asyncio.timeout(timeout_secs):
            listing = await inquiry.get("/v1/models")
    except TimeoutError:
        return Unreachable("no answer to a probe in time", silent=True)
    except Unreached as error:
        return Unreachable(connect_problem(error.cause))
    except TooLong:
        return Found(kind, (), None) if config.models else Unreachable("the list of models is too long")
    except NoAnswer as error:
        return Unreachable(f"probe failed: {error}")
    if listing.unavailable:
        return Loading(_LOADING)
    told = listed(listing)
    has_list, models = told is not None, told or ()
    found = Found(kind, models, None, listing.server)
    try:
        async with asyncio.timeout(timeout_secs):
            more = await _recognise(inquiry.get, listing, models, kind)
            if isinstance(more, Loading):
                return more
            if not has_list and (own_list := BY_NAME.get(more.kind, OPENAI).models):
                told = names((await inquiry.get(own_list)).json, "models", "name")
                has_list, more = told is not None, attrs.evolve(more, models=told or ())
            found = attrs.evolve(more, server=listing.server)
    except (Unreached, NoAnswer, TimeoutError, RecursionError):  # the last by comparing what is nested deeply
        pass  # it has answered what matters; the rest is asked again next time
    if not has_list and not config.models:
        return Unreachable(f"no list of models: HTTP {listing.status}")
    return found


async def _recognise(
    get: Callable[[str], Awaitable[Said]], listing: Said, models: tuple[str, ...], known: str
) -> Found | Loading:
    """What kind it is, unless `known`, and what it has loaded. Kind is empty where answers do not fit what is known."""
    for kind in (BY_NAME[known],) if known else KINDS:
        if not known:
            answer = await get(kind.question) if kind.question else listing
            if kind.loading(listing, answer):
                return Loading(_LOADING)
            says_so_everywhere = bool(kind.question) and answer.json is not None and answer.json == listing.json
            if says_so_everywhere or not kind.recognise(listing, answer):
                continue
        elif not kind.question and not kind.recognise(listing, listing):
            continue
        status = await get(kind.status) if kind.status else listing
        if status.unavailable:
            return Loading(_LOADING)
        loaded = kind.loaded(listing, status)
        if loaded is not None:
            return Found(kind.name, models, loaded)
    # One without models may be of a kind that only its models tell.
    return Found("" if known or not models else OPENAI.name, models, None if known else ())


class Probe:
    """Probes one node, for ever: every `interval_secs`, and after its pause when it is offline.

    `health` and the node's configuration may change at any time. `chance` is where jitter comes from.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        health: HealthConfig,
        clock: Clock,
        chance: random.Random = _SHARED_CHANCE,
    ) -> None:
        self.health = health
        self._dispatcher = dispatcher
        self._node = dispatcher.node
        self._clock = clock
        self._chance = chance
        self._kind = ""
        """What the node is sure to be; empty: to be asked."""
        self._just_found = True
        self._tls: tuple[NodeConfig, ssl.SSLContext | None] | None = None
        self._due = asyncio.Event()
        self._timer: Timer | None = None

    async def run(self, after: float = 0.0) -> None:
        """The probe's task. `after`: seconds until the first probe, for the many of a large fleet to take turns."""
        if after:
            self._call_in(after)
            await self._due.wait()
        while True:
            self._due.clear()
            await self.once()
            self.schedule()
            await self._due.wait()

    def ask_now(self) -> None:
        """Do not wait for the next time: something about the node has changed."""
        self._tls = None
        self._due.set()

    def schedule(self) -> None:
        """Set the time of the next probe by the state the node is in now."""
        offline = self._node.health is Health.OFFLINE
        pause = self._node.pause if offline else self.health.interval_secs
        early = FIRST_JITTER if self._just_found and not offline else JITTER
        self._just_found = offline
        self._call_in(pause * (1 - early * self._chance.random()))

    async def once(self) -> None:
        """Ask, and tell the node what was found.

        Bad news is news only of a node that had no request while it was asked, and what an exchange has found out
        meanwhile stands: a node that has just failed one is asked anew. So is one that was configured anew.
        """
        dispatcher, node = self._dispatcher, self._node
        config, moves = node.config, dispatcher.moves
        was_offline = node.health is Health.OFFLINE
        idle = dispatcher.exchange is None
        if not idle and not BY_NAME.get(node.kind, OPENAI).bears_questions:
            return
        # What was offline may have come back as something else.
        kind = "" if was_offline else self._kind
        answer = await self._ask(config, kind)
        if isinstance(answer, Unreachable) and idle and dispatcher.moves == moves:
            # Our own kept connection may be what occupies a server with a single thread.
            dispatcher.release_line()
            answer = await self._ask(config, kind)
        if node.config is not config:
            self._due.set()
            return
        idle = idle and dispatcher.moves == moves
        match answer:
            case Found(kind, models, loaded) if was_offline or node.health is not Health.OFFLINE:
                self._kind, ready = kind, node.ready
                node.found(kind or node.kind, models, node.loaded if loaded is None else loaded)
                if node.ready is not ready:
                    dispatcher.pull()  # it is chosen by what it has in memory
            case Loading(reason) if idle:
                node.is_loading(reason)
            case Unreachable(reason, silent) if idle and not (silent and node.health is Health.RESTING):
                # One that rests may be silent because it computes on for somebody who has left.
                node.unreachable(reason)

    async def _ask(self, config: NodeConfig, kind: str) -> Answer:
        if self._tls is None or self._tls[0] is not config:
            try:
                self._tls = config, tls_context(config)
            except OSError as error:
                return Unreachable(connect_problem(error))
        answer = await ask(config, self.health.timeout_secs, self._tls[1], kind)
        if isinstance(answer, Unreachable) and config.ca_file:
            self._tls = None  # the file may have got other certificates
        return answer

    def _call_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.call_at(self._clock.now() + seconds, self._due.set)
