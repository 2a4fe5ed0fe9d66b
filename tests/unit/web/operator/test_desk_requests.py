"""What the desk says of requests, and why each of them waits."""

from __future__ import annotations

import attrs
import pytest

from llmlb.gateway.desk import AbleNode, RequestView, Why
from llmlb.messages import Locale
from llmlb.web.operator.desk_requests import MOST_ABLE, MOST_KEYS_BEFORE, RunningRow, WaitingRow, requests
from tests.browser.desk_scene import able, desk, running, waiting, why


def shown(view: RequestView, reason: Why, locale: Locale = "en") -> WaitingRow:
    return requests(desk(waiting=((view, reason),)), locale).waiting[0]


def served(view: RequestView, locale: Locale = "en") -> RunningRow:
    return requests(desk(running=(view,)), locale).running[0]


FOURTH = waiting("id-1", "alice", "llama", 4, 61.0)


def test_the_example_of_the_issue() -> None:
    nodes = (able("gpu-1", since=12.0), able("gpu-2", "offline", 180.0, None, reason="connection refused"))
    row = shown(FOURTH, why(("alice", 2), ("bob", 1), nodes=nodes))
    assert row.before == "3 requests are before it: 2 of alice, 1 of bob."
    assert row.able == "2 nodes can serve llama."
    assert [f"{node.name}: {node.text}" for node in row.nodes] == [
        "gpu-1: busy with a request of alice for 12 s",
        "gpu-2: offline for 3 min: connection refused",
    ]
    in_japanese = shown(FOURTH, why(("alice", 2), ("bob", 1), nodes=nodes), "ja")
    assert in_japanese.before == "先に3件あります（alice が 2件、bob が 1件）。"
    assert in_japanese.nodes[1].text == "オフライン（3分）。理由: 接続を拒否されました"


@pytest.mark.parametrize(
    ("place", "before", "words"),
    [
        (1, (), "It is next: nobody is before it."),
        (2, (("bob", 1),), "1 request is before it, of bob."),
        (None, (), "It has no place in line: no node that is there can serve it."),
    ],
)
def test_who_is_before_it(place: int | None, before: tuple[tuple[str, int], ...], words: str) -> None:
    assert shown(attrs.evolve(FOURTH, position=place), why(*before)).before == words


@pytest.mark.parametrize(
    ("expected", "left", "late"),
    [
        (31.0, 30.0, "As expected now, it gives up before its turn."),
        (30.0, 30.0, ""),
        (None, 30.0, ""),
    ],
)
def test_one_that_gives_up_before_its_turn_says_so(expected: float | None, left: float, late: str) -> None:
    assert shown(attrs.evolve(FOURTH, wait=expected, timeout_in=left), why()).late == late


def test_many_keys_before_it_are_counted_together() -> None:
    keys = [(f"key-{n}", 10 - n) for n in range(MOST_KEYS_BEFORE + 3)]
    words = shown(FOURTH, why(*keys)).before
    rest = sum(count for _, count in keys[MOST_KEYS_BEFORE:])
    assert words.endswith(f"6 of key-4, {rest} of other keys.")
    assert words.startswith(f"{sum(count for _, count in keys)} requests are before it: 10 of key-0, ")


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (able("n", key=None), "busy for 12 s"),
        (able("n", key="-"), "busy with a request of (no key) for 12 s"),
        (able("n", "resting", key=None, reason="HTTP 429"), "resting for 12 s: HTTP 429"),
        (able("n", "loading", key=None), "loading for 12 s"),
        (able("n", "pending", key=None), "being checked for 12 s"),
        (able("n", "idle", key=None), "free"),
        (
            able("n", "draining", key=None, reason="drained by the operator"),
            "draining for 12 s: drained by the operator",
        ),
        (
            able("n", "idle", key=None, tried=True),
            "free; it failed this request before and is not asked again",
        ),
        (able("n", "idle", key=None, model="had"), "free; it does not have the model any more"),
        (able("n", "pending", key=None, model="may"), "being checked for 12 s; what models it has is not known yet"),
    ],
)
def test_what_a_node_that_could_serve_it_does(node: AbleNode, words: str) -> None:
    (line,) = shown(FOURTH, why(nodes=(node,))).nodes
    assert (line.state, line.text) == (node.state, words)


def test_no_node_and_too_many() -> None:
    nobody = shown(FOURTH, why())
    assert nobody.able == "No node that can serve llama is there now. It waits for one to come back."
    assert (nobody.nodes, nobody.nodes_more) == ((), "")
    nodes = tuple(able(f"n{number}") for number in range(20))
    many = shown(FOURTH, why(nodes=nodes, more=980))
    assert many.able == "1,000 nodes can serve llama."
    assert len(many.nodes) == MOST_ABLE
    assert many.nodes_more == f"{1000 - MOST_ABLE} more"


def test_a_request_that_waits() -> None:
    row = shown(FOURTH, why())
    assert (row.place, row.waited, row.expected) == ("4", "1 min 1 s", "about 37 s")
    assert (row.told, row.timeout_in, row.attempt) == ("no. 6, 56 s", "3 min 59 s", "")
    stuck = attrs.evolve(FOURTH, position=None, wait=None, told_wait=None, attempts=1, timeout_in=None)
    row = shown(stuck, why())
    assert (row.place, row.expected, row.told, row.timeout_in) == ("—", "—", "no. 6", "—")
    assert row.attempt == "attempt 2"
    assert shown(attrs.evolve(stuck, told_position=None), why()).told == "—"


def test_a_request_in_service() -> None:
    row = served(running("id-1", "bob", "", "gpu-1", 5.0, "serving", attempts=2))
    assert (row.node, row.stage_label, row.attempt, row.since, row.model) == (
        "gpu-1",
        "Awaiting reply",
        "attempt 2",
        "5 s",
        "(any)",
    )
    assert served(running("id-1", "bob", "m", "gpu-1", 5.0)).stage_label == "Replying"
    done = served(running("id-1", "bob", "m", "gpu-1", 5.0, node_done=True), "ja")
    assert (done.stage, done.stage_label) == ("delivering", "クライアントへ送信中")


def test_how_many_are_not_listed() -> None:
    all_of_them = requests(desk(running_more=12, waiting_more=9900), "en")
    assert (all_of_them.running_more, all_of_them.waiting_more) == ("and 12 more", "and 9,900 more")
    none = requests(desk(), "en")
    assert (none.running_more, none.waiting_more, none.found) == ("", "", "")


def test_what_was_looked_for() -> None:
    one = desk(waiting=((FOURTH, why()),), waiting_more=2)
    assert requests(one, "en", "ali").found == "3 for “ali”"
    assert requests(desk(), "en", "x\u202ey").found.startswith(
        "No request for “x\\u202ey” is waiting or in service now."
    )


def test_by_which_rule_they_are_in_line() -> None:
    assert "keys take turns by weight" in requests(desk(), "en").order
    assert "first come, first served" in requests(desk(fair=False), "en").order
    assert "Fairness is off" in requests(desk(fair=False), "en").order


def test_names_from_strangers_are_one_line_of_what_they_look_like() -> None:
    evil = "e\u202ev\nil"
    told = "e\\u202ev\\nil"
    row = shown(waiting(evil, evil, evil, 1, 0.0), why(nodes=(able(evil, "busy", key=evil, reason=evil),)))
    assert (row.id, row.key, row.model, row.nodes[0].name) == (told,) * 4
    assert all(char.isprintable() for text in (row.able, row.nodes[0].text) for char in text)
