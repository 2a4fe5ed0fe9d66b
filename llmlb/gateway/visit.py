"""One request, from entry to outcome."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Protocol

from llmlb.clock import Clock, Timer
from llmlb.config.model import Config
from llmlb.errors import Draining, NodeFailed, NodesUnreachable, NodeTimeout, QueueFull, QueueTimeout, Refusal
from llmlb.gateway.bodies import Hold
from llmlb.gateway.identity import Identity
from llmlb.gateway.outgoing import Outgoing
from llmlb.gateway.stage import MOVES, Stage
from llmlb.nodes.end import FAULTS, End, EndKind
from llmlb.nodes.exchange import Exchange
from llmlb.nodes.fleet import Fleet
from llmlb.scheduler.ticket import Actual, Place, Ticket
from llmlb.telemetry.record import Outcome, Record
from llmlb.turns.port import Turns
from llmlb.wire.call import Call
from llmlb.wire.http1 import ReplyHead
from llmlb.wire.usage import TokenMeter

CLIENT_LEFT = 499
"""What the log says where no answer could be given: nginx's word for it."""
_ROUNDING = 1e-6
_OUTCOMES: dict[type[Refusal], Outcome] = {QueueFull: Outcome.REJECTED, QueueTimeout: Outcome.TIMED_OUT}
"""What a refusal makes of a visit; any other makes it fail."""


class ReplyBroken(Exception):
    """The node failed, or the gateway stops, after the reply had begun to reach the client."""


class Host(Protocol):
    """The gateway, as its visits see it."""

    @property
    def config(self) -> Config:
        """What the operator has set."""

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def turns(self) -> Turns:
        """The queue."""

    @property
    def fleet(self) -> Fleet:
        """The nodes."""

    def admit(self, visit: Visit) -> None:
        """The visit begins: it is refused, waits, or is served at once."""

    def departed(self, visit: Visit) -> None:
        """The visit is over."""


class Audience(Protocol):
    """Who passes the visit's reply on to the client."""

    def stirred(self) -> None:
        """There is something new to ask `reply` or `read` for. May be taken up at once."""

    def turned_away(self) -> None:
        """`reply` or `read` would raise now. Not to be taken up before this returns: the queue is amid its own work."""


