"""What the operator's desk shows in tests and pictures: an afternoon of three machines, made without any chance."""

from __future__ import annotations

from collections.abc import Mapping
from math import sin

import attrs

from llmlb.gateway.desk import AbleNode, Desk, KeyView, NodeCard, RequestView, Why
from llmlb.gateway.overview import NodeView, Overview
from llmlb.telemetry.hour import HourTotals
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import STEPS
from llmlb.telemetry.usage import Usage

AT = 1_800_000_000.0
CHAT = "/v1/chat/completions"
Column = Mapping[str, float]


def usage(
    served: int = 0, refused: int = 0, timed_out: int = 0, failed: int = 0, left: int = 0, wait: float = 0
) -> Usage:
    """An hour of `served` requests that waited about `wait` seconds."""
    counts = (served, refused, timed_out, left, failed)
    return Usage(
        outcomes=dict(zip(Outcome, counts, strict=True)),
        tokens=served * 1843,
        node_seconds=served * 11.4,
        wait_p50=wait if served else None,
        wait_p90=3.1 * wait if served else None,
        service_p50=8.2 if served else None,
        service_p90=31.0 if served else None,
        service_mean=11.4 if served else None,
    )


def key(name: str, share: float = 0.0, due: float = 0.0, used: Usage | None = None, **more: object) -> KeyView:
    """A configured key of weight 1."""
    blank = KeyView(
        name=name,
        configured=True,
        disabled=False,
        weight=1.0,
        max_waiting=0,
        waiting=0,
        in_service=0,
        share=share,
        due=due,
        debt=0.0,
        usage=used or usage(),
    )
    return attrs.evolve(blank, **more)  # type: ignore[arg-type]


def hours(seed: float, lately: str, for_columns: int, work: float = 0.75) -> tuple[Column, ...]:
    """A past hour of ups and downs of `work`, with `lately` at its end; the gateway began 52 minutes ago."""
    columns: list[Column] = []
    for x in range(STEPS):
        busy = min(1.0, max(0.0, work + 0.4 * sin(x / 9 + seed)))
        columns.append({} if x < 16 else {"busy": busy, "idle": 1.0 - busy})
    columns[-for_columns:] = [{lately: 1.0}] * for_columns
    return tuple(columns)


def node(name: str, state: str = "idle", since: float = 12.0, reason: str = "", **more: object) -> NodeCard:
    """A node with one model."""
    blank = NodeCard(
        id=name,
        name=name,
        url=f"http://{name}.lan:11434",
        kind="ollama",
        models=("llama-3.2-1b",),
        models_more=0,
        state=state,
        reason=reason,
        since=since,
        drained=state == "draining",
        in_file=True,
        request=None,
        key=None,
        failures=0,
        usage=usage(),
        history=(),
    )
    return attrs.evolve(blank, **more)  # type: ignore[arg-type]


def running(
    id: str, key: str, model: str, node: str, since: float, stage: str = "relaying", **more: object
) -> RequestView:
    """A request in service."""
    blank = RequestView(
        id=id,
        key=key,
        model=model,
        path=CHAT,
        size=900,
        attempts=1,
        since=since,
        stage=stage,  # type: ignore[arg-type]
        node=node,
        node_done=False,
        position=None,
        wait=None,
        told_position=None,
        told_wait=None,
        timeout_in=None,
    )
    return attrs.evolve(blank, **more)  # type: ignore[arg-type]


def waiting(id: str, key: str, model: str, place: int | None, since: float, **more: object) -> RequestView:
    """A request that waits, and was told it would be one place and some seconds later."""
    blank = attrs.evolve(running(id, key, model, "", since, "waiting"), attempts=0, node=None, position=place)
    told = {"told_position": (place or 0) + 2, "told_wait": 9 * (place or 0) + 20, "timeout_in": 300.0 - since}
    return attrs.evolve(blank, **({"wait": None if place is None else 9.4 * place} | told | more))  # type: ignore[arg-type]


