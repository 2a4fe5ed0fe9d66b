"""The whole screen, as it is drawn."""

from __future__ import annotations

import attrs
import pytest

from llmlb.cli.status.paint import painted
from llmlb.cli.status.screen import screen, shared
from llmlb.cli.status.seen import Seen
from llmlb.messages import Locale
from llmlb.simulate.table import width
from tests.unit.cli.status.a_desk import desk, empty, key, node, overview, request, seen, why


def drawn(one: Seen, wide: int, high: int | None = None, locale: Locale = "en", note: str = "") -> str:
    return "\n".join(painted(line, colors=False) for line in screen(one, wide, high, locale, note))


def test_eighty_columns_in_english() -> None:
    assert (
        drawn(seen(), 80, 24, note="q: quit")
        == """\
llmlb 0.1.0   http://localhost:8080   up 3 h   q: quit
Waiting 3 of 100   In service 1 on 3 nodes
Past hour: mean wait 3.2 s   refused 4   timed out 1
Offline: gpu-2 - Check whether the server is running. A node that comes back is
noticed automatically.
Draining: gpu-3 - Given no new requests; what is in service there is finished.

NODE   STATE       SINCE  REQUEST OF  TIME P50  FAILED  REASON
gpu-2  Offline     2 min                             3  connection refused
gpu-3  Draining      1 h                             0  drained by the operator
gpu-1  In service   12 s  alice          2.3 s       0

KEY              WAITING  IN SERVICE  SHARE  DUE  WAIT P50   P90  TURNED AWAY
alice                  1           1    66%  50%     1.5 s  12 s            0
bob                    1           0    34%  25%                            4
carol  disabled        1           0     0%   0%                            0

PLACE  KEY    MODEL             WAITED  EXPECTED  BEFORE IT      REQUEST ID
    1  alice  llama-3.2-1b       3.2 s    ~4.0 s                 r2
    2  bob    llama-3.2-1b  1 min 10 s    ~8.0 s  1 of alice     r3
    —  carol  qwen3-8b           3.2 s         —  gpu-2 Offline  r4"""
    )


def test_sixty_columns_in_japanese() -> None:
    assert (
        drawn(seen(), 60, 24, "ja")
        == """\
llmlb 0.1.0   http://localhost:8080   稼働 3時間
待機中 3 / 最大100   処理中 1 / ノード3台
過去1時間: 平均待機 3.2秒   拒否 4   時間切れ 1
オフラインのノード: gpu-2 - サーバーが動いているか確認してく
ださい。復帰は自動的に検出されます。
切り離し中のノード: gpu-3 - 新しいリクエストは送りません。処
理中のリクエストは最後まで処理します。

ノード  状態         経過  処理中のキー  理由
gpu-2   オフライン    2分                接続を拒否されまし…
gpu-3   切り離し中  1時間                運用者が切り離しま…
gpu-1   処理中       12秒  alice

キー         待機  処理中  割合  取り分  待機p50   p90
alice           1       1   66%     50%    1.5秒  12秒
bob             1       0   34%     25%
carol  無効     1       0    0%      0%

順番  キー   モデル           待ち     あと  先にいるもの
   1  alice  llama-3.2-1b    3.2秒  約4.0秒
   2  bob    llama-3.2-1b  1分10秒  約8.0秒  alice 1件
   —  carol  qwen3-8b        3.2秒        —  gpu-2 オフライ…"""
    )


def test_a_hundred_and_twenty_columns_cut_nothing() -> None:
    whole = drawn(seen(), 120, 40)
    assert "…" not in whole
    assert "gpu-2  Offline     2 min                   7                 3  connection refused" in whole
    assert "    1.5 s  12 s            0  ━━━━━━━━│━╸\n" in whole


def test_in_the_order_of_arrival_nobody_is_due_anything() -> None:
    keys = (key("alice", share=0.75), key("bob", share=0.25))
    one = drawn(attrs.evolve(seen(), desk=desk(keys=keys, fair=False)), 120)
    assert "DUE" not in one
    assert "25%            0  ━━━━" in one


@pytest.mark.parametrize(
    ("wait", "english", "japanese"), [(0.02, " <0.1 s ", " <0.1秒 "), (0.4, " ~0.4 s ", " 約0.4秒 ")]
)
def test_what_is_expected_at_once_is_not_about_less(wait: float, english: str, japanese: str) -> None:
    one = attrs.evolve(seen(), desk=desk(waiting=((request("r2", "alice", 1, wait=wait), why()),)))
    assert english in drawn(one, 120)
    assert japanese in drawn(one, 120, locale="ja")