class Visit:
    """A request inside the gateway: a waiter of the queue and the listener of its exchange.

    `begin` asks for a turn, and `close` makes sure that whatever was taken is given back and that exactly one `Record`
    is written. A grant changes the state and writes the request to the node in the same call; the audience hears of
    bytes and errors only. Nothing here waits.
    """

    earlier = 0.0
    """Seconds on nodes that had it before `node`. Of the class until there are some: an attribute more would cost each
    that waits 1.6 kB, as Python keeps up to thirty in less room."""

    def __init__(
        self,
        gateway: Host,
        request_id: str,
        call: Call,
        identity: Identity,
        outgoing: Outgoing,
        hold: Hold,
        audience: Audience,
    ) -> None:
        config = gateway.config
        now = gateway.clock.now()
        self.id = request_id
        self.stage = Stage.NEW
        self.ticket = Ticket(outgoing.id, identity.flow, call.model, now, size=len(call.body))
        self.place: Place | None = None
        """Where it stood when it began to wait; None if it never had to."""
        self._gateway = gateway
        self._clock = gateway.clock
        self.endpoint = call.endpoint
        self.key_name = identity.name
        self._outgoing = outgoing
        self._hold = hold
        self._first_byte_secs = (
            config.upstream.first_byte_timeout_secs if call.stream else config.upstream.reply_timeout_secs
        )
        self._max_attempts = config.upstream.max_attempts
        self._timeout_secs = config.queue.timeout_secs
        self._timer: Timer | None = None
        self.since = now
        """When the present wait or service began."""
        self._waited = 0.0
        self._exchange: Exchange | None = None
        self.node: str | None = None
        """The name of the node that has it, or had it last."""
        self._node_id = ""
        self._service: float | None = None
        self._tokens: int | None = None
        self.attempts = 0
        self._accepted = False
        self._refusal: Exception | None = None  # what there is instead of a reply, or of the rest of it
        self._outcome: Outcome | None = None
        self._status = CLIENT_LEFT
        self._reason = ""
        self._audience = audience
        self.stirred: Callable[[], None] = audience.stirred
        """There is more of the reply (`llmlb.nodes.exchange.Listener`): a matter between line and audience."""

    # For the web

    @property
    def position(self) -> int | None:
        """`X-Queue-Position`; None if it did not wait."""
        return self.place.position if self.place else None

    @property
    def estimate(self) -> int | None:
        """`X-Estimated-Wait`, whole seconds; None if it did not wait, or nobody could tell."""
        if self.place is None or self.place.wait is None:
            return None
        return ceil(self.place.wait - _ROUNDING)

    def begin(self, waited: float = 0.0) -> None:
        """Ask for a turn. The audience is told of what comes of it, but what is known already it has to ask for.

        `waited`: seconds that passed before it could ask. They count.
        """
        self._waited = waited
        self._gateway.admit(self)

    def close(self, *, bug: bool = False) -> None:
        """Give back what is still held, and write the record. Once, at the very end; `bug`: because we have failed."""
        if self._outcome is None:
            self._settle(Outcome.FAILED if bug else Outcome.CANCELLED, 500 if bug else CLIENT_LEFT)
        self._leave("the client left")
        self._gateway.departed(self)
        # Both lead back here. Without them all of it goes as soon as it is over, and leaves nothing to be collected.
        self._exchange = self._refusal = None

    def reply(self) -> ReplyHead | None:
        """The reply's head, once it has begun. Raises the Refusal to be told instead, or why it could not be sent."""
        if self._refusal is not None:
            raise self._refusal
        exchange = self._exchange
        return exchange.head if exchange is not None and exchange.begun else None

    def commit(self) -> None:
        """From here on bytes reach the client: no other node will do."""
        self._move(Stage.RELAYING)
        assert self._exchange is not None
        assert self._exchange.head is not None
        self._status = self._exchange.head.status
        self._outgoing.let_go()
        self._hold.release()

    @property
    def length(self) -> int | None:
        """Bytes of the reply's body, once it has begun and if its head says so."""
        return self._exchange.length if self._exchange is not None else None

    def read(self) -> bytes:
        """All reply bytes since the last call; empty when there are none for now, or, if `whole`, none any more.

        Raises ReplyBroken, after the last byte, when the end is not a proper one.
        """
        exchange = self._exchange
        assert exchange is not None
        if data := exchange.take():
            return data
        if self.whole:
            return b""
        if self._refusal is not None:
            raise ReplyBroken("the gateway is stopping")
        if exchange.end is not None:
            self._settle(Outcome.FAILED, self._status, exchange.end.reason)
            raise ReplyBroken(exchange.end.reason)
        return b""

    @property
    def coming(self) -> bool:
        """Whether there is nothing to be said about the reply's end yet: `read` has given all there was."""
        exchange = self._exchange
        return exchange is not None and exchange.end is None and self._refusal is None

    @property
    def whole(self) -> bool:
        """Whether the node has given its whole reply."""
        end = self._exchange.end if self._exchange is not None else None
        return end is not None and end.kind is EndKind.COMPLETE

    def delivered(self) -> None:
        """All of the reply has been handed to the client."""
        self._settle(Outcome.SERVED, self._status)

    def stalled(self) -> None:
        """The client takes nothing of its reply."""
        self._settle(Outcome.CANCELLED, CLIENT_LEFT, "the client read nothing for too long")

    # For the gateway

    def refuse(self, error: Refusal) -> None:
        """End the visit with this answer, wherever it is. A reply that has begun is cut short instead.

        One that the node has finished is left alone: it only has to reach its client.
        """
        if self.stage is Stage.OVER or (self.stage is Stage.RELAYING and self.whole):
            return
        self._leave(error.key)
        self._turn_away(error)

    def answered(self, status: int) -> None:
        """The status a refusal became."""
        self._status = status

    def record(self) -> Record:
        """What is known at the end."""
        assert self._outcome is not None
        return Record(
            id=self.id,
            at=self._clock.wall(),
            key_name=self.key_name,
            path=self.endpoint.path,
            model=self.ticket.model,
            outcome=self._outcome,
            status=self._status,
            waited=self._waited,
            reached_node=self.attempts > 0,
            node=self.node,
            position=self.position,
            estimate=self.estimate,
            service=self._service,
            earlier=self.earlier,
            size=self.ticket.size,
            tokens=self._tokens,
            attempts=self.attempts,
            reason=self._reason,
        )

    @property
    def waited(self) -> float:
        """Seconds in the queue so far, all its waits together."""
        return self._waited + (self._clock.now() - self.since if self.stage is Stage.WAITING else 0.0)

    @property
    def served_since(self) -> float | None:
        """When the node that has it took it; None while none has it."""
        return self.since if self._exchange is not None and self._service is None else None

    @property
    def hopeless(self) -> bool:
        """Whether it waits for a model that, as is known by now, no node has."""
        return self.stage is Stage.WAITING and not self._gateway.fleet.hopeful(self.ticket.model, self.ticket.tried)

    # For the queue (llmlb.turns.port.Waiter)

    def placed(self, place: Place) -> None:
        """It has to wait."""
        self._move(Stage.WAITING)
        self.since = self._clock.now()
        if self.place is None:
            self.place = place
        self._timer = self._clock.call_at(self.ticket.deadline, self.expired)

    def granted(self, node: str) -> None:
        """A node is its own: the request is on its way before this returns, if the line is open."""
        if self.stage is Stage.WAITING:
            self._end_wait()
        self._move(Stage.SERVING)
        self.since = self._clock.now()
        if self._service is not None:
            self.earlier += self._service
        self._service = self._tokens = None
        self.attempts += 1
        meter = TokenMeter(self.endpoint, self.ticket.size)
        self._exchange = Exchange(self._outgoing, self, self._first_byte_secs, meter)
        self._node_id = node
        self.node = self._gateway.fleet.serve(node, self._exchange)

    def refused(self, error: Refusal) -> None:
        """There is no place for it, or none any more: the queue has forgotten it already."""
        if self.stage is Stage.WAITING:
            self._end_wait()
        if self.stage is not Stage.OVER:
            self._move(Stage.OVER)
            self._turn_away(error)

    def expired(self) -> None:
        """It has waited as long as it may."""
        if self.stage is Stage.WAITING:
            self.refuse(self.too_late())

    def too_late(self) -> QueueTimeout:
        """What it is told then."""
        return QueueTimeout(self._timeout_secs, self._gateway.turns.retry_after())

    # For the exchange (llmlb.nodes.exchange.Listener)

    def ended(self, exchange: Exchange, end: End) -> None:
        """The node has done its part: settle with the queue, and try again elsewhere where that is right."""
        now = self._clock.now()
        self._service = now - self.since
        self._tokens = exchange.tokens
        whole = end.kind is EndKind.COMPLETE
        actual = Actual(self._service, complete=whole, tokens=self._tokens)
        again = not whole and self.stage is Stage.SERVING and self._may_try_again(end)
        if again:
            self._exchange = None
            self.set_deadline()
        elif not whole and self.stage is Stage.SERVING:
            self._reason = end.reason
            self._exchange = None
            self.refuse(self._answer_to(end))
        self._gateway.turns.finished(self.ticket, actual, again=again)

    def crashed(self, bug: Exception) -> None:
        """It cannot be sent: that is for whoever answers its client to say, and to give back the node."""
        self._refusal = bug
        self._audience.turned_away()

    def set_deadline(self) -> None:
        """Only time in the queue counts: what was spent in service is not held against the request."""
        self.ticket.deadline = self._clock.now() + max(0.0, self._timeout_secs - self._waited)

    # Steps

    def _may_try_again(self, end: End) -> bool:
        if end.kind is EndKind.BUSY:
            return True
        if end.kind not in FAULTS:
            return False
        self._accepted = self._accepted or end.kind is not EndKind.UNREACHABLE
        tried = self.ticket.tried
        tried.add(self._node_id)
        if len(tried) > 1:
            self._gateway.fleet.forgive(tried, self.ticket.id)
        return len(tried) < self._max_attempts and self._gateway.fleet.hopeful(self.ticket.model, tried)

    def _answer_to(self, end: End) -> Refusal:
        if end.kind is EndKind.SILENT:
            return NodeTimeout()
        if end.kind is EndKind.ABORTED:
            return Draining()
        return NodeFailed() if self._accepted else NodesUnreachable()

    def _turn_away(self, error: Refusal) -> None:
        """Have the client told so."""
        self._refusal = error
        self._settle(_OUTCOMES.get(type(error), Outcome.FAILED), self._status, self._reason or error.key)
        self._audience.turned_away()

    def _settle(self, outcome: Outcome, status: int, reason: str = "") -> None:
        """The first outcome is the outcome."""
        if self._outcome is None:
            self._outcome, self._status, self._reason = outcome, status, reason or self._reason

    def _leave(self, why: str) -> None:
        """Give back the place in the queue or the node. The end of an exchange in progress follows by itself."""
        stage, self.stage = self.stage, Stage.OVER
        if stage is Stage.WAITING:
            self._gateway.turns.withdraw(self.ticket)
            self._end_wait()
        elif self._exchange is not None:
            if self._service is None:
                self._service = self._clock.now() - self.since
                self._tokens = self._exchange.tokens
            self._exchange.abort(why)

    def _end_wait(self) -> None:
        self._waited += self._clock.now() - self.since
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _move(self, stage: Stage) -> None:
        assert stage in MOVES[self.stage], f"{self.stage} cannot become {stage}"
        self.stage = stage
