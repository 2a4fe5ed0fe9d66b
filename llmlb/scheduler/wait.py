"""When: the plan played through with service times drawn from what was seen.

Each draw lets the requests in service end, and gives each request of the plan in turn the node that is free first,
for as long as predicted times a drawn ratio. The estimate is the median of the draws. Those that will have timed out
by their turn are skipped. Sums concentrate: the further away, the fewer draws are needed, and beyond `STEPS` the rest
is taken to last as long as predicted, shared by all nodes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heapreplace

from llmlb.scheduler.draws import STAGES, STEPS, Draws, Node
from llmlb.scheduler.ratios import Ratios
from llmlb.scheduler.ticket import Ticket


def wait(
    nodes: Sequence[Node],
    ahead: Sequence[Ticket],
    secs: Sequence[float],
    rest: float,
    model: str,
    ratios: Ratios,
    now: float,
    soon: float = 0.0,
) -> float:
    """Seconds until a request for `model` is given to a node. At least one of the nodes serves it.

    `ahead`: the requests before it, `STEPS` at most; `secs`: what each is predicted to take on a node of speed 1;
    `rest`: what those after them add up to. Costs some 600 steps, however long the queue. `soon`: where no draw could
    come out longer, it does not matter what they come out as, and one does, in which everything takes its mean.
    """
    if soon and not rest and _longest(nodes, ahead, secs, model, ratios, now) <= soon:
        return _by_means(nodes, ahead, secs, model, ratios, now)
    draws = Draws(nodes, ratios, now)
    done = 0
    for depth, kept in STAGES:
        draws.narrow(kept, model)
        if done < len(ahead):
            draws.play(ahead[done:depth], secs[done:depth])
        done = depth
        if done >= len(ahead):
            break
    return max(0.0, draws.median(model) - now) + (rest * ratios.mean / len(nodes) if rest else 0.0)


def waits(
    nodes: Sequence[Node], times: float, tickets: Sequence[Ticket], secs: Sequence[float], ratios: Ratios, now: float
) -> Iterator[float]:
    """For each of these, which come one after another, what `wait` says: all for what one of them costs.

    Each node stands for so many `times` one, and so does each request. Their models are all served by some node.
    """
    draws = Draws(nodes, ratios, now)
    mean, rest, played = ratios.mean, 0.0, 0
    medians: dict[str, float] = {}
    for number, ticket in enumerate(tickets):
        while played < int(number / times):
            at = int(played * times)
            if played < STEPS:
                draws.narrow(next(kept for depth, kept in STAGES if played < depth), tickets[at].model)
                draws.play((tickets[at],), (secs[at],))
                medians.clear()
            else:
                rest += secs[at] * mean / len(nodes)
            played += 1
        median = medians.get(ticket.model)
        if median is None:
            median = medians[ticket.model] = draws.median(ticket.model)
        yield max(0.0, median - now) + rest


def _longest(
    nodes: Sequence[Node], ahead: Sequence[Ticket], secs: Sequence[float], model: str, ratios: Ratios, now: float
) -> float:
    """What no draw is longer than: until its turn all nodes that serve it are at work on what is before it."""
    if len({node.models for node in nodes}) > 1:
        nodes = [node for node in nodes if model in node.models]
        served = frozenset[str]().union(*{node.models for node in nodes})
        secs = [predicted for predicted, ticket in zip(secs, ahead, strict=True) if ticket.model in served]
    work = ratios.most_of(secs) * max([node.speed for node in nodes]) if secs else 0.0
    for _, free_at, _, expected, elapsed in nodes:
        work += ratios.most_left(expected, elapsed) if expected else max(0.0, free_at - now)
    return work / len(nodes)


def _by_means(
    nodes: Sequence[Node], ahead: Sequence[Ticket], secs: Sequence[float], model: str, ratios: Ratios, now: float
) -> float:
    """The wait if everything takes its mean."""
    models, free = nodes[0].models, []
    for kind, free_at, speed, expected, elapsed in nodes:
        if kind is not models:
            draws = Draws(nodes, ratios, now, by_mean=True)
            if ahead:
                draws.play(ahead, secs)
            return max(0.0, draws.median(model) - now)
        free.append((now + ratios.remaining(expected, elapsed, 0.5) if expected else free_at, speed))
    heapify(free)
    mean = ratios.mean
    for ticket, predicted in zip(ahead, secs, strict=True):
        at, speed = free[0]
        if at <= ticket.deadline:
            heapreplace(free, (at + predicted * mean * speed, speed))
    return max(0.0, free[0][0] - now)
