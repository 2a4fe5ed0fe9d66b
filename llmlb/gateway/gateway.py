"""The gateway: where requests enter, and what they have in common."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count
from math import ceil
from typing import TYPE_CHECKING, Protocol

import attrs

from llmlb.background import Background
from llmlb.clock import Clock
from llmlb.config.model import Config
from llmlb.errors import Draining, NoNodeOnline, QueueFull, Refusal, UnknownModel
from llmlb.gateway.admissions import Admissions
from llmlb.gateway.audit import SelfAudit, State
from llmlb.gateway.bodies import Bodies, Hold
from llmlb.gateway.change_log import ChangeLog
from llmlb.gateway.identity import Identities, Identity, name_of
from llmlb.gateway.outgoing import Outgoing
from llmlb.gateway.overview import NodeView, Overview
from llmlb.gateway.pulse import Look, Pulse
from llmlb.gateway.stage import Stage
from llmlb.gateway.visit import Audience, Visit
from llmlb.nodes.fleet import Fleet, Member
from llmlb.nodes.kinds import MOST_CHARACTERS
from llmlb.scheduler.fair import FairScheduler
from llmlb.telemetry.hour import PastHour
from llmlb.telemetry.metrics import Metrics
from llmlb.telemetry.node_history import NodeHistory
from llmlb.telemetry.node_time import NodeTime
from llmlb.telemetry.record import Outcome, Record
from llmlb.telemetry.timeline import Timeline
from llmlb.telemetry.usage import HourByName
from llmlb.turns.local import LocalTurns
from llmlb.wire.call import ANY_MODEL, Call

if TYPE_CHECKING:
    from llmlb.gateway.desk import Desk
    from llmlb.gateway.desk_keys import KeyNumbers

MOST_RETRY_SECS = 5
"""The longest `Retry-After` while all nodes for a model are offline: one may be back at any time."""
FIXED = ("host", "port")
"""The settings of `[server]` that need a restart."""
EVICTED_SECS = 5.0
"""How long requests that are cut off at the end of a drain may take to tell their clients so."""


class Guest(Protocol):
    """A request that has arrived, from the end of its head on."""

    def put_out(self, refusal: Refusal) -> None:
        """It is time to go. Whoever is a visit by now is told so as one, and need not hear it here."""


class Gateway:
    """Owns the queue, the nodes and every visit.

    `sinks` are called with the `Record` of each visit, after its node has gone on.
    """

    def __init__(
        self,
        config: Config,
        clock: Clock,
        background: Background,
        sinks: Iterable[Callable[[Record], None]] = (),
    ) -> None:
        self.config = config
        self.clock = clock
        self.background = background
        self.identities = Identities(config.api_keys)
        self.hour = PastHour(clock)
        self.metrics = Metrics(self.identities.names.values())
        self.changes = ChangeLog(clock)
        self.draining = False
        self.arrivals = 0
        self.outcomes: Counter[Outcome] = Counter()
        self.timeline = Timeline(clock)
        self.node_history = NodeHistory(clock)
        self.by_key, self.by_node = HourByName(clock), HourByName(clock)
        """By the names of keys, made-up ones as well, and by those of nodes: each request under its last node."""
        self.node_time = NodeTime(clock)
        """By the names of keys, too."""
        self._sinks = (self.hour.add, self.metrics.add, self.timeline.add, self._add_by_name, *sinks)
        self._tickets = count(1)
        self._visits: dict[str, Visit] = {}
        """By the ids of their tickets, in the order in which they came."""
        self._hoping: set[Visit] = set()
        """Those for a model that nobody knew when they came: a node not heard of yet may have it."""
        self.config_refused = False
        """Whether the configuration on disk was refused, so that the former one still applies."""
        self._inside: set[Guest] = set()
        self._nobody_left = asyncio.Event()
        self._nobody_left.set()
        scheduler = FairScheduler(
            self.identities.weights,
            fair=config.queue.enable_fairness,
            cost=config.fairness.cost,
            quantum=config.fairness.quantum,
            default_service_secs=config.fairness.default_service_secs,
        )
        self.turns = LocalTurns(
            scheduler,
            clock,
            max_size=config.queue.max_size,
            max_per_key=config.queue.max_per_key,
            limits=self.identities.limits,
            when_full=config.queue.when_full,
        )
        self.bodies = Bodies(config.server.waiting_bytes, self.turns.retry_after)
        self.admissions = Admissions(clock)
        self.fleet = Fleet(self.turns, config.upstream, config.health, clock, background, self._nodes_changed)
        for node in config.nodes:
            self.fleet.add(node)
        self.audit = SelfAudit(self._state, clock)
        self.audit.start()
        self.pulse = Pulse(self._look, self.timeline, self.node_history, clock)
        self.pulse.start()

    def apply(self, config: Config) -> tuple[str, ...]:
        """Take another configuration, at once and as a whole. Nobody who waits or is served has to go.

        Returns the settings that are others but need a restart, such as `server.port`: they stay as they are. With no
        nodes configured before or now, those found on this machine stay.
        """
        old = self.config
        server = attrs.evolve(config.server, host=old.server.host, port=old.server.port)
        self.config = attrs.evolve(config, server=server)
        self.identities.apply(config.api_keys)
        self.metrics.know(self.identities.names.values())
        queue, fairness = config.queue, config.fairness
        self.turns.configure(
            max_size=queue.max_size,
            max_per_key=queue.max_per_key,
            limits=self.identities.limits,
            when_full=queue.when_full,
        )
        self.turns.reschedule(
            self.identities.weights,
            fair=queue.enable_fairness,
            cost=fairness.cost,
            quantum=fairness.quantum,
            default_service_secs=fairness.default_service_secs,
        )
        self.bodies.limit = config.server.waiting_bytes
        nodes = config.nodes if config.nodes or old.nodes else self.fleet.configs()
        self.fleet.apply(nodes, config.upstream, config.health)
        return tuple(f"server.{key}" for key in FIXED if getattr(config.server, key) != getattr(server, key))

    def close(self) -> None:
        """Hang up on all nodes, and look after nothing any more."""
        self.audit.stop()
        self.pulse.stop()
        self.fleet.close()

    def arrived(self, guest: Guest) -> None:
        """A request comes in. From now until `left` a drain waits for it."""
        self._inside.add(guest)
        self._nobody_left.clear()

    def left(self, guest: Guest) -> None:
        """One that had arrived is over."""
        self._inside.discard(guest)
        if not self._inside:
            self._nobody_left.set()

    def enter(
        self,
        request_id: str,
        call: Call,
        identity: Identity,
        block: bytes,
        hold: Hold,
        audience: Audience,
    ) -> Visit:
        """A visit for this request, not begun yet.

        `block`: the header lines that go to the node, but that of its id. `hold`: the room its body takes, given back
        with the first byte.
        """
        outgoing = Outgoing(str(next(self._tickets)), call, b"%bx-request-id: %b\r\n" % (block, request_id.encode()))
        return Visit(self, request_id, call, identity, outgoing, hold, audience)

    def admit(self, visit: Visit) -> None:
        """A visit begins: it is refused, waits, or is served at once."""
        begin = self.clock.now()
        self.arrivals += 1
        self._visits[visit.ticket.id] = visit
        refusal = self._refusal(visit.ticket.model)
        if refusal is not None:
            visit.refuse(refusal)
            return
        if not self.fleet.knows(visit.ticket.model):
            self._hoping.add(visit)
        visit.set_deadline()
        if visit.ticket.deadline <= begin:  # it came with a crowd: it is not even looked for its place
            visit.refuse(visit.too_late())
            return
        self.turns.submit(visit.ticket, visit)
        self.admissions.took(begin)

    def departed(self, visit: Visit) -> None:
        """A visit is over."""
        self._visits.pop(visit.ticket.id, None)
        self._hoping.discard(visit)
        self._tell(visit.record())

    def no_room(self, request_id: str, path: str, identity: Identity) -> None:
        """A request found no room for its body. The queue counts as full for it, so it is rejected like any other."""
        self.arrivals += 1
        self._tell(
            Record(
                id=request_id,
                at=self.clock.wall(),
                key_name=identity.name,
                path=path,
                model=ANY_MODEL,  # nobody has read which
                outcome=Outcome.REJECTED,
                status=429,
                waited=0.0,
                reached_node=False,
                reason=QueueFull.message,
            )
        )

    def overview(self, *, addresses: bool = False) -> Overview:
        """The queue and the nodes at this moment. `addresses`: a node without a name of its own is called by that."""
        queue = self.turns.snapshot()
        return Overview(
            waiting=queue.waiting,
            processing=queue.running,
            max_size=self.config.queue.max_size,
            draining=self.draining,
            config_refused=self.config_refused,
            no_room=self.bodies.full,
            nodes=tuple(self._view(m, m.node.name if addresses else m.public_name) for m in self.fleet),
            hour=self.hour.totals(),
        )

    def desk(self, find: str = "") -> Desk:
        """Everything the operator may see, at this moment: some milliseconds with ten thousand waiting.

        Of the requests those for whose id, key's name or model `find` is a part, wherever in line they are.
        """
        # Here: a gateway whose operator never looks does not have to load any of it.
        from llmlb.gateway.desk import MOST_REQUESTS, Desk
        from llmlb.gateway.desk_keys import key_views
        from llmlb.gateway.desk_nodes import node_cards
        from llmlb.gateway.desk_requests import meaning, running_views, waiting_views

        now, config, visits, members = self.clock.now(), self.config, self._visits, tuple(self.fleet)
        keys, keys_more = key_views(config.api_keys, self._key_numbers(), self.by_key)
        addresses = {node.base for node in config.nodes}
        nodes, nodes_more = node_cards(members, visits, addresses, self.by_node, self.node_history, now)
        meant = meaning(find)
        found = [visit for visit in visits.values() if meant(visit)]
        running, running_more = running_views(found, now)
        most = MOST_REQUESTS
        if find:  # all of them, which takes 40 to 160 ms with ten thousand waiting
            most = self.turns.waiting if any(visit.stage is Stage.WAITING for visit in found) else 0
        lineup = self.turns.lineup(most)
        waiting, waiting_more = waiting_views(lineup, visits, members, now, meant)
        return Desk(
            at=self.clock.wall(),
            overview=self.overview(addresses=True),
            unit=config.fairness.cost,
            fair=config.queue.enable_fairness,
            keys=keys,
            keys_more=keys_more,
            nodes=nodes,
            nodes_more=nodes_more,
            running=running,
            running_more=running_more,
            waiting=waiting,
            waiting_more=waiting_more if find else self.turns.waiting - len(waiting),
        )

    def in_service(self) -> list[tuple[str, float]]:
        """For each request that a node has at this moment, the name of its key and when the node took it: earlier by
        the time that other nodes had it."""
        visits = self._visits.values()
        return [
            (visit.key_name, since - visit.earlier) for visit in visits if (since := visit.served_since) is not None
        ]

    @property
    def ready(self) -> bool:
        """Whether a request would have a node to go to."""
        return self.background.healthy and not self.draining and any(m.node.usable for m in self.fleet)

    async def drain(self) -> None:
        """Take no new requests, and go on with those there are for at most `drain_secs`; the rest are told so."""
        self.draining = True
        try:
            async with asyncio.timeout(self.config.server.drain_secs):
                await self._nobody_left.wait()
        except TimeoutError:
            for visit in list(self._visits.values()):
                visit.refuse(Draining())
            self._put_out()
            try:
                async with asyncio.timeout(EVICTED_SECS):
                    await self._nobody_left.wait()
            except TimeoutError:  # clients that do not even read their error: all that is left is to close the sockets
                self._put_out()  # and to tell those who came meanwhile

    def _put_out(self) -> None:
        for guest in list(self._inside):
            guest.put_out(Draining())

    def _tell(self, record: Record) -> None:
        self.outcomes[record.outcome] += 1
        for sink in self._sinks:
            sink(record)

    def _add_by_name(self, record: Record) -> None:
        self.by_key.add(record.key_name, record, record.earlier)
        if record.service is not None:
            self.node_time.add(record.key_name, record.service + record.earlier)
        if record.node is not None:
            self.by_node.add(record.node, record)

    def _key_numbers(self) -> KeyNumbers:
        from llmlb.gateway.desk_keys import KeyNumbers

        in_service = self.in_service()
        return KeyNumbers(
            inside={visit.key_name: None for visit in self._visits.values()},
            waiting=Counter(visit.key_name for visit in self._visits.values() if visit.stage is Stage.WAITING),
            in_service=Counter(name for name, _ in in_service),
            shares={name: share for name, share in self.node_time.shares(in_service).items() if share},
            debts={name_of(flow): debt for flow, debt in self.turns.debts().items()},
            fair=self.config.queue.enable_fairness,
        )

    def _look(self) -> Look:
        members = tuple(self.fleet)
        return Look(
            waiting=self.turns.waiting,
            in_service=sum(member.busy for member in members),
            nodes=((member.node.id, member.state) for member in members),
        )

    def _state(self) -> State:
        snapshot = self.turns.snapshot()
        return State(
            on_nodes={m.node.id: m.dispatcher.exchange.request.id for m in self.fleet if m.dispatcher.exchange},
            in_service=snapshot.running_by_node,
            waiting=snapshot.waiting,
            visits_waiting=sum(visit.stage is Stage.WAITING for visit in self._visits.values()),
            arrivals=self.arrivals,
            outcomes=self.outcomes.total(),
            visits=len(self._visits),
            inside=len(self._inside),
            held=self.bodies.held,
        )

    def _refusal(self, model: str) -> Refusal | None:
        if self.draining:
            return Draining()
        if len(model) > MOST_CHARACTERS:  # no node's list is read further, so there is nothing to hope for
            return UnknownModel(model)
        if self.fleet.hopeful(model):
            return None
        if self.fleet.knows(model) or self.fleet.all_silent:
            return self._no_node_online(model)
        return UnknownModel(model)

    def _no_node_online(self, model: str) -> Refusal:
        return NoNodeOnline(model or "*", min(MOST_RETRY_SECS, max(1, ceil(self.fleet.back_in(model)))))

    def _nodes_changed(self) -> None:
        """Some wait for a node that has just told what it has: tell those it turned out to have nothing for."""
        known = {model: self.fleet.knows(model) for model in {visit.ticket.model for visit in self._hoping}}
        for visit in list(self._hoping):
            model = visit.ticket.model
            if known[model]:
                self._hoping.discard(visit)
            elif visit.hopeless:
                visit.refuse(self._no_node_online(model) if self.fleet.all_silent else UnknownModel(model))

    def _view(self, member: Member, name: str) -> NodeView:
        return NodeView(
            name=name,
            state=member.state,
            reason=member.reason,
            since=max(0.0, self.clock.now() - member.since),
            in_service=int(member.busy),
        )
