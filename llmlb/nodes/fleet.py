"""All nodes: each with its dispatcher and its probe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count

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

AT_ONCE, BETWEEN_SECS = 20, 0.05
"""So many new nodes are asked at once, and the next after so long: a thousand connections in one go stall the rest."""
MOST_REMEMBERED = 1000
"""Models of which it is remembered whether any node has them."""

_log = structlog.get_logger("llmlb.nodes")


@attrs.frozen
class Member:
    """One node and what works for it."""

    node: Node
    dispatcher: Dispatcher
    probe: Probe
    tasks: tuple[asyncio.Task[None], ...]
    number: int
    """Of all nodes that there have been, counted from 1."""

    @property
    def public_name(self) -> str:
        """What anybody may know it by: never its address, even where it is called by that."""
        return self.node.name if self.node.config.named else f"#{self.number}"

    @property
    def busy(self) -> bool:
        """Whether it has a request."""
        return self.dispatcher.exchange is not None

    @property
    def at_work(self) -> bool:
        """Whether it has a request, or may be computing for one that was hung up on."""
        return self.busy or self.node.computing

    @property
    def state(self) -> str:
        """One of `states.STATES`."""
        node = self.node
        if node.draining:
            return "draining"
        if self.dispatcher.exchange is not None:
            return "busy"
        return "pending" if node.blocked else "idle" if node.health is Health.ONLINE else node.health.value

    @property
    def reason(self) -> str:
        """Why it is in that state, in a few words; may be empty."""
        return "" if self.state == "busy" else self.node.why

    @property
    def since(self) -> float:
        """When it came into that state, on the clock's own scale."""
        since = self.node.since
        return (
            since
            if self.state == "draining"
            else self.dispatcher.since
            if self.busy
            else max(since, self.dispatcher.since)
        )


