"""The desk as a whole, in words."""

from __future__ import annotations

import string

import attrs
import msgspec

from llmlb.gateway.desk import Desk
from llmlb.messages import Locale
from llmlb.web.operator.desk_panel import DeskPanel, desk_panel
from llmlb.web.operator.desk_past import Past
from llmlb.web.operator.desk_texts import DESK_TEXTS
from tests.browser import desk_scene


def shown(desk: Desk, locale: Locale = "en") -> DeskPanel:
    return desk_panel(desk, Past(), locale)


def test_the_head_has_the_totals_and_how_things_stand() -> None:
    head = shown(desk_scene.busy()).head
    assert head.title == "9 waiting · 3 in service — Desk — llmlb"
    assert (head.waiting, head.waiting_of, head.processing, head.processing_of) == (
        "9",
        "of at most 100",
        "3",
        "of 5 nodes",
    )
    assert (head.avg_wait, head.turned_away) == ("41 s", "18 / 3")
    assert [notice.title for notice in head.notices] == ["Offline: gpu-4", "Draining: mac-studio"]


def test_what_changes_by_the_second_is_apart_from_what_does_not() -> None:
    before, after = (shown(desk_scene.busy(tick)) for tick in (0, 1))
    assert before.requests != after.requests
    assert before.nodes != after.nodes
    assert (before.head, before.keys, before.past) == (after.head, after.keys, after.past)


def test_a_full_desk_is_not_too_much_to_send_each_second() -> None:
    panel = shown(desk_scene.crowd(keys=200, nodes=200), "ja")
    sizes = {field.name: len(msgspec.json.encode(getattr(panel, field.name))) for field in attrs.fields(type(panel))}
    assert sizes["requests"] < 250_000, sizes
    assert sizes["keys"] < 100_000, sizes
    assert sizes["nodes"] < 120_000, sizes


def test_every_text_is_there_in_both_languages_with_the_same_values() -> None:
    for key, texts in DESK_TEXTS.items():
        assert set(texts) == {"ja", "en"}, key
        fields = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts.values()]
        assert fields[0] == fields[1], key
