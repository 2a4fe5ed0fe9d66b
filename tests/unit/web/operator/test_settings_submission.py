"""What the operator has touched in the form, and what it would change."""

from __future__ import annotations

import pytest

from llmlb.config.model import Config, KeyConfig, Queue
from llmlb.web.operator.settings_form import was_of
from llmlb.web.operator.settings_places import as_typed, places, row_id
from llmlb.web.operator.settings_submission import LONGEST, Submission, Wishes, wishes

CONFIG = Config(queue=Queue(max_size=150), api_keys=(KeyConfig(name="alice", key="sk-a", weight=2.5),))
ALICE = f"key.{row_id('alice')}"


def wish(was: Config = CONFIG, now: Config = CONFIG, locked: dict[str, str] | None = None, **typed: str) -> Wishes:
    """What is wished for by a form that was made of `was`, with these fields typed into, where `now` applies."""
    fields = {id: as_typed(place.value) for id, place in places(was).items()}
    fields |= {name.replace("__", ".").replace("alice", ALICE): text for name, text in typed.items()}
    submission = Submission.of(fields | {"version": "v", "was": was_of(list(places(was).values())), "csrf": "x"})
    return wishes(submission, places(now), locked or {})


def test_an_untouched_form_wishes_nothing() -> None:
    assert wish() == Wishes(of={}, strange=())


@pytest.mark.parametrize("text", ["150", " 150 ", "+150", "0150", "１５０", "　＋１５０"])
def test_the_same_value_written_otherwise_is_untouched(text: str) -> None:
    assert wish(queue__max_size=text).of == {}


def test_what_is_typed_is_read() -> None:
    wished = wish(queue__max_size="200", queue__enable_fairness="false", alice__weight="3", alice__disabled="true")
    assert [(one.place.key, one.place.field, one.value) for one in wished.news] == [
        ("", "max_size", 200),
        ("", "enable_fairness", False),
        ("alice", "weight", 3.0),
        ("alice", "disabled", True),
    ]
    assert not wished.wrong


@pytest.mark.parametrize("text", ["", "many", "0", "-1", "1e3", "10001", "9" * 200, "10²", "1５₀", "⑳", "٣"])
def test_what_fits_no_rule_is_wrong(text: str) -> None:
    (one,) = wish(queue__max_size=text).of.values()
    assert (one.wrong, one.news, one.typed) == ("unfit", False, text[:LONGEST])


def test_a_locked_setting_is_wrong_when_it_is_touched_and_only_then() -> None:
    locked = {"queue.max_size": "LLMLB_QUEUE_MAX_SIZE"}
    assert wish(locked=locked).of == {}
    wished = wish(locked=locked, queue__max_size="200")
    assert wished.of["queue.max_size"].wrong == "locked"
    assert wished.wrong
    assert wished.news == ()


def test_what_somebody_else_has_changed_is_not_wished_back() -> None:
    now = Config(queue=Queue(max_size=300, timeout_secs=30), api_keys=CONFIG.api_keys)
    wished = wish(now=now, queue__max_per_key="5", queue__max_size="200")
    assert [(one.place.id, one.overtaken) for one in wished.news] == [
        ("queue.max_size", True), ("queue.max_per_key", False),
    ]  # fmt: skip


def test_a_wish_that_has_come_true_meanwhile_is_no_news() -> None:
    wished = wish(now=Config(queue=Queue(max_size=200), api_keys=CONFIG.api_keys), queue__max_size="200")
    assert (list(wished.of), wished.news) == (["queue.max_size"], ())


def test_a_key_that_is_gone_is_strange_where_it_was_touched() -> None:
    assert wish(now=Config()).strange == ()
    assert wish(now=Config(), alice__weight="3").strange == (f"{ALICE}.weight",)
    assert wish(was=Config(), now=Config(), server__port="1").strange == ("server.port",)


def test_the_form_tells_what_is_not_as_by_default() -> None:
    assert was_of(list(places(CONFIG).values())) == f"queue.max_size=150 {ALICE}.weight=2.5"


def test_a_crooked_form_wishes_nothing_that_it_does_not_say() -> None:
    for was in ("=", " = =  ", "queue.max_size", "\0", "queue.max_size=1 queue.max_size=2"):
        submission = Submission.of({"was": was, "version": "v", "queue.timeout_secs": "60"})
        assert wishes(submission, places(CONFIG), {}).news == ()
