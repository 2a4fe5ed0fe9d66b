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

_MIDDLE_AND_LAST = (0.5, 1.0 - 1e-9)


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
    if soon and not rest and (mean := _by_means(nodes, ahead, secs, ratios, now, soon)) is not None:
        return mean
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


def _by_means(
    nodes: Sequence[Node], ahead: Sequence[Ticket], secs: Sequence[float], ratios: Ratios, now: float, soon: float
) -> float | None:
    """The wait if everything takes its mean; None if a draw could be longer than `soon`, or the nodes are not alike.

    Until its turn all nodes are at work on what is before it: so no draw is longer than that takes them together.
    """
    slowest = max([node.speed for node in nodes])
    work = ratios.most_of(secs) * slowest if secs else 0.0
    longest = soon * len(nodes)
    if work > longest:
        return None
    models, free = nodes[0].models, []
    for kind, free_at, speed, expected, elapsed in nodes:
        if kind is not models:
            return None
        if expected:
            middle, last = ratios.ends(expected, elapsed, now, _MIDDLE_AND_LAST)
            free.append((middle, speed))
            work += last - now
        else:
            free.append((free_at, speed))
            work += max(0.0, free_at - now)
    if work > longest:
        return None
    heapify(free)
    mean = ratios.mean
    for ticket, predicted in zip(ahead, secs, strict=True):
        at, speed = free[0]
        if at <= ticket.deadline:
            heapreplace(free, (at + predicted * mean * speed, speed))
    return max(0.0, free[0][0] - now)