class Fleet:
    """The nodes of the gateway. `changed` is called after any change of what a node serves or how it is."""

    def __init__(
        self,
        turns: Turns,
        upstream: Upstream,
        health: HealthConfig,
        clock: Clock,
        background: Background,
        changed: Callable[[], None],
    ) -> None:
        self._turns = turns
        self._upstream = upstream
        self._health = health
        self._clock = clock
        self._background = background
        self._changed = changed
        self._members: dict[str, Member] = {}
        self._waits_for: dict[str, set[str]] = {}
        """By the id of a node that has moved here, those that have to finish first."""
        self._known: dict[str, bool] = {}
        self._hopeful: dict[str, bool] = {}
        """What was said of models, which holds until a node changes: every request asks, of a thousand nodes maybe."""
        self._added = self._gone = 0
        self._applying = False

    def __iter__(self) -> Iterator[Member]:
        return iter(self._members.values())

    def __len__(self) -> int:
        return len(self._members)

    # What the operator does

    def add(self, config: NodeConfig) -> Member:
        """Take a node in: its probe starts at once, and requests follow when it has answered."""
        node = Node(config, self._clock, self._node_changed, self._new_id(config.name))
        dispatcher = Dispatcher(node, self._turns, self._upstream, self._clock, lambda: self._release(node.id))
        probe = Probe(dispatcher, self._health, self._clock)
        unasked = sum(m.node.health is Health.PENDING for m in self)
        tasks = (
            self._background.start(f"dispatcher {node.id}", dispatcher.run()),
            self._background.start(f"probe {node.id}", probe.run(after=unasked // AT_ONCE * BETWEEN_SECS)),
        )
        member = self._members[node.id] = Member(node, dispatcher, probe, tasks, self._added)
        self._ask_anew()
        return member

    def apply(self, configs: Sequence[NodeConfig], upstream: Upstream, health: HealthConfig) -> None:
        """Have just these nodes, and this patience with them.

        A node is known again by its address, whatever it is called, so that no machine ever gets a second request.
        One that has moved to another address is a new node, which waits until the old one has finished: it may be the
        same machine by another name. Those no longer configured finish what they have.
        """
        self._applying = True  # nobody is told of what is half done: there may be hope in the other half
        try:
            self._apply(configs, upstream, health)
        finally:
            self._applying = False
        self._changed()

    def _apply(self, configs: Sequence[NodeConfig], upstream: Upstream, health: HealthConfig) -> None:
        other_rhythm = health != self._health
        self._upstream, self._health = upstream, health
        for member in self:
            member.dispatcher.upstream, member.probe.health = upstream, health
            if other_rhythm and member.node.health is not Health.PENDING:  # else its first turn would be put off
                member.probe.schedule()
        present = {member.node.config.base: member for member in self}
        wanted = {config.base for config in configs}
        left = [m for m in self if m.node.config.base not in wanted and not m.node.leaving]
        for member in left:
            member.node.leave()
        finishing: dict[str, set[str]] = {}
        for member in self:
            if member.node.leaving and member.at_work:
                finishing.setdefault(member.node.name, set()).add(member.node.id)
        for config in configs:
            if (member_here := present.get(config.base)) is not None:
                self._configure(member_here, config)
            else:
                member = self.add(config)
                if (formers := finishing.get(config.name)) is not None:
                    member.node.blocked = True
                    self._waits_for[member.node.id] = formers
        for member in left:
            self._release(member.node.id)
        order = {config.base: number for number, config in enumerate(configs)}
        members = sorted(self, key=lambda m: order.get(m.node.config.base, -1))
        self._members = {member.node.id: member for member in members}

    def configs(self) -> tuple[NodeConfig, ...]:
        """The nodes as they are configured, or were found."""
        return tuple(member.node.config for member in self if not member.node.leaving)

    # What requests do

    def serve(self, node: str, exchange: Exchange) -> str:
        """Hand a granted request to its node. Returns the node's name."""
        member = self._members[node]
        member.dispatcher.serve(exchange)
        return member.node.name

    def forgive(self, nodes: Iterable[str], request: str) -> None:
        """The request failed on more than one node, so it counts against none of them."""
        for name in nodes:
            if (member := self._members.get(name)) is not None:
                member.node.forgive(request)

    # What is known

    def models(self) -> dict[str, float]:
        """Every model a node ever served, with the Unix time it was first seen."""
        seen: dict[str, float] = {}
        for member in self:
            if not member.node.leaving:
                for name, at in member.node.first_seen.items():
                    seen[name] = min(at, seen.get(name, at))
        return seen

    def knows(self, model: str) -> bool:
        """Whether some node ever served the model."""
        known = self._known.get(model)
        if known is None:
            known = any(
                model in m.node.first_seen or model in m.node.serves
                for m in self._members.values()
                if not m.node.leaving
            )
            _remember(self._known, model, known)
        return known

    def hopeful(self, model: str, tried: Iterable[str] = ()) -> bool:
        """Whether a request for the model may wait: some node not tried yet serves it, or may turn out to."""
        but = frozenset(tried)
        hopeful = None if but else self._hopeful.get(model)
        if hopeful is None:
            hopeful = any(
                (model in m.node.serves or not m.node.serves)
                for m in self._members.values()
                if m.node.hopeful and m.node.id not in but
            )
            if not but:
                _remember(self._hopeful, model, hopeful)
        return hopeful

    def back_in(self, model: str) -> float:
        """Seconds until one of the offline nodes that might serve the model is asked again, at the latest."""
        return min((m.node.pause for m in self if model in m.node.serves or not m.node.serves), default=0.0)

    @property
    def all_silent(self) -> bool:
        """Whether no node has ever told what it serves."""
        return not any(m.node.serves for m in self)

    def close(self) -> None:
        """Hang up everywhere."""
        for member in list(self):
            member.dispatcher.close()

    # Steps

    def _new_id(self, name: str) -> str:
        """Never one that there was before: requests know by it which nodes have failed them."""
        self._added += 1
        if not self._gone and name not in self._members:
            return name
        return next(id for n in count(self._added) if (id := f"{name} ({n})") not in self._members)

    def _configure(self, member: Member, config: NodeConfig) -> None:
        node, back, news = member.node, member.node.leaving, config != member.node.config
        if news or back:
            node.configure(config)
        if news or config.ca_file:
            member.dispatcher.configure()
            member.probe.ask_now()
        if back:
            self._finished(node.id)

    def _release(self, id: str) -> None:
        """The node has nothing of ours any more. If it is leaving it goes, as soon as it cannot be computing still."""
        member = self._members.get(id)
        if member is None or not member.node.leaving or member.busy:
            return
        if member.at_work:
            self._clock.call_at(member.node.computes_until, lambda: self._release(id))
        else:
            self._dismiss(member)

    def _dismiss(self, member: Member) -> None:
        del self._members[member.node.id]
        self._ask_anew()
        self._gone += 1
        member.dispatcher.close()
        for task in member.tasks:
            task.cancel()
        _log.info("node removed", node=member.node.name)
        self._waits_for.pop(member.node.id, None)
        self._finished(member.node.id)
        self._tell()

    def _finished(self, former: str) -> None:
        """Nobody has to wait for this node any more."""
        for id, formers in list(self._waits_for.items()):
            formers.discard(former)
            if not formers:
                del self._waits_for[id]
                self._members[id].node.unblock()

    def _ask_anew(self) -> None:
        self._known.clear()
        self._hopeful.clear()

    def _tell(self) -> None:
        if not self._applying:
            self._changed()

    def _node_changed(self, node: Node) -> None:
        self._ask_anew()
        member = self._members.get(node.id)
        if member is None or member.node is not node:
            return  # a timer of a node that is gone
        log = _log.warning if node.health is Health.OFFLINE else _log.info
        log("node", node=node.name, kind=node.kind, state=node.state, reason=node.why, models=len(node.listed))
        if node.draining or node.blocked or not node.serves:
            self._turns.forget_node(node.id)
        else:
            free_at = {Health.ONLINE: self._clock.now(), Health.RESTING: node.rest_until}.get(node.health)
            self._turns.topology(node.id, node.serves, free_at)
        member.dispatcher.wake()
        if node.health is Health.OFFLINE:
            member.probe.schedule()
        self._tell()


def _remember(said: dict[str, bool], model: str, answer: bool) -> None:
    """Keep an answer. Clients make up names, so there is an end to how many are kept."""
    if len(said) >= MOST_REMEMBERED:
        said.clear()
    said[model] = answer
