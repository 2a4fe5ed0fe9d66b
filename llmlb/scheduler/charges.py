"""Who pays what, and when.

A request costs its key nothing while nobody else wants its node. From the moment another key waits for it (or at once,
when one does already) it is charged what it is guessed to cost still; more as it overruns the guess; and in the end the
difference to what it did cost. So whatever the guess, the sum of its charges is its true cost.

A charge raises the key's tag in the pool that served it. Where the key also waits in other pools it counts there too,
by at most three quanta between two of its turns there: a key that has much elsewhere stands back, but is not shut out.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from math import inf

from llmlb.scheduler.flows import Flow, Pool, Running
from llmlb.scheduler.prices import Prices
from llmlb.scheduler.ticket import Actual

ELSEWHERE = 3.0
"""Quanta that service in one pool may count in another between two turns there."""
AHEAD = 0.25
"""Quanta by which an overrunning request is charged ahead, so that it need not be charged at every decision."""


class Charges:
    """Keeps the tags of all flows true to what they have had."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices
        self._overruns: list[tuple[float, int, Running]] = []
        """When each contended request will have cost what it has been charged."""
        self._pushed = 0
        self._done = 0
        """Contended requests that are over, of which some may still be among them."""

    def contend(self, running: Running, now: float) -> None:
        """Another key waits for the node: what is left of the request is charged from now on."""
        running.contended = True
        running.before = running.rate * (now - running.started)
        self._charge(running, max(running.guess - running.before, 0.0))
        self._expect_overrun(running)

    def catch_up(self, now: float) -> None:
        """Charge the requests that have cost more than they were charged. Due before every decision.

        Not those that have cost just that: the end of one may be on its way, in the same instant.
        """
        if not self._overruns or self._overruns[0][0] >= now:
            return
        overdue = []
        while self._overruns and self._overruns[0][0] < now:
            overdue.append(heappop(self._overruns)[2])
        for running in overdue:  # once each, however little a quantum is
            if not running.over:
                due = running.rate * (now - running.started) - running.before - running.charged
                self._charge(running, max(due, 0.0) + AHEAD * self.prices.quantum)
                self._expect_overrun(running)

    def settle(self, running: Running, actual: Actual) -> None:
        """The request is done: charge, or give back, the difference to what it did cost."""
        self._over(running)
        true = self.prices.true(running.ticket, actual, running.rate)
        if running.contended:
            self._charge(running, max(true - running.before, 0.0) - running.charged)
        self.prices.learn(running.ticket, actual, true)

    def refund(self, running: Running) -> None:
        """The node let the request down: its key has had nothing."""
        self._over(running)
        if running.charged:
            self._charge(running, -running.charged)

    def room(self, flow: Flow) -> float:
        """What may count in a pool, from elsewhere, between two turns there."""
        return ELSEWHERE * self.prices.quantum / flow.weight

    def restand(self, flow: Flow) -> None:
        """Tell the contests the flow waits in that it stands differently."""
        for pool, standing in flow.standings.items():
            if flow.key in pool.contest.entrants:
                standing.last = flow.last
                pool.contest.put(standing, self.prices.quantum)

    def _over(self, running: Running) -> None:
        running.over = True
        self._done += running.contended
        # Short requests that were guessed long would stay in the heap, and in memory, until their time has come.
        if self._done > 64 + len(self._overruns) // 2:
            self._overruns = [entry for entry in self._overruns if not entry[2].over]
            heapify(self._overruns)
            self._done = 0

    def _charge(self, running: Running, cost: float) -> None:
        flow, home = running.flow, running.pool
        running.charged += cost
        step = cost / flow.weight
        if (standing := flow.standings.get(home)) is not None:  # else its last node has left meanwhile
            standing.tag += step
        self._move_pace(home, flow, cost)
        if len(flow.standings) > (standing is not None):
            self._spill(running, step)
        if flow.waiting:
            self.restand(flow)

    def _spill(self, running: Running, step: float) -> None:
        flow = running.flow
        most = self.room(flow)
        for pool, standing in flow.standings.items():
            if pool is running.pool or flow.key not in pool.contest.entrants:
                continue
            spilled = running.spilled.get(pool, 0.0)
            # Given back is what it counts here beyond what it cost: else a refund would be worth a credit.
            part = min(step, standing.room) if step > 0.0 else min(running.charged / flow.weight - spilled, 0.0)
            if part:
                standing.tag += part
                standing.room = min(most, standing.room - part)
                running.spilled[pool] = spilled + part

    def _move_pace(self, pool: Pool, flow: Flow, cost: float) -> None:
        contest, half = pool.contest, self.prices.quantum / 2
        weight = contest.weight + (0.0 if flow.key in contest.entrants else flow.weight)
        pool.pace += cost / weight
        if (limit := contest.limit) > -inf:  # the round began half a quantum below
            pool.pace = max(limit - half, min(pool.pace, limit + half))

    def _expect_overrun(self, running: Running) -> None:
        if running.rate > 0.0:
            self._pushed += 1
            at = running.started + (running.before + running.charged) / running.rate
            heappush(self._overruns, (at, self._pushed, running))
