"""A desk as a gateway might show it: three nodes, three keys, three who wait. All of it is made up."""

from __future__ import annotations

from typing import Any

import attrs

from llmlb.cli.status.seen import Seen
from llmlb.gateway.desk import AbleNode, Desk, KeyView, NodeCard, RequestView, Why
from llmlb.gateway.overview import NodeView, Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.usage import NO_USAGE, Usage


def usage(**changes: Any) -> Usage:
    """What happened under a name; `served` and the like are counts of outcomes."""
    counts = {outcome: changes.pop(outcome.value, 0) for outcome in Outcome}
    return attrs.evolve(NO_USAGE, outcomes=counts, **changes)


def key(name: str, **changes: Any) -> KeyView:
    """A quiet key."""
    plain: dict[str, Any] = {
        "configured": True, "disabled": False, "weight": 1.0, "max_waiting": 0, "waiting": 0, "in_service": 0,
        "share": 0.0, "due": 0.0, "debt": 0.0, "usage": NO_USAGE,
    }  # fmt: skip
    return KeyView(name=name, **plain | changes)


def node(name: str, state: str = "idle", **changes: Any) -> NodeCard:
    """A node that has done nothing yet."""
    plain: dict[str, Any] = {
        "id": name, "url": f"http://{name}", "kind": "openai", "models": ("m",), "models_more": 0, "reason": "",
        "since": 5.0, "drained": False, "in_file": True, "request": None, "key": None, "failures": 0,
        "usage": NO_USAGE, "history": (),
    }  # fmt: skip
    return NodeCard(name=name, state=state, **plain | changes)


def request(id: str, key: str, position: int | None, **changes: Any) -> RequestView:
    """A request that waits."""
    plain: dict[str, Any] = {
        "model": "llama-3.2-1b", "path": "/v1/chat/completions", "size": 80, "attempts": 0, "since": 3.21,
        "stage": "waiting", "node": None, "node_done": False, "wait": None if position is None else 4.0 * position,
        "told_position": position, "told_wait": 4, "timeout_in": 56.8,
    }  # fmt: skip
    return RequestView(id=id, key=key, position=position, **plain | changes)


def why(*before: tuple[str, int], nodes: tuple[AbleNode, ...] = ()) -> Why:
    """Who is before it."""
    return Why(before=before, nodes=nodes, nodes_more=0)


def gone(name: str) -> AbleNode:
    """A node that is offline."""
    return AbleNode(
        id=name, name=name, state="offline", since=130.0, reason="", key=None, tried=False, model="had"
    )  # fmt: skip


def desk(**changes: Any) -> Desk:
    """One with a bit of everything, but for what is said otherwise."""
    cards = (
        node("gpu-1", "busy", since=12.3, key="alice", request="r1", usage=usage(served=120, service_p50=2.34)),
        node("gpu-2", "offline", since=130.0, reason="connection refused", failures=3, usage=usage(served=7)),
        node("gpu-3", "draining", since=4000.0, reason="drained by the operator"),
    )
    waiting = (
        (request("r2", "alice", 1), why()),
        (request("r3", "bob", 2, since=70.0), why(("alice", 1))),
        (request("r4", "carol", None, model="qwen3-8b"), why(nodes=(gone("gpu-2"),))),
    )
    plain: dict[str, Any] = {
        "at": 1.0,
        "overview": overview(cards, waiting=len(waiting)),
        "unit": "seconds",
        "fair": True,
        "keys": (
            key("alice", waiting=1, in_service=1, share=0.66, due=0.5, usage=usage(wait_p50=1.5, wait_p90=12.0)),
            key("bob", waiting=1, share=0.34, due=0.25, usage=usage(rejected=3, timed_out=1)),
            key("carol", waiting=1, disabled=True),
        ),
        "keys_more": 0,
        "nodes": cards,
        "nodes_more": 0,
        "running": (),
        "running_more": 0,
        "waiting": waiting,
        "waiting_more": 0,
    }
    return Desk(**plain | changes)


def overview(cards: tuple[NodeCard, ...], **changes: Any) -> Overview:
    """The totals above these nodes."""
    nodes = tuple(
        NodeView(name=card.name, state=card.state, reason=card.reason, since=card.since, in_service=int(bool(card.key)))
        for card in cards
    )
    hour = HourTotals(avg_wait_time_ms=3214.0, avg_process_time_ms=2000.0, timeout_count=1, rejected_count=4)
    plain: dict[str, Any] = {
        "waiting": 0, "processing": sum(node.in_service for node in nodes), "max_size": 100, "draining": False,
        "nodes": nodes, "hour": hour,
    }  # fmt: skip
    return Overview(**plain | changes)


def seen(**changes: Any) -> Seen:
    """A gateway with that desk."""
    return Seen(version="0.1.0", url="http://localhost:8080", up=11_000.0, desk=desk(**changes))


def empty() -> Seen:
    """A gateway at its very beginning."""
    return seen(overview=overview(()), keys=(), nodes=(), waiting=())
