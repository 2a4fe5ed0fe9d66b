"""Who is next: flows, pools and tags, and the moves between them.

A *flow* is the requests of one key. A *pool* is the nodes with the same set of models; each pool keeps its own
tags, so that keys which never compete never owe each other anything. Only contended service is charged: a request
costs its key a turn from the moment another key waits for the node that has it (or could have), so that a key
alone on the machine runs up no debt.

Every request costs one quantum here, whatever its length.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from operator import attrgetter

from llmlb.scheduler.contest import QUANTUM, Entrant
from llmlb.scheduler.flows import Flow, Pool, Running, by_number
from llmlb.scheduler.ticket import Ticket

PRICE = 1.0
WELCOME = 0.49 * QUANTUM
"""How far below the others a returning key starts: before those level with it, never ahead of a debt."""
MEMORY = 32
"""Turns after which a key's last turn no longer counts against it."""
MOST_DEBTORS = 1000
"""Keys remembered for nothing but what they owe; those served longest ago are forgiven first."""

_last = attrgetter("last")


class Order:
    """The waiting requests and the rule by which they leave. All methods are synchronous and take no time."""

    def __init__(self, weights: Mapping[str, float], *, fair: bool = True) -> None:
        self.fair = fair
        """False makes all requests one flow: strict order of arrival among what a node can serve."""
        self.weights = weights
        """Turns a key gets for one of a key of weight 1. Keys that are not in it weigh 1."""
        self.flows: dict[str, Flow] = {}
        self.pools: dict[frozenset[str], Pool] = {}
        self.pool_of: dict[str, Pool] = {}
        self.waiting = 0
        self.running = 0
        self.turn = MEMORY
        self._back: set[str] = set()
        """Keys with a waiting request that a node has failed: not all their requests can go to every node."""
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
            self._bring_debts(pool)
        pool.nodes.add(node)
        self.pool_of[node] = pool
        if old is not None:
            self._leave(old, node)
        self.revision += 1

    def remove_node(self, node: str) -> None:
        """The node is gone. What it has in service is finished all the same."""
        if (pool := self.pool_of.pop(node, None)) is not None:
            self._leave(pool, node)
            self.revision += 1

    def _bring_debts(self, pool: Pool) -> None:
        """Whoever waits brings into a new pool the least it owes in any old one: what it is ahead of the others."""
        floors = {old: old.floor() for old in self.pools.values() if old is not pool}
        for flow in self.flows.values():
            if (head := flow.head(pool)) is not None:
                owed = min((tag - floors[old] for old, tag in flow.tags.items()), default=0.0)
                tag = flow.tags[pool] = max(0.0, owed)
                pool.contest.put(Entrant(flow.key, tag, tag, flow.last, head.number))
        pool.clock = pool.floor()

    def _leave(self, pool: Pool, node: str) -> None:
        pool.nodes.discard(node)
        if not pool.nodes:
            del self.pools[pool.models]
            for flow in self.flows.values():
                flow.tags.pop(pool, None)

    # Requests

    def add(self, ticket: Ticket) -> None:
        """Queue a request behind its key's others of the same model, by its number."""
        flow = self._arrive(ticket)
        insort(flow.queues.setdefault(ticket.model, []), ticket, key=by_number)
        flow.waiting += 1
        self.waiting += 1
        if ticket.tried:
            self._back.add(flow.key)
        for pool in self.pools.values():
            if ticket.model in pool.models:
                for key in [key for key in pool.uncharged if key != flow.key]:
                    for running in pool.uncharged.pop(key):
                        running.charged = self._charge(running.flow, pool)
                        self._restand(running.flow)
                self._stand(flow, pool)

    def serve(self, ticket: Ticket, node: str, now: float) -> Running:
        """Put a request that meets an idle node in service there. It counts as its key's turn."""
        flow = self._arrive(ticket)
        pool = self.pool_of[node]
        if (entrant := pool.contest.entrants.get(flow.key)) is not None:
            level = entrant.level
        else:
            flow.tags[pool], low = self._entry(flow, pool)
            level = max(flow.tags[pool], low)
        running = Running(ticket, flow, pool, node, now)
        self._run(running, self._turn(flow, pool, level))
        self._restand(flow)
        return running

    def withdraw(self, ticket: Ticket) -> None:
        """Take a waiting request out. Tags stay: leaving wins nothing. Raises KeyError if it is not waiting."""
        flow = self.flows[self._flow_of(ticket)]
        queue = flow.queues[ticket.model]
        at = bisect_left(queue, ticket.number, key=by_number)
        if at == len(queue) or queue[at] is not ticket:
            raise KeyError(ticket.id)
        self.revision += 1
        del queue[at]
        self._left(flow, ticket.model)
        self._tidy()

    def take(self, node: str, now: float) -> Running | None:
        """The request this node serves next; it is in service from now on. None if none fits."""
        picked = self._pick(node)
        if picked is None:
            return None
        flow, ticket, pool = picked
        running = Running(ticket, flow, pool, node, now)
        self._run(running, self._pop(flow, ticket, pool))
        return running

    def pop(self, node: str) -> Ticket | None:
        """As `take`, for a dry run: what follows is the same, but nothing is in service."""
        picked = self._pick(node)
        if picked is None:
            return None
        flow, ticket, pool = picked
        self._pop(flow, ticket, pool)
        return ticket

    def _pick(self, node: str) -> tuple[Flow, Ticket, Pool] | None:
        """Whose turn it is at this node, and with which request."""
        pool = self.pool_of.get(node)
        if pool is None:
            return None
        key = pool.contest.choose(without=[key for key in self._back if self.flows[key].head_for(node, pool) is None])
        if key is None:
            return None
        flow = self.flows[key]
        ticket = flow.head_for(node, pool) if key in self._back else flow.head(pool)
        assert ticket is not None
        return flow, ticket, pool

    def _pop(self, flow: Flow, ticket: Ticket, pool: Pool) -> float | None:
        """Take the request out and give its key its turn. Returns what the key was charged, if anybody waits."""
        queue = flow.queues[ticket.model]
        del queue[0 if queue[0] is ticket else bisect_left(queue, ticket.number, key=by_number)]
        charge = self._turn(flow, pool, pool.contest.entrants[flow.key].level)
        self._left(flow, ticket.model)
        return charge

    def _arrive(self, ticket: Ticket) -> Flow:
        self.revision += 1
        if not self.waiting and not self.running:
            self._forget_all()
        key = self._flow_of(ticket)
        flow = self.flows.get(key)
        if flow is None:
            flow = self.flows[key] = Flow(key)
        if not flow.waiting:
            flow.last = max(flow.last, self.turn - MEMORY)
        return flow

    def _turn(self, flow: Flow, pool: Pool, level: float) -> float | None:
        """It is the flow's turn: charge it if another key waits for the pool, else nothing yet."""
        self.revision += 1
        self.turn += 1
        flow.last = self.turn
        pool.clock = level
        contested = any(key != flow.key for key in pool.contest.entrants)
        return self._charge(flow, pool) if contested else None

    def _run(self, running: Running, charged: float | None) -> None:
        running.turn = self.turn
        running.charged = charged
        running.flow.running.append(running)
        self.running += 1
        if charged is None:
            running.pool.uncharged.setdefault(running.flow.key, []).append(running)

    def _flow_of(self, ticket: Ticket) -> str:
        return ticket.key if self.fair else ""

    def finish(self, running: Running) -> None:
        """The request's service is over and stays charged as it is."""
        self._ended(running)
        self._tidy()

    def undo(self, running: Running) -> None:
        """The node let the request down: its key gets the charge and its turn back. `add` it again after."""
        self._ended(running)
        flow = running.flow
        if running.charged is not None and running.pool in flow.tags:
            flow.tags[running.pool] -= running.charged
        if flow.last == running.turn:
            flow.last = running.last_before
        for later in flow.running:
            if later.last_before == running.turn:
                later.last_before = running.last_before
        self._restand(flow)

    def copy(self) -> Order:
        """The same standing, sharing nothing that changes: what a dry run is done on."""
        twin = Order(self.weights, fair=self.fair)
        twin.waiting, twin.running, twin.turn = self.waiting, self.running, self.turn
        pools = {pool: Pool(pool.models) for pool in self.pools.values()}
        for pool, other in pools.items():
            other.nodes = pool.nodes
            other.contest = pool.contest.copy()
            other.clock = pool.clock
            twin.pools[pool.models] = other
        twin._back = self._back.copy()
        twin.pool_of = {node: pools[pool] for node, pool in self.pool_of.items()}
        for flow in self.flows.values():
            if flow.waiting:
                other_flow = twin.flows[flow.key] = Flow(flow.key)
                other_flow.queues = {model: queue.copy() for model, queue in flow.queues.items()}
                other_flow.waiting, other_flow.last = flow.waiting, flow.last
                other_flow.tags = {pools[pool]: tag for pool, tag in flow.tags.items() if pool in pools}
        return twin

    # Standing

    def _stand(self, flow: Flow, pool: Pool) -> None:
        """Bring the flow's entry in a pool's contest up to date: enter, change or leave."""
        head = flow.head(pool)
        entrant = pool.contest.entrants.get(flow.key)
        if head is None:
            if entrant is not None:
                pool.contest.remove(flow.key)
        elif entrant is None:
            flow.tags[pool], low = self._entry(flow, pool)
            pool.contest.put(Entrant(flow.key, flow.tags[pool], low, flow.last, head.number))
        elif (entrant.tag, entrant.head, entrant.last) != (flow.tags[pool], head.number, flow.last):
            entrant.tag, entrant.head, entrant.last = flow.tags[pool], head.number, flow.last
            pool.contest.put(entrant)

    def _entry(self, flow: Flow, pool: Pool) -> tuple[float, float]:
        """The tag with which a flow begins to compete, and the level of the others: debt stays, credit does not."""
        low = pool.contest.level(but=flow.key)
        if low is None:
            low = pool.clock
        lifted = low - WELCOME / self.weights.get(flow.key, 1.0)
        return max(flow.tags.get(pool, lifted), lifted), low

    def _restand(self, flow: Flow) -> None:
        for pool in list(flow.tags):
            if flow.key in pool.contest.entrants:
                self._stand(flow, pool)

    def _left(self, flow: Flow, model: str) -> None:
        flow.waiting -= 1
        self.waiting -= 1
        if not flow.queues[model]:
            del flow.queues[model]
        if not flow.waiting:
            self._back.discard(flow.key)
        self._restand(flow)

    def _charge(self, flow: Flow, pool: Pool) -> float:
        charge = PRICE / self.weights.get(flow.key, 1.0)
        if pool in flow.tags:
            flow.tags[pool] += charge
        return charge

    def _ended(self, running: Running) -> None:
        self.revision += 1
        self.running -= 1
        running.flow.running.remove(running)
        mine = running.pool.uncharged.get(running.flow.key)
        if mine and running in mine:
            mine.remove(running)
            if not mine:
                del running.pool.uncharged[running.flow.key]

    # Forgetting

    def _forget_all(self) -> None:
        self.flows.clear()
        self._tidy_above = 64
        self.turn = MEMORY
        for pool in self.pools.values():
            pool.clock = 0.0

    def _tidy(self) -> None:
        """Forget keys that owe nothing, once they are many: ever-new keys must not leak memory."""
        if len(self.flows) <= self._tidy_above:
            return
        floors = {pool: pool.floor() for pool in self.pools.values()}
        here, debtors = {}, []
        for key, flow in self.flows.items():
            if flow.waiting or flow.running or flow.last >= self.turn - MEMORY:
                here[key] = flow
            elif any(tag > floors[pool] for pool, tag in flow.tags.items()):
                debtors.append(flow)
        debtors.sort(key=_last)
        self.flows = here | {flow.key: flow for flow in debtors[-MOST_DEBTORS:]}
        self._tidy_above = 64 + 2 * len(self.flows)
