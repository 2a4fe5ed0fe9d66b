"""What the page says of how things stand, and what to do about it."""

from __future__ import annotations

import pytest

from llmlb.gateway.overview import NodeView, Overview
from llmlb.messages import Locale
from llmlb.telemetry.hour import HourTotals
from llmlb.web.notices import Notice, notices


def node(name: str, state: str) -> NodeView:
    return NodeView(name=name, state=state, reason="", since=0.0, in_service=int(state == "busy"))


def said(
    *nodes: NodeView,
    waiting: int = 0,
    draining: bool = False,
    config_refused: bool = False,
    no_room: bool = False,
    locale: Locale = "en",
) -> tuple[Notice, ...]:
    overview = Overview(
        waiting=waiting,
        processing=sum(node.in_service for node in nodes),
        max_size=100,
        draining=draining,
        config_refused=config_refused,
        no_room=no_room,
        nodes=nodes,
        hour=HourTotals(avg_wait_time_ms=0.0, avg_process_time_ms=0.0, timeout_count=0, rejected_count=0),
    )
    return notices(overview, locale)


IDLE, BUSY, OFFLINE, DRAINING, PENDING, LOADING, RESTING = (
    node(state, state) for state in ("idle", "busy", "offline", "draining", "pending", "loading", "resting")
)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (said(), ["error There is no node."]),
        (said(OFFLINE, OFFLINE), ["error All nodes are offline."]),
        (said(OFFLINE, DRAINING), ["error No node can be used.", "info Draining: draining"]),
        (said(DRAINING), ["error No node can be used.", "info Draining: draining"]),
        (said(BUSY, OFFLINE, waiting=100), ["error The queue is full.", "warning Offline: offline"]),
        (said(BUSY, waiting=100, no_room=True), ["error The queue is full."]),
        (
            said(BUSY, OFFLINE, waiting=9, no_room=True),
            ["error There is no room for large requests.", "warning Offline: offline"],
        ),
        (said(OFFLINE, no_room=True), ["error All nodes are offline."]),
        (said(BUSY, OFFLINE, waiting=99), ["warning Offline: offline"]),
        (said(PENDING, OFFLINE), ["warning Offline: offline", "info Checking the nodes."]),
        (said(PENDING, PENDING), ["info Checking the nodes."]),
        (said(PENDING, RESTING), ["info Checking the nodes."]),
        (said(LOADING, RESTING), ["info Waiting for a node to be ready."]),
        (said(RESTING, DRAINING), ["info Waiting for a node to be ready.", "info Draining: draining"]),
        (said(IDLE, DRAINING), ["info Draining: draining"]),
        (said(IDLE, RESTING), ["good All is well."]),
        (said(PENDING, IDLE), ["good All is well."]),
        (said(BUSY), ["good All is well."]),
        (said(BUSY, waiting=1), ["good Requests are waiting."]),
    ],
)
def test_all_that_is_wrong_is_said_the_worst_first_with_what_to_do(
    seen: tuple[Notice, ...], expected: list[str]
) -> None:
    assert [f"{notice.level} {notice.title}" for notice in seen] == expected
    assert all(notice.advice for notice in seen)


@pytest.mark.parametrize("nodes", [[], [IDLE, OFFLINE, DRAINING]])
def test_while_it_shuts_down_nothing_else_is_said(nodes: list[NodeView]) -> None:
    seen = said(*nodes, draining=True, config_refused=True)
    assert [notice.title for notice in seen] == ["Shutting down."]


@pytest.mark.parametrize(
    ("locale", "title", "former"),
    [
        ("ja", "設定ファイルに問題があります。", "変更前の設定のまま"),
        ("en", "The configuration file has problems.", "former settings"),
    ],
)
def test_a_refused_configuration_is_said_with_how_to_find_out_more(locale: Locale, title: str, former: str) -> None:
    (notice,) = said(IDLE, BUSY, config_refused=True, locale=locale)
    assert (notice.level, notice.title) == ("warning", title)
    assert former in notice.advice
    assert "llmlb check" in notice.advice
    assert {"ja": "ログ", "en": "the log"}[locale] in notice.advice, "for what is wrong only where the gateway runs"


def test_a_refused_configuration_comes_after_what_keeps_requests_from_being_served() -> None:
    seen = said(OFFLINE, config_refused=True)
    assert [notice.level for notice in seen] == ["error", "warning"]


def test_a_long_list_of_nodes_is_cut_short() -> None:
    offline = [node(f"gpu-{i}", "offline") for i in range(5)]
    draining = [node(f"cpu-{i}", "draining") for i in range(1500)]
    assert [notice.title for notice in said(IDLE, *offline, *draining)] == [
        "Offline: gpu-0, gpu-1, gpu-2, 2 more",
        "Draining: cpu-0, cpu-1, cpu-2, 1,497 more",
    ]
    assert said(IDLE, *offline, locale="ja")[0].title == "オフラインのノード: gpu-0、gpu-1、gpu-2、ほか2台"


def test_waiting_beside_a_free_node_is_explained() -> None:
    assert "model" in said(IDLE, BUSY, waiting=1)[0].advice
    assert "at once" in said(IDLE, BUSY)[0].advice
    assert "No node is free" in said(BUSY, waiting=1)[0].advice


def test_a_name_cannot_hide_or_reorder_text() -> None:
    assert said(IDLE, node("\u202egnp.exe\n", "offline"))[0].title == "Offline: \\u202egnp.exe\\n"
