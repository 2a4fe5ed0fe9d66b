"""The nodes as the operator sees them: what each has, how it is, and how its past hour went."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from llmlb.gateway.desk import MOST_MODELS, MOST_NODES, NodeCard
from llmlb.gateway.visit import Visit
from llmlb.nodes.fleet import Member
from llmlb.nodes.states import trouble_first
from llmlb.telemetry.node_history import NodeHistory
from llmlb.telemetry.usage import HourByName


def node_cards(
    members: Iterable[Member],
    visits: Mapping[str, Visit],
    configured: Collection[str],
    hour: HourByName,
    history: NodeHistory,
    now: float,
) -> tuple[tuple[NodeCard, ...], int]:
    """The nodes, and how many more there are. `visits` by the ids of tickets; `configured`: addresses."""
    nodes = list(members)
    more = max(0, len(nodes) - MOST_NODES)
    if more:
        nodes = sorted(nodes, key=lambda member: trouble_first(member.state))[:MOST_NODES]
    return tuple(_card(member, request_of(member, visits), configured, hour, history, now) for member in nodes), more


def request_of(member: Member, visits: Mapping[str, Visit]) -> Visit | None:
    """The request that the node has; None as well while it is still being rid of one whose client has left."""
    exchange = member.dispatcher.exchange
    return visits.get(exchange.request.id) if exchange is not None else None


def _card(
    member: Member,
    visit: Visit | None,
    configured: Collection[str],
    hour: HourByName,
    history: NodeHistory,
    now: float,
) -> NodeCard:
    node = member.node
    return NodeCard(
        id=node.id,
        name=node.name,
        url=node.config.base,
        kind=node.kind,
        models=node.listed[:MOST_MODELS],
        models_more=max(0, len(node.listed) - MOST_MODELS),
        state=member.state,
        reason=member.reason,
        since=max(0.0, now - member.since),
        drained=node.config.drain,
        in_file=node.config.base in configured,
        request=visit.id if visit is not None else None,
        key=visit.key_name if visit is not None else None,
        failures=node.failures_past_hour(),
        usage=hour.of(node.name),
        history=history.columns(node.id),
    )
