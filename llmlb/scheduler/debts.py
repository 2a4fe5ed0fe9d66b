"""What keys owe: how far each is ahead of the least served it competes with, and when that is forgotten.

A key that comes back keeps its debt, but never owes more than `HORIZON_SECS` worth of service, and waits no longer than
that for being forgiven: debts shrink while their key waits unserved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from operator import attrgetter

from llmlb.scheduler.flows import Flow, Pool
from llmlb.scheduler.prices import Prices

HORIZON_SECS = 300.0
"""After waiting unserved for so long a key owes nothing, whatever it has had."""
MOST_DEBTORS = 1000
"""Keys remembered for nothing but what they owe; those served longest ago are forgiven first."""

_last = attrgetter("last")


def most(prices: Prices, waited: float = 0.0) -> float:
    """The most a key may be ahead, in cost per weight, after waiting unserved for so many seconds."""
    return max(0.0, HORIZON_SECS - waited) * prices.per_second()


def ahead(flows: Mapping[str, Flow], pools: Iterable[Pool]) -> dict[str, float]:
    """By key, how far it is ahead of the least served, in the pool where it is furthest; only keys that are."""
    floors = {pool: pool.floor() for pool in pools}
    leads = {
        key: max((standing.tag - floors[pool] for pool, standing in flow.standings.items()), default=0.0)
        for key, flow in flows.items()
    }
    return {key: lead for key, lead in leads.items() if lead > 0.0}


def least_owed(flow: Flow, floors: Mapping[Pool, float], prices: Prices) -> float:
    """What the flow brings into a new pool: the least it owes in any of these, whose floors are given."""
    owed = (flow.standings[pool].tag - floor for pool, floor in floors.items() if pool in flow.standings)
    return min(max(0.0, min(owed, default=0.0)), most(prices))


def forgive(pool: Pool, now: float, prices: Prices) -> None:
    """Let the debts of those who wait shrink."""
    if (least := pool.contest.least()) is None:
        return
    for standing in pool.contest.entrants.values():
        highest = least + most(prices, now - standing.since)
        if standing.tag > highest:
            standing.tag = highest
            pool.contest.put(standing, prices.quantum)


def worth_remembering(flows: Mapping[str, Flow], pools: Iterable[Pool], since_turn: int) -> dict[str, Flow]:
    """The flows that wait, are served, had a turn since then, or owe something; of the last kind `MOST_DEBTORS`."""
    floors = {pool: pool.floor() for pool in pools}
    here, debtors = {}, []
    for key, flow in flows.items():
        if flow.waiting or flow.running or flow.last >= since_turn:
            here[key] = flow
        elif any(standing.tag > floors[pool] for pool, standing in flow.standings.items()):
            debtors.append(flow)
    debtors.sort(key=_last)
    return here | {flow.key: flow for flow in debtors[-MOST_DEBTORS:]}