def able(name: str, state: str = "busy", since: float = 12.0, key: str | None = "alice", **more: object) -> AbleNode:
    """A node that could serve a request."""
    blank = AbleNode(id=name, name=name, state=state, since=since, reason="", key=key, tried=False, model="has")
    return attrs.evolve(blank, **more)  # type: ignore[arg-type]


def why(*before: tuple[str, int], nodes: tuple[AbleNode, ...] = (), more: int = 0) -> Why:
    """Why a request waits."""
    return Why(before=before, nodes=nodes, nodes_more=more)


def desk(
    keys: tuple[KeyView, ...] = (),
    nodes: tuple[NodeCard, ...] = (),
    running: tuple[RequestView, ...] = (),
    waiting: tuple[tuple[RequestView, Why], ...] = (),
    **more: object,
) -> Desk:
    """A desk with these, and an overview that fits them."""
    seen = tuple(
        NodeView(name=n.name, state=n.state, reason=n.reason, since=n.since, in_service=int(n.state == "busy"))
        for n in nodes
    )
    overview = Overview(
        waiting=len(waiting),
        processing=len(running),
        max_size=100,
        draining=False,
        nodes=seen,
        hour=HourTotals(avg_wait_time_ms=41_234.0, avg_process_time_ms=11_400.0, timeout_count=3, rejected_count=18),
    )
    blank = Desk(
        at=AT,
        overview=overview,
        unit="seconds",
        fair=True,
        keys=keys,
        keys_more=0,
        nodes=nodes,
        nodes_more=0,
        running=running,
        running_more=0,
        waiting=waiting,
        waiting_more=0,
    )
    return attrs.evolve(blank, **more)  # type: ignore[arg-type]


EMPTY = desk()
QUIET = desk(
    keys=(key("alice", 0.11, 1.0, usage(41, wait=0.2)), key("batch")),
    nodes=(
        node("gpu-1", since=340, usage=usage(41), history=hours(1, "idle", 11, 0.1)),
        node("gpu-2", since=5400, history=hours(2, "idle", 110, 0.0)),
    ),
)


