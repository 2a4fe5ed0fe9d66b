"""What the desk says of nodes."""

from __future__ import annotations

from llmlb.gateway.desk import NodeCard
from llmlb.messages import Locale
from llmlb.nodes.kinds import KINDS as KNOWN
from llmlb.nodes.kinds import OPENAI
from llmlb.web.operator.desk_nodes import KINDS, MOST_MODELS, NodeRow, nodes
from tests.browser.desk_scene import desk, node, usage


def shown(card: NodeCard, locale: Locale = "en") -> NodeRow:
    return nodes(desk(nodes=(card,)), locale).rows[0]


def test_a_node_at_work() -> None:
    row = shown(node("gpu-1", "busy", 61.0, request="id-1", key="alice", usage=usage(1488), failures=2))
    assert (row.name, row.state, row.label, row.since) == ("gpu-1", "busy", "In service", "1 min 1 s")
    assert row.serves == "request id-1 of alice"
    assert (row.kind, row.url, row.models) == ("Ollama", "http://gpu-1.lan:11434", "llama-3.2-1b")
    assert (row.service, row.mean, row.served, row.failures) == ("8.2 s / 31 s", "11 s", "1,488", "2")
    assert (row.action, row.button) == ("/operator/nodes/drain", "Drain")


def test_one_that_was_drained_can_be_resumed() -> None:
    row = shown(node("gpu-1", "draining", reason="drained by the operator"), "ja")
    assert (row.action, row.button) == ("/operator/nodes/resume", "戻す")
    assert row.reason == "運用者が切り離しました"


def test_one_that_is_leaving_can_be_neither() -> None:
    row = shown(node("gpu-1", "draining", drained=False, in_file=False, reason="removed: finishing what it has"))
    assert (row.button, row.kind) == ("", "Ollama")


def test_one_that_was_found_says_so() -> None:
    assert shown(node("ollama", in_file=False)).kind == "Ollama · found by itself"


def test_every_kind_has_a_name() -> None:
    assert {kind.name for kind in (*KNOWN, OPENAI)} == set(KINDS)
    assert shown(node("n", kind="")).kind == "kind unknown"


def test_of_many_models_the_rest_are_counted() -> None:
    names = tuple(f"m{number}" for number in range(MOST_MODELS + 2))
    assert shown(node("n", models=names, models_more=10)).models.endswith("m7, 12 more")
    assert shown(node("n", models=())).models == "models not known yet"


def test_how_many_are_not_listed() -> None:
    assert nodes(desk(nodes_more=800), "en").more.startswith("and 800 more")


def test_names_from_strangers_are_one_line_of_what_they_look_like() -> None:
    evil = "e\u202ev\nil"
    row = shown(node(evil, "offline", reason=evil, models=(evil,), request=evil, key=evil, kind=evil, url=evil))
    for text in (row.name, row.reason, row.models, row.serves, row.kind, row.url):
        assert "e\\u202ev\\nil" in text
        assert text.isprintable()
