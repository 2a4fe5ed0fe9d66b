"""Who is next: flows, pools and tags, and the moves between them.

A *flow* is the requests of one key. A *pool* is the nodes with the same set of models; each pool keeps its own
tags, so that keys which never compete never owe each other anything. What a request costs, and when its key is charged,
is the business of `charges`; which of the waiting keys is next, that of `contest`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from math import inf
from operator import attrgetter
from typing import NamedTuple

from llmlb.scheduler import debts
from llmlb.scheduler.charges import Charges
from llmlb.scheduler.contest import Contest, Standing
from llmlb.scheduler.flows import Flow, Pool, Running, by_number
from llmlb.scheduler.prices import Prices
from llmlb.scheduler.ticket import Actual, Ticket

WELCOME = 0.49
"""Quanta by which a returning key starts below the others: before those level with it, never ahead of a debt."""
MEMORY = 32
"""Turns after which a key's last turn no longer counts against it."""
FORGIVE_EVERY_SECS = 1.0


class Chosen(NamedTuple):
    """A request that has a node, and has not been counted or charged yet."""

    ticket: Ticket
    flow: Flow
    pool: Pool
    standing: Standing
    node: str


class Order:
    """The waiting requests and the rule by which they leave. All methods are synchronous; time is an argument."""

    def __init__(self, weights: Mapping[str, float], prices: Prices, *, fair: bool = True) -> None:
        self.fair = fair
        """False makes all requests one flow: strict order of arrival among what a node can serve."""
        self.weights = weights
        """What a key gets for one of a key of weight 1. Keys that are not in it weigh 1."""
        self.prices = prices
        self.charges = Charges(prices)
        self.flows: dict[str, Flow] = {}
        self.pools: dict[frozenset[str], Pool] = {}
        self.pool_of: dict[str, Pool] = {}
        self.waiting = 0
        self.running = 0
        self.turn = MEMORY
        self.sent_back: set[str] = set()
        """Keys with a waiting request that a node has failed: not all their requests can go to every node."""
        self.now = self._forgiven_at = -inf
        """The time last told."""
        self._tidy_above = 64
        self.revision = 0
        """Moves with every change: what was computed at one revision holds until the next."""

    # Nodes

    def place_node(self, node: str, models: frozenset[str]) -> None:
        """The node serves exactly these models from now on."""
        old = self.pool_of.get(node)
        if old is not None and old.models == models:
            return
        pool = self.pools.get(models)
        if pool is None:
            pool = self.pools[models] = Pool(models)
            self._open(pool)
        pool.nodes[node] = None
        self.pool_of[node] = pool
        if old is not None:
            self._leave(old, node)
        self.revision += 1

    def remove_node(self, node: str) -> None:
        """The node is gone. What it has in service is finished all the same."""
        if (pool := self.pool_of.pop(node, None)) is not None:
            self._leave(pool, node)
            self.revision += 1

    def _open(self, pool: Pool) -> None:
        """Whoever waits for a new pool's models enters it with what it owes elsewhere."""
        floors = {other: other.floor() for other in self.pools.values() if other is not pool}
        for flow in self.flows.values():
            if (head := flow.head(pool)) is not None:
                owed = debts.least_owed(flow, floors, self.prices)
                standing = flow.standings[pool] = Standing(flow.key, flow.weight, owed)
                standing.room = self.charges.room(flow)
                standing.last, standing.head, standing.since = flow.last, head.number, self.now
                pool.contest.put(standing, self.prices.quantum)
        pool.clock = pool.pace = pool.floor()

    def _leave(self, pool: Pool, node: str) -> None:
        pool.nodes.pop(node, None)
        if not pool.nodes:
            del self.pools[pool.models]
            for flow in self.flows.values():
                flow.standings.pop(pool, None)

    # Rules

    def reweigh(self, weights: Mapping[str, float]) -> None:
        """Other weights from now on. What a flow owes stays the same in units of cost."""
        self.weights = weights
        floors = {pool: pool.floor() for pool in self.pools.values()}  # and so they stay: nobody falls below
        for flow in self.flows.values():
            weight = weights.get(flow.key, 1.0)
            if weight == flow.weight:
                continue
            ratio, before, flow.weight = flow.weight / weight, flow.weight, weight
            for pool, standing in flow.standings.items():
                floor = floors[pool]
                standing.weight = weight
                standing.tag = floor + (standing.tag - floor) * ratio
                standing.room *= ratio
                if flow.key in pool.contest.entrants:
                    pool.contest.weight += weight - before
            for running in flow.running:
                running.spilled = {pool: part * ratio for pool, part in running.spilled.items()}
            self.charges.restand(flow)
        self.revision += 1

    def anew(self, weights: Mapping[str, float], prices: Prices, *, fair: bool, now: float) -> Order:
        """The same requests and nodes under other rules, all keys level. This order is not to be used any more."""
        other = Order(weights, prices, fair=fair)
        other.revision = self.revision + 1
        for node, pool in self.pool_of.items():
            other.place_node(node, pool.models)
        in_service = [running for flow in self.flows.values() for running in flow.running]
        for running in sorted(in_service, key=attrgetter("started")):
            other.adopt(running, now)
        waiting = [ticket for flow in self.flows.values() for queue in flow.queues.values() for ticket in queue]
        for ticket in sorted(waiting, key=by_number):
            other.add(ticket, now)
        return other

    def adopt(self, running: Running, now: float) -> None:
        """A request that came into service under other rules: nothing of it has been charged."""
        flow = self._arrive(running.ticket, now)
        running.flow, running.pool = flow, self.pool_of.get(running.node) or Pool(frozenset())
        running.guess, running.rate = self.prices.guess(running.ticket), self.prices.rate(running.ticket)
        running.contended, running.before, running.charged = False, 0.0, 0.0
        running.spilled = {}
        running.last_before = flow.last
        self.turn += 1
        self.running += 1
        running.turn = flow.last = self.turn
        flow.running.append(running)
        running.pool.uncharged.setdefault(flow.key, []).append(running)
        if running.node in self.pool_of:  # so that there is something to charge, and to give back
            self._enter(flow, running.pool)

    # Requests

    def add(self, ticket: Ticket, now: float) -> None:
        """Queue a request behind its key's others of the same model, by its number."""
        flow = self._arrive(ticket, now)
        insort(flow.queues.setdefault(ticket.model, []), ticket, key=by_number)
        flow.waiting += 1
        self.waiting += 1
        if ticket.tried:
            self.sent_back.add(flow.key)
        wanted = [pool for pool in self.pools.values() if ticket.model in pool.models]
        for pool in wanted:
            self._stand(flow, pool)
        # Only now: who comes enters at the level the others had before they began to pay for keeping it waiting.
        for pool in wanted:
            for key in [key for key in pool.uncharged if key != flow.key]:
                for running in pool.uncharged.pop(key):
                    self.charges.contend(running, now)

    def serve(self, ticket: Ticket, node: str, now: float) -> Running:
        """Put a request that meets an idle node in service there. It counts as its key's turn."""
        flow = self._arrive(ticket, now)
        pool = self.pool_of[node]
        standing = pool.contest.entrants.get(flow.key) or self._enter(flow, pool)
        return self._dispatch(ticket, flow, pool, standing, node, now)

    def withdraw(self, ticket: Ticket) -> None:
        """Take a waiting request out. Tags stay: leaving wins nothing. Raises KeyError if it is not waiting."""
        flow = self.flows[self._flow_of(ticket)]
        queue = flow.queues[ticket.model]
        at = bisect_left(queue, ticket.number, key=by_number)
        if at == len(queue) or queue[at] is not ticket:
            raise KeyError(ticket.id)
        self.revision += 1
        del queue[at]
        self._left(flow, ticket)
        self.charges.restand(flow)
        self._tidy()

    def take(self, node: str, now: float) -> Running | None:
        """The request this node serves next; it is in service from now on. None if none fits."""
        chosen = self.choose(node, now)
        return self.begin(chosen, now) if chosen is not None else None

    def choose(self, node: str, now: float) -> Chosen | None:
        """The request this node serves next, out of its queue. It has to `begin` before anything else happens here."""
        pool = self.pool_of.get(node)
        if pool is None or not pool.contest.entrants:
            return None
        self._bring_up_to_date(now)
        stuck = (
            [key for key in self.sent_back if self.flows[key].head_for(node, pool) is None] if self.sent_back else ()
        )
        key = pool.contest.choose(self.prices.quantum, without=stuck)
        if key is None:
            return None
        flow = self.flows[key]
        ticket = flow.head_for(node, pool) if key in self.sent_back else flow.head(pool)
        assert ticket is not None
        queue = flow.queues[ticket.model]
        del queue[0 if queue[0] is ticket else bisect_left(queue, ticket.number, key=by_number)]
        standing = flow.standings[pool]
        standing.served = True
        self._left(flow, ticket)
        return Chosen(ticket, flow, pool, standing, node)

    def begin(self, chosen: Chosen, now: float) -> Running:
        """It is in service from now on."""
        return self._dispatch(*chosen, now)

    def finish(self, running: Running, actual: Actual) -> None:
        """The request's service is over, and this is what it was."""
        self._ended(running)
        self.charges.settle(running, actual)
        self._tidy()

    def undo(self, running: Running) -> None:
        """The node let the request down: its key gets the charge and its turn back. `add` it again after."""
        self._ended(running)
        flow = running.flow
        if flow.last == running.turn:
            flow.last = running.last_before
        for later in flow.running:
            if later.last_before == running.turn:
                later.last_before = running.last_before
        self.charges.refund(running)
        self.charges.restand(flow)

    def copy(self) -> Order:
        """The same standing, sharing nothing that changes: what a dry run is done on."""
        twin = Order(self.weights, self.prices, fair=self.fair)
        twin.waiting, twin.running, twin.turn = self.waiting, self.running, self.turn
        twin.sent_back = self.sent_back.copy()
        twin.now, twin._forgiven_at = self.now, inf
        pools = {pool: Pool(pool.models) for pool in self.pools.values()}
        for flow in self.flows.values():
            if flow.waiting:
                other = twin.flows[flow.key] = Flow(flow.key, flow.weight)
                other.queues = {model: queue.copy() for model, queue in flow.queues.items()}
                other.waiting, other.last = flow.waiting, flow.last
                other.standings = {pools[pool]: s.copy() for pool, s in flow.standings.items() if pool in pools}
        for pool, same in pools.items():
            entrants = {key: twin.flows[key].standings[same] for key in pool.contest.entrants}
            same.nodes, same.clock, same.pace = pool.nodes, pool.clock, pool.pace
            same.contest = pool.contest.copy(entrants)
            twin.pools[pool.models] = same
        twin.pool_of = {node: pools[pool] for node, pool in self.pool_of.items()}
        return twin

    # Standing

    def newest(self, key: str) -> Ticket | None:
        """The waiting request of this key that arrived last."""
        flow = self.flows.get(key if self.fair else "")
        if flow is None:
            return None
        newest = (next((t for t in reversed(queue) if t.key == key), None) for queue in flow.queues.values())
        return max((ticket for ticket in newest if ticket is not None), key=by_number, default=None)

    # Steps

    def _flow_of(self, ticket: Ticket) -> str:
        return ticket.key if self.fair else ""

    def _arrive(self, ticket: Ticket, now: float) -> Flow:
        self.revision += 1
        if not self.waiting and not self.running:
            self._forget_all()
        self._bring_up_to_date(now)
        key = self._flow_of(ticket)
        flow = self.flows.get(key)
        if flow is None:
            flow = self.flows[key] = Flow(key, self.weights.get(key, 1.0))
        if not flow.waiting or not any(flow.key in pool.contest.entrants for pool in flow.standings):
            flow.last = max(flow.last, self.turn - MEMORY)
        return flow

    def _dispatch(self, ticket: Ticket, flow: Flow, pool: Pool, standing: Standing, node: str, now: float) -> Running:
        """It is the flow's turn: charge it if another key waits for the pool, else nothing yet."""
        prices = self.prices
        running = Running(ticket, flow, pool, node, now, prices.guess(ticket), prices.rate(ticket))
        self.revision += 1
        self.turn += 1
        self.running += 1
        running.turn = flow.last = self.turn
        flow.running.append(running)
        pool.clock = standing.level
        standing.since = now
        standing.room = self.charges.room(flow)
        entrants = pool.contest.entrants
        if len(entrants) > (flow.key in entrants):
            self.charges.contend(running, now)
        else:
            pool.uncharged.setdefault(flow.key, []).append(running)
            if flow.waiting:
                self.charges.restand(flow)
        return running

    def _stand(self, flow: Flow, pool: Pool) -> None:
        """A request for this pool has joined the flow: enter its contest, or take note of a new head."""
        head = flow.head(pool)
        assert head is not None
        entrant = pool.contest.entrants.get(flow.key)
        begins = False
        if entrant is None:
            entrant = self._enter(flow, pool)
            # Not for one that comes back ahead of the round: hanging up and asking again would bring it in.
            begins = entrant.tag < pool.contest.limit
        elif entrant.head == head.number:
            return
        entrant.last, entrant.head = flow.last, head.number
        pool.contest.put(entrant, self.prices.quantum)
        if begins:
            pool.contest.widen(self.prices.quantum)

    def _enter(self, flow: Flow, pool: Pool) -> Standing:
        """The standing with which a flow begins to compete: debt stays, within the horizon; credit does not."""
        low = pool.level()
        lifted = low - WELCOME * self.prices.quantum / flow.weight
        standing = flow.standings.get(pool)
        if standing is None:
            standing = flow.standings[pool] = Standing(flow.key, flow.weight, lifted)
            standing.room = self.charges.room(flow)
        standing.tag = min(max(standing.tag, lifted), low + debts.most(self.prices))
        standing.entered_at = low
        standing.served = False
        standing.since = self.now
        return standing

    def _left(self, flow: Flow, ticket: Ticket) -> None:
        """A request is out of its queue. The flow has to be restood, where it waits still."""
        flow.waiting -= 1
        self.waiting -= 1
        if not flow.queues[ticket.model]:
            del flow.queues[ticket.model]
        if not flow.waiting:
            self.sent_back.discard(flow.key)
        for pool, standing in flow.standings.items():
            if standing.head == ticket.number and flow.key in pool.contest.entrants:
                if (head := flow.head(pool)) is None:
                    pool.contest.remove(flow.key)
                else:
                    standing.head = head.number

    def _ended(self, running: Running) -> None:
        self.revision += 1
        self.running -= 1
        running.flow.running.remove(running)
        mine = running.pool.uncharged.get(running.flow.key)
        if mine and running in mine:
            mine.remove(running)
            if not mine:
                del running.pool.uncharged[running.flow.key]

    # Keeping up, and forgetting

    def _bring_up_to_date(self, now: float) -> None:
        self.now = now
        self.charges.catch_up(now)
        if now >= self._forgiven_at + FORGIVE_EVERY_SECS:
            self._forgiven_at = now
            for pool in self.pools.values():
                debts.forgive(pool, now, self.prices)

    def _forget_all(self) -> None:
        self.flows.clear()
        self._tidy_above = 64
        self.turn = MEMORY
        for pool in self.pools.values():
            pool.clock = pool.pace = 0.0
            if pool.contest.used:
                pool.contest = Contest()

    def _tidy(self) -> None:
        """Forget keys that owe nothing, once they are many: ever-new keys must not leak memory."""
        if len(self.flows) > self._tidy_above:
            self.flows = debts.worth_remembering(self.flows, self.pools.values(), self.turn - MEMORY)
            self._tidy_above = 64 + 2 * len(self.flows)
