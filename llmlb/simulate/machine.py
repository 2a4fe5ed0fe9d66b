"""A simulated node: the gateway's own view of a node, with a service that only takes time."""

from __future__ import annotations

from llmlb.clock import Clock, Timer
from llmlb.config.model import NodeConfig
from llmlb.nodes.node import Health, Node
from llmlb.scheduler.placement import Candidate
from llmlb.simulate.job import NodeSpec
from llmlb.simulate.request import Request
from llmlb.turns.port import Turns


class Machine:
    """Pulls requests one at a time, as `llmlb.nodes.dispatcher.Dispatcher` does, and judges its `Node` the same way."""

    def __init__(self, spec: NodeSpec, turns: Turns, clock: Clock) -> None:
        self.id = spec.name
        self.speed = spec.speed
        self.node = Node(NodeConfig(url="http://localhost", name=spec.name), clock, self._changed)
        self.has: Request | None = None
        self.since = clock.now()
        """When it was last given a request."""
        self._turns = turns
        self._clock = clock
        self._end: Timer | None = None

    @property
    def serves(self) -> frozenset[str]:
        return self.node.serves

    @property
    def loaded(self) -> frozenset[str]:
        return self.node.ready

    def candidate(self, model: str) -> Candidate:
        return self.node.candidate(model)

    def start(self, models: tuple[str, ...]) -> None:
        """It answers, serves these models from now on, and takes requests."""
        self.node.found("openai", models)
        self.pull()

    def pull(self) -> None:
        """Ask for the next request, if it can take one."""
        if self.has is None and self.node.usable:
            self._turns.pull(self)

    def serve(self, request: Request, secs: float) -> None:
        """It has this request from now on, for `secs` at speed 1."""
        assert self.has is None, "a node gets one request at a time"
        self.has = request
        self.since = self._clock.now()
        self._end = self._clock.call_at(self.since + secs / self.speed, self._finished)

    def hang_up(self) -> None:
        """The client of the request it has is gone."""
        self._over(complete=False, broken=False)

    def fail(self) -> None:
        """It is not there any more; what it has fails."""
        if self.has is None:
            self.node.unreachable("down")
        else:
            self._over(complete=False, broken=True)

    def _finished(self) -> None:
        self._over(complete=True, broken=False)

    def _over(self, *, complete: bool, broken: bool) -> None:
        request, self.has = self.has, None
        assert request is not None
        assert self._end is not None
        self._end.cancel()
        now = self._clock.now()
        held = now - self.since
        self.node.idle_since = now
        if complete:
            self.node.served(held)
        elif broken:
            self.node.failed(request.ticket.id, "down", gone=True)
        request.ended(self.id, held, complete=complete, broken=broken)
        self.pull()

    def _changed(self, node: Node) -> None:
        self._turns.topology(self.id, node.serves, self._clock.now() if node.health is Health.ONLINE else None)
        if not node.usable:
            self._turns.unpull(self)