def busy(tick: int = 0) -> Desk:
    """A full afternoon, `tick` seconds on."""
    small, large = "llama-3.2-3b", "qwen3:32b"
    on_large = (
        able("gpu-2", since=41.0 + tick, key="research"),
        able("gpu-4", "offline", 130.0 + tick, None, reason="connection refused"),
    )
    on_small = (
        able("gpu-1", since=8.0 + tick, key="alice"),
        able("gpu-3", "resting", 4.0 + tick, None, reason="HTTP 429"),
    )
    line = [
        ("7f0c2a91d4", "support-bot", small, 46.0, on_small, ()),
        ("c41e8b20aa", "research", large, 71.0, on_large, ()),
        ("e90b1137f2", "alice", small, 31.0, on_small, (("support-bot", 1),)),
        ("4d2f66c018", "support-bot", small, 44.0, on_small, (("support-bot", 1), ("alice", 1))),
        ("b8812d3e4f", "nightly-batch", large, 187.0, on_large, (("research", 1),)),
        ("15c7a0e9d3", "alice", small, 12.0, on_small, (("support-bot", 2), ("alice", 1))),
        ("a3390fb7c6", "research", large, 22.0, on_large, (("nightly-batch", 1), ("research", 1))),
        ("d05b94417e", "nightly-batch", small, 186.0, on_small, (("alice", 2), ("support-bot", 2))),
        ("6e61f2b8a5", "alice", small, 3.0, on_small, (("alice", 2), ("support-bot", 2), ("nightly-batch", 1))),
    ]
    return desk(
        keys=(
            key("alice", 0.34, 0.25, usage(412, 0, 0, 1, 4, 9.0), waiting=3, in_service=1, debt=12.4),
            key("support-bot", 0.41, 0.5, usage(318, 2, 0, 0, 1, 6.5), waiting=2, in_service=0, weight=2.0),
            key("research", 0.2, 0.125, usage(96, 0, 1, 2, 7, 31.0), waiting=2, in_service=1, weight=0.5, debt=41.8),
            key(
                "nightly-batch",
                0.05,
                0.125,
                usage(58, 16, 2, 0, 0, 214.0),
                waiting=2,
                weight=0.5,
                max_waiting=20,
                debt=3.1,
            ),
            key("old-laptop", used=usage(), disabled=True),
        ),
        nodes=(
            node(
                "gpu-1",
                "busy",
                8.0 + tick,
                models=(small, "nomic-embed-text"),
                request="0b3d5c7718",
                key="alice",
                usage=usage(488),
                history=hours(0.3, "busy", 2),
            ),
            node(
                "gpu-2",
                "busy",
                41.0 + tick,
                kind="vllm",
                url="http://10.0.0.12:8000",
                models=(large,),
                request="f2a86e90b1",
                key="research",
                usage=usage(131),
                failures=1,
                history=hours(1.7, "busy", 3, 0.9),
            ),
            node(
                "gpu-3",
                "resting",
                4.0 + tick,
                "HTTP 429",
                kind="llamacpp",
                url="http://10.0.0.13:8080",
                models=(small,),
                usage=usage(265),
                failures=2,
                history=hours(4.0, "resting", 1, 0.6),
            ),
            node(
                "gpu-4",
                "offline",
                130.0 + tick,
                "connection refused",
                kind="vllm",
                url="http://10.0.0.14:8000",
                models=(large,),
                failures=3,
                history=hours(3.0, "offline", 5, 0.8),
            ),
            node(
                "mac-studio",
                "draining",
                900.0 + tick,
                "drained by the operator",
                kind="lmstudio",
                url="http://10.0.0.20:1234",
                models=(small, large),
                usage=usage(12),
                history=hours(2.2, "draining", 30, 0.3),
            ),
        ),
        running=(
            running("f2a86e90b1", "research", large, "gpu-2", 41.0 + tick),
            running("0b3d5c7718", "alice", small, "gpu-1", 8.0 + tick, "serving", attempts=2),
            running("9c0d27a4e3", "support-bot", small, "gpu-3", 6.0 + tick, node_done=True),
        ),
        waiting=tuple(
            (waiting(id, name, model, sum(n for _, n in before) + 1, since + tick), why(*before, nodes=nodes))
            for id, name, model, since, nodes, before in line
        ),
    )


def crowd(count: int = 100, keys: int = 12, nodes: int = 8) -> Desk:
    """A long line: so many wait, of so many keys, before so many nodes."""
    on = tuple(able(f"gpu-{n:03}", since=3.0 + n, key=f"team-{n % keys:02}") for n in range(min(nodes, 20)))
    return desk(
        keys=tuple(
            key(f"team-{n:02}", 1 / keys, 1 / keys, usage(300 - n, n, wait=20.0 + n), waiting=count // keys, debt=n / 3)
            for n in range(keys)
        ),
        nodes=tuple(
            node(
                f"gpu-{n:03}",
                "busy",
                3.0 + n,
                request=f"r{n:05}",
                key=f"team-{n % keys:02}",
                usage=usage(200),
                history=hours(n / 3, "busy", 2),
            )
            for n in range(nodes)
        ),
        running=tuple(
            running(f"r{n:05}", f"team-{n % keys:02}", "llama-3.2-1b", f"gpu-{n:03}", 3.0 + n) for n in range(nodes)
        )[:100],
        waiting=tuple(
            (
                waiting(f"w{n:05}", f"team-{n % keys:02}", "llama-3.2-1b", n + 1, 200.0 - n),
                why(
                    *((f"team-{k:02}", (n + keys - 1 - k) // keys) for k in range(min(n, keys))),
                    nodes=on,
                    more=max(0, nodes - 20),
                ),
            )
            for n in range(count)
        ),
        waiting_more=900,
    )
