"""The requests as the operator sees them: those that run, those that wait, and why these wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import nsmallest
from typing import Literal

import attrs

from llmlb.gateway.desk import MOST_ABLE, MOST_REQUESTS, MOST_STUCK, AbleNode, RequestView, Why
from llmlb.gateway.desk_nodes import request_of
from llmlb.gateway.stage import Stage
from llmlb.gateway.visit import Visit
from llmlb.nodes.fleet import Member
from llmlb.scheduler.lineup import Entry

Having = Literal["has", "had", "may"]
"""As `AbleNode.model`."""
AT_WORK_FIRST = ("busy", "idle", "resting", "loading", "pending", "draining", "offline")
"""States of nodes, those first that may soonest take a request."""
_STAGES: dict[Stage, Literal["waiting", "serving", "relaying"]] = {
    Stage.WAITING: "waiting",
    Stage.SERVING: "serving",
    Stage.RELAYING: "relaying",
}


def meaning(find: str) -> Callable[[Visit], bool]:
    """Whether a request is meant by `find`: a part of its id, of its key's name or of its model, in either case."""
    if not find:
        return lambda _: True
    wanted = find.casefold()
    return lambda visit: wanted in f"{visit.id}\n{visit.key_name}\n{visit.ticket.model}".casefold()


def running_views(visits: Iterable[Visit], now: float) -> tuple[tuple[RequestView, ...], int]:
    """Those that nodes have or had, the oldest first, and how many more there are."""
    running = [visit for visit in visits if visit.stage is Stage.SERVING or visit.stage is Stage.RELAYING]
    oldest = nsmallest(MOST_REQUESTS, running, key=lambda visit: visit.since)
    return tuple(_view(visit, now, None) for visit in oldest), len(running) - len(oldest)


def waiting_views(
    lineup: Sequence[Entry],
    visits: Mapping[str, Visit],
    members: Iterable[Member],
    now: float,
    meant: Callable[[Visit], bool] = lambda _: True,
) -> tuple[tuple[tuple[RequestView, Why], ...], int]:
    """Those of the lineup that are `meant`, at most `MOST_REQUESTS`, and how many more there are in it.

    `visits` by the ids of tickets.
    """
    queue = [(entry, visits[entry.ticket.id]) for entry in lineup]
    found = [entry for entry, visit in queue if meant(visit)]
    stuck = sum(entry.position is None for entry in found)
    placed = min(len(found) - stuck, MOST_REQUESTS - min(stuck, MOST_STUCK))
    shown = [*found[:placed], *found[len(found) - stuck :][: MOST_REQUESTS - placed]]
    reasons = _Reasons(members, visits, now)
    for entry in shown:
        reasons.prepare(visits[entry.ticket.id])
    listed = {entry.ticket.id for entry in shown}
    views = []
    for entry, visit in queue:
        if entry.ticket.id in listed:
            views.append((_view(visit, now, entry), reasons.of(entry, visit)))
        reasons.passed(entry, visit)
    return tuple(views), len(found) - len(views)


def _view(visit: Visit, now: float, entry: Entry | None) -> RequestView:
    return RequestView(
        id=visit.id,
        key=visit.key_name,
        model=visit.ticket.model,
        path=visit.endpoint.path,
        size=visit.ticket.size,
        attempts=visit.attempts,
        since=visit.waited if entry is not None else now - visit.since,
        stage=_STAGES[visit.stage],
        node=visit.node,
        node_done=entry is None and visit.served_since is None,
        position=entry.position if entry is not None else None,
        wait=entry.wait if entry is not None else None,
        told_position=visit.position,
        told_wait=visit.estimate,
        timeout_in=max(0.0, visit.ticket.deadline - now) if entry is not None else None,
    )


@attrs.define
class _Reason:
    """What requests for the same model, failed by the same nodes, have in common."""

    able: frozenset[str]
    """Ids of the nodes that could serve them."""
    models: frozenset[str]
    """All that these nodes serve."""
    nodes: tuple[AbleNode, ...]
    more: int
    before: Counter[str] = attrs.field(factory=Counter)
    """By name of key, how many of those that have passed will go to these nodes."""


class _Reasons:
    """Why requests wait: to be prepared for all that are asked about, who then pass one after another, in order."""

    def __init__(self, members: Iterable[Member], visits: Mapping[str, Visit], now: float) -> None:
        self._members = sorted(members, key=lambda member: AT_WORK_FIRST.index(member.state))
        self._visits = visits
        self._now = now
        self._reasons: dict[tuple[str, frozenset[str]], _Reason] = {}

    def prepare(self, visit: Visit) -> None:
        """This one will be asked about."""
        model, tried = which = visit.ticket.model, frozenset(visit.ticket.tried)
        if which in self._reasons:
            return
        has = self._those(lambda member: model in member.node.serves)
        had = self._those(lambda member: model in member.node.first_seen and model not in member.node.serves)
        may = [] if has or had else self._those(lambda member: not member.node.serves)
        has.sort(key=lambda member: member.node.id in tried)
        listed: list[tuple[Having, Member]] = [
            *(("has", m) for m in has),
            *(("had", m) for m in had),
            *(("may", m) for m in may),
        ]
        self._reasons[which] = _Reason(
            able=frozenset(member.node.id for member in has) - tried,
            models=frozenset[str]().union(*(member.node.serves for member in has)),
            nodes=tuple(self._able(member, word, tried) for word, member in listed[:MOST_ABLE]),
            more=max(0, len(listed) - MOST_ABLE),
        )

    def of(self, entry: Entry, visit: Visit) -> Why:
        """Why this one waits, with all before it counted that have `passed`."""
        reason = self._reasons[visit.ticket.model, frozenset(visit.ticket.tried)]
        before = tuple(reason.before.most_common()) if entry.position is not None else ()
        return Why(before=before, nodes=reason.nodes, nodes_more=reason.more)

    def passed(self, entry: Entry, visit: Visit) -> None:
        """The next ones asked about come after this one. Where its node is not foreseen, its model tells."""
        for reason in self._reasons.values():
            if entry.node in reason.able if entry.node is not None else entry.ticket.model in reason.models:
                reason.before[visit.key_name] += 1

    def _those(self, fits: Callable[[Member], bool]) -> list[Member]:
        return [member for member in self._members if fits(member)]

    def _able(self, member: Member, word: Having, tried: frozenset[str]) -> AbleNode:
        visit = request_of(member, self._visits)
        return AbleNode(
            id=member.node.id,
            name=member.node.name,
            state=member.state,
            since=max(0.0, self._now - member.since),
            reason=member.reason,
            key=visit.key_name if visit is not None else None,
            tried=member.node.id in tried,
            model=word,
        )