def test_a_figure_that_is_nothing_is_drawn_faintly() -> None:
    lines = [painted(line, colors=True) for line in screen(seen(), 120, 40, "en")]
    carol = next(line for line in lines if "disabled" in line)
    assert "\x1b[2m0%\x1b[0m" in carol
    alice = next(line for line in lines if "66%" in line)
    assert "\x1b[2m66%" not in alice


def test_at_the_beginning_it_says_what_to_do() -> None:
    assert (
        drawn(empty(), 80, 24)
        == """\
llmlb 0.1.0   http://localhost:8080   up 3 h
Waiting 0 of 100   In service 0 on 0 nodes
Past hour: mean wait 3.2 s   refused 4   timed out 1
There is no node. Start Ollama, LM Studio, vLLM or llama.cpp on this machine; it
is found automatically. List nodes on other machines as [[nodes]] in
config.toml.

Nobody has used the gateway yet.

No request is waiting."""
    )


@pytest.mark.parametrize(("locale", "words"), [("en", "(no key)"), ("ja", "（キーなし）")])
def test_who_has_no_key_is_said_to_have_none(locale: Locale, words: str) -> None:
    waiting = ((request("r2", "-", 1), why()), (request("r3", "x", 2), why(("-", 1))))
    one = attrs.evolve(
        seen(), desk=desk(keys=(key("-", waiting=1),), nodes=(node("n", "busy", key="-"),), waiting=waiting)
    )
    assert drawn(one, 120, locale=locale).count(words) == 4


def test_in_few_lines_each_table_says_how_much_is_missing() -> None:
    nodes = tuple(node(f"n{number}") for number in range(10))
    waiting = tuple((request(f"r{number}", "a", number + 1), why()) for number in range(10))
    one = seen(overview=overview(nodes), nodes=nodes, waiting=waiting, waiting_more=1000, keys=(key("a"),))
    lines = drawn(one, 80, 18).splitlines()
    assert len(lines) == 18
    assert lines.count("") == 3
    assert "… and 7 more" in lines
    assert lines[-1] == "… and 1,008 more"
    assert "n2" in lines[-10]


def test_in_very_few_lines_keys_go_first_and_those_who_wait_stay() -> None:
    few = drawn(seen(), 80, 13)
    assert "REQUEST ID" in few
    assert "NODE" in few
    assert "WAIT P50" not in few
    assert "gpu-2  Offline" in few, "those in trouble are first"
    fewer = drawn(seen(), 80, 9)
    assert "REQUEST ID" in fewer
    assert "NODE " not in fewer
    assert drawn(seen(), 80, 2).splitlines() == drawn(seen(), 80).splitlines()[:2]


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_it_fits_any_terminal_whatever_strangers_call_themselves(locale: Locale) -> None:
    names = ["\x1b[2J\x1b[31m", "a\nb", "\u202eabc", "名" * 60, "<b>", "x" * 1000, "\u200b", "e\u0301" * 50, "👩‍🔬"]
    nodes = tuple(node(name, "offline", reason=name, key=name) for name in names)
    hostile = seen(
        overview=overview(nodes, waiting=100),
        nodes=nodes,
        keys=tuple(key(name) for name in names),
        waiting=tuple((request(name, name, 1, model=name), why((name, 3))) for name in names),
    )
    for wide in (20, 40, 60, 80, 120, 200):
        for high in (None, 5, 24, 100):
            lines = [painted(line, colors=False) for line in screen(hostile, wide, high, locale)]
            assert all(line.isprintable() and width(line) <= wide for line in lines)
            assert high is None or len(lines) <= high


def test_full_is_red() -> None:
    nodes = (node("a", "busy", key="k"),)
    full = seen(overview=overview(nodes, waiting=100), nodes=nodes)
    assert "\x1b[31m100\x1b[0m" in "".join(painted(line, colors=True) for line in screen(full, 80, 24, "en"))


def test_a_request_that_no_known_node_can_serve_says_so() -> None:
    assert "no node can serve it" in drawn(seen(waiting=((request("r", "a", None), why()),)), 80)


@pytest.mark.parametrize(
    ("wanted", "room", "given"),
    [([3, 9, 2], 20, [3, 9, 2]), ([3, 9, 2], 10, [3, 5, 2]), ([9, 9, 9], 10, [4, 3, 3]), ([1], 0, [0]), ([2], -3, [0])],
)
def test_room_is_shared_fairly(wanted: list[int], room: int, given: list[int]) -> None:
    assert shared(wanted, room) == given


def test_the_desk_of_the_tests_is_one_that_can_be() -> None:
    assert desk().overview.waiting == len(desk().waiting)
