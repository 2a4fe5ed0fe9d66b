"""All nodes: each with its dispatcher and its probe."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import aiohttp
import attrs
import structlog

from llmlb.background import Background
from llmlb.clock import Clock
from llmlb.config.model import Health as HealthConfig
from llmlb.config.model import NodeConfig, Upstream
from llmlb.nodes.dispatcher import Dispatcher
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.node import Health, Node
from llmlb.nodes.probe import Probe
from llmlb.turns.port import Turns

_log = structlog.get_logger("llmlb.nodes")


@attrs.frozen
class Member:
    """One node and what works for it."""

    node: Node
    dispatcher: Dispatcher
    probe: Probe


class Fleet:
    """The nodes of the gateway. `changed` is called after any change of what a node serves or how it is."""

    def __init__(
        self,
        turns: Turns,
        upstream: Upstream,
        health: HealthConfig,
        clock: Clock,
        background: Background,
        session: aiohttp.ClientSession,
        changed: Callable[[], None],
    ) -> None:
        self._turns = turns
        self._upstream = upstream
        self._health = health
        self._clock = clock
        self._background = background
        self._session = session
        self._changed = changed
        self._members: dict[str, Member] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    def add(self, config: NodeConfig) -> None:
        """Take a node in: its probe starts at once, and requests follow when it has answered."""
        node = Node(config, self._clock, self._node_changed)
        dispatcher = Dispatcher(node, self._turns, self._upstream, self._clock)
        probe = Probe(dispatcher, self._session, self._health, self._clock)
        self._members[node.id] = Member(node, dispatcher, probe)
        self._background.start(f"dispatcher {node.id}", dispatcher.run())
        self._background.start(f"probe {node.id}", probe.run())

    def serve(self, node: str, exchange: Exchange) -> None:
        """Hand a granted request to its node."""
        self._members[node].dispatcher.serve(exchange)

    def forgive(self, nodes: Iterable[str], request: str) -> None:
        """The request failed on more than one node, so it counts against none of them."""
        for name in nodes:
            self._members[name].node.forgive(request)

    def models(self) -> dict[str, float]:
        """Every model a node ever served, with the Unix time it was first seen."""
        seen: dict[str, float] = {}
        for member in self:
            for name, at in member.node.first_seen.items():
                seen[name] = min(at, seen.get(name, at))
        return seen

    def knows(self, model: str) -> bool:
        """Whether some node ever served the model."""
        return any(model in m.node.first_seen or model in m.node.serves for m in self)

    def hopeful(self, model: str, tried: Iterable[str] = ()) -> bool:
        """Whether a request for the model may wait: some node not tried yet serves it, or may turn out to."""
        tried = set(tried)
        return any(
            (model in m.node.serves or not m.node.serves) for m in self if m.node.hopeful and m.node.id not in tried
        )

    def back_in(self, model: str) -> float:
        """Seconds until one of the offline nodes that might serve the model is asked again, at the latest."""
        return min((m.node.pause for m in self if model in m.node.serves or not m.node.serves), default=0.0)

    @property
    def all_silent(self) -> bool:
        """Whether no node has ever told what it serves."""
        return not any(m.node.serves for m in self)

    def close(self) -> None:
        """Hang up everywhere."""
        for member in self:
            member.dispatcher.close()

    def _node_changed(self, node: Node) -> None:
        member = self._members[node.id]
        log = _log.warning if node.health is Health.OFFLINE else _log.info
        log("node", node=node.id, state=node.health.value, reason=node.reason, models=len(node.listed))
        free_at = {Health.ONLINE: self._clock.now(), Health.RESTING: node.rest_until}.get(node.health)
        if node.serves:
            self._turns.topology(node.id, node.serves, free_at)
        member.dispatcher.wake()
        if node.health is Health.OFFLINE:
            member.probe.schedule()
        self._changed()
