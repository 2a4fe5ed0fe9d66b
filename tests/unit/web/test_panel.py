"""What the page says about an overview, in words and figures."""

from __future__ import annotations

import string

import attrs
import pytest

from llmlb.gateway.overview import NodeView, Overview
from llmlb.messages import Locale
from llmlb.telemetry.hour import HourTotals
from llmlb.web.page_texts import PAGE_TEXTS
from llmlb.web.panel import Panel, panel


def node(name: str, state: str, since: float = 0.0) -> NodeView:
    return NodeView(name=name, state=state, reason="", since=since, in_service=int(state == "busy"))


def shown(
    *nodes: NodeView,
    waiting: int = 0,
    max_size: int = 100,
    draining: bool = False,
    wait_ms: float = 0.0,
    locale: Locale = "en",
) -> Panel:
    hour = HourTotals(avg_wait_time_ms=wait_ms, avg_process_time_ms=0.0, timeout_count=0, rejected_count=1234)
    overview = Overview(
        waiting=waiting,
        processing=sum(node.in_service for node in nodes),
        max_size=max_size,
        draining=draining,
        nodes=nodes,
        hour=hour,
    )
    return panel(overview, locale)


IDLE, BUSY, OFFLINE, DRAINING, PENDING = (
    node(state, state) for state in ("idle", "busy", "offline", "draining", "pending")
)


@pytest.mark.parametrize(
    ("seen", "level", "title"),
    [
        (shown(), "error", "There is no node."),
        (shown(OFFLINE, OFFLINE), "error", "All nodes are offline."),
        (shown(OFFLINE, DRAINING), "error", "No node can be used."),
        (shown(BUSY, OFFLINE, waiting=100), "error", "The queue is full."),
        (shown(BUSY, OFFLINE, waiting=99), "warning", "Offline: offline"),
        (shown(IDLE, draining=True), "warning", "Shutting down."),
        (shown(draining=True), "warning", "Shutting down."),
        (shown(PENDING, PENDING), "info", "Checking the nodes."),
        (shown(PENDING, IDLE), "good", "All is well."),
        (shown(BUSY), "good", "All is well."),
        (shown(BUSY, waiting=1), "good", "Requests are waiting."),
    ],
)
def test_the_worst_that_is_wrong_is_said_with_what_to_do(seen: Panel, level: str, title: str) -> None:
    assert (seen.notice.level, seen.notice.title) == (level, title)
    assert seen.notice.advice


def test_a_long_list_of_offline_nodes_is_cut_short() -> None:
    offline = [node(f"gpu-{i}", "offline") for i in range(5)]
    assert shown(IDLE, *offline).notice.title == "Offline: gpu-0, gpu-1, gpu-2, 2 more"


def test_waiting_beside_a_free_node_is_explained() -> None:
    assert "model" in shown(IDLE, BUSY, waiting=1).notice.advice
    assert "at once" in shown(IDLE, BUSY).notice.advice
    assert "No node is free" in shown(BUSY, waiting=1).notice.advice


@pytest.mark.parametrize(
    ("milliseconds", "figure"),
    [
        (0, "0s"),
        (1, "<0.1s"),
        (49.9, "<0.1s"),
        (50, "0.1s"),
        (320, "0.3s"),
        (9940, "9.9s"),
        (9960, "10s"),
        (59_400, "59s"),
        (59_600, "1min0s"),
        (71_234, "1min11s"),
        (3_599_700, "60min0s"),
    ],
)
def test_a_mean_is_as_exact_as_it_is_worth_reading(milliseconds: float, figure: str) -> None:
    assert "".join(part.value + part.unit for part in shown(wait_ms=milliseconds).avg_wait) == figure


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(-1, "0 s"), (0.9, "0 s"), (59.9, "59 s"), (60, "1 min"), (3600, "1 h"), (86_400, "1 d"), (9e6, "104 d")],
)
def test_the_age_of_a_state_is_in_its_largest_whole_unit(seconds: float, age: str) -> None:
    assert shown(node("a", "idle", since=seconds)).nodes[0].since == age


@pytest.mark.parametrize(
    ("waiting", "max_size", "fill"),
    [(0, 100, 0), (1, 100, 2), (1, 10_000, 2), (2, 100, 2), (3, 100, 4), (100, 100, 100), (120, 100, 100), (1, 1, 100)],
)
def test_the_drawing_fills_by_whole_ticks_and_shows_a_single_request(waiting: int, max_size: int, fill: int) -> None:
    assert shown(waiting=waiting, max_size=max_size).fill == fill


@pytest.mark.parametrize("state", ["pending", "idle", "busy", "loading", "resting", "draining", "offline"])
def test_every_state_has_a_word_in_both_languages(state: str) -> None:
    english = shown(node("a", state)).nodes[0].label
    japanese = shown(node("a", state), locale="ja").nodes[0].label
    assert english.isascii()
    assert not japanese.isascii()


def test_the_number_in_service_stands_at_its_node() -> None:
    tiles = shown(BUSY, IDLE).nodes
    assert [tile.in_service for tile in tiles] == [1, 0]
    assert tiles[0].in_service_label == "Requests in service: 1"


def test_a_name_cannot_hide_or_reorder_text() -> None:
    assert shown(node("\u202egnp.exe\n", "offline")).nodes[0].name == "\\u202egnp.exe\\n"
    assert "\u202e" not in shown(IDLE, node("\u202egnp.exe", "offline")).notice.title


@pytest.mark.parametrize(
    ("logged", "japanese"),
    [
        ("connection refused", "接続を拒否されました"),
        ("connection closed in mid-reply", "応答の途中で接続が切れました"),
        ("no list of models: HTTP 404", "モデルの一覧を取得できません（HTTP 404）"),
        ("silent for 120 s", "応答がありません（120 s）"),
        ("HTTP 429", "HTTP 429"),
        ("something new", "something new"),
    ],
)
def test_why_a_node_is_in_its_state_is_said_in_the_language_of_the_page(logged: str, japanese: str) -> None:
    down = attrs.evolve(OFFLINE, reason=logged)
    assert (shown(down, locale="ja").nodes[0].reason, shown(down).nodes[0].reason) == (japanese, logged)


def test_figures_of_four_digits_are_grouped() -> None:
    seen = shown(waiting=4321, max_size=10_000)
    assert (seen.waiting, seen.waiting_of, seen.refusals) == ("4,321", "at most 10,000", "1,234")


@pytest.mark.parametrize("key", PAGE_TEXTS)
def test_every_text_has_both_languages_with_the_same_values(key: str) -> None:
    fields = [
        {field for _, field, _, _ in string.Formatter().parse(PAGE_TEXTS[key][locale])} for locale in ("ja", "en")
    ]
    assert fields[0] - {None} == fields[1] - {None}
