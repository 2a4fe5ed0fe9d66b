"""What the page says about an overview, in words and figures."""

from __future__ import annotations

import string

import attrs
import pytest

from llmlb.gateway.overview import NodeView, Overview
from llmlb.messages import Locale
from llmlb.telemetry.hour import HourTotals
from llmlb.web.page_texts import PAGE_TEXTS
from llmlb.web.panel import MOST_TILES, Panel, panel


def node(name: str, state: str, since: float = 0.0) -> NodeView:
    return NodeView(name=name, state=state, reason="", since=since, in_service=int(state == "busy"))


def shown(
    *nodes: NodeView,
    waiting: int = 0,
    max_size: int = 100,
    wait_ms: float = 0.0,
    locale: Locale = "en",
) -> Panel:
    hour = HourTotals(avg_wait_time_ms=wait_ms, avg_process_time_ms=0.0, timeout_count=0, rejected_count=1234)
    overview = Overview(
        waiting=waiting,
        processing=sum(node.in_service for node in nodes),
        max_size=max_size,
        draining=False,
        nodes=nodes,
        hour=hour,
    )
    return panel(overview, locale)


IDLE, BUSY, OFFLINE = (node(state, state) for state in ("idle", "busy", "offline"))


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


@pytest.mark.parametrize(
    ("logged", "japanese"),
    [
        ("connection refused", "接続を拒否されました"),
        ("connection closed in mid-reply", "応答の途中で接続が切れました"),
        ("no list of models: HTTP 404", "モデルの一覧を取得できません（HTTP 404）"),
        ("silent for 120 s", "応答がありません（120 s）"),
        ("empty reply", "応答が空でした"),
        ("drained by the operator", "運用者が切り離しました"),
        ("removed: finishing what it has", "設定から外されました。処理中のリクエストを終えています"),
        ("its former address has to finish first", "変更前のアドレスでの処理が終わるのを待っています"),
        ("failed 3 times in a row: connection refused", "3回続けて失敗しました: 接続を拒否されました"),
        ("failed 12 times in a row: HTTP 500", "12回続けて失敗しました: HTTP 500"),
        ("HTTP 429", "HTTP 429"),
        ("host name not resolved", "ホスト名を解決できません"),
        ("cannot connect: No route to host", "接続できません（No route to host）"),
        ("something new", "something new"),
    ],
)
def test_why_a_node_is_in_its_state_is_said_in_the_language_of_the_page(logged: str, japanese: str) -> None:
    down = attrs.evolve(OFFLINE, reason=logged)
    assert (shown(down, locale="ja").nodes[0].reason, shown(down).nodes[0].reason) == (japanese, logged)


def test_figures_of_four_digits_are_grouped() -> None:
    seen = shown(waiting=4321, max_size=10_000)
    assert (seen.waiting, seen.waiting_of) == ("4,321", "of at most 10,000")


@pytest.mark.parametrize(
    ("nodes", "english", "japanese"),
    [
        ((), "0 of 0 nodes", "0 件 / ノード0台"),
        ((BUSY,), "1 of 1 node", "1 件 / ノード1台"),
        ((BUSY, IDLE, OFFLINE), "1 of 3 nodes", "1 件 / ノード3台"),
    ],
)
def test_in_service_reads_as_a_part_of_the_nodes(nodes: tuple[NodeView, ...], english: str, japanese: str) -> None:
    said = (shown(*nodes), shown(*nodes, locale="ja"))
    assert [f"{one.processing} {one.processing_of}" for one in said] == [english, japanese]


@pytest.mark.parametrize("key", PAGE_TEXTS)
def test_every_text_has_both_languages_with_the_same_values(key: str) -> None:
    fields = [
        {field for _, field, _, _ in string.Formatter().parse(PAGE_TEXTS[key][locale])} for locale in ("ja", "en")
    ]
    assert fields[0] - {None} == fields[1] - {None}


def test_the_states_of_all_nodes_are_counted_those_to_look_after_first() -> None:
    seen = shown(IDLE, BUSY, OFFLINE, BUSY, node("a", "resting"))
    assert [(one.state, one.label, one.count) for one in seen.states] == [
        ("offline", "Offline", "1"),
        ("resting", "Resting", "1"),
        ("busy", "In service", "2"),
        ("idle", "Free", "1"),
    ]


def test_a_page_full_of_nodes_shows_each_in_the_order_of_the_configuration() -> None:
    nodes = [node(f"gpu-{i}", "offline" if i == MOST_TILES - 1 else "idle") for i in range(MOST_TILES)]
    seen = shown(*nodes)
    assert [tile.name for tile in seen.nodes] == [one.name for one in nodes]
    assert seen.nodes_more == ""


def test_with_too_many_nodes_those_to_look_after_have_a_tile_and_the_rest_is_counted() -> None:
    sick = {30: "draining", 500: "resting", 998: "offline", 999: "loading"}
    nodes = [node(f"gpu-{i}", sick.get(i, "idle")) for i in range(1000)]
    seen = shown(*nodes)
    assert [tile.name for tile in seen.nodes[:6]] == ["gpu-998", "gpu-500", "gpu-999", "gpu-30", "gpu-0", "gpu-1"]
    assert len(seen.nodes) == MOST_TILES
    assert seen.nodes_more == "900 more; those that may need attention are shown first."
    assert [one.count for one in seen.states] == ["1", "1", "1", "1", "996"]


def test_with_too_many_nodes_a_tile_stays_where_it_is_while_requests_come_and_go() -> None:
    free = [node(f"gpu-{i}", "idle") for i in range(1000)]
    at_work = [*free[:10], *(node(f"gpu-{i}", "busy") for i in range(10, 1000))]
    assert [tile.name for tile in shown(*at_work).nodes] == [tile.name for tile in shown(*free).nodes]


def test_a_panel_changes_with_the_age_of_a_state_once_a_second() -> None:
    ages = [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]
    panels = [shown(node("a", "busy", since=age)) for age in ages]
    assert panels[0] == panels[3] != panels[4] == panels[5]
