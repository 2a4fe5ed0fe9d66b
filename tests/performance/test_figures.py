"""What the guard says of a difference: it is there to fail, so that is tested."""

from __future__ import annotations

import pytest

from tests.performance.figures import Figures, Measured, as_text, complaints, from_text


def figures(**counted: float) -> Figures:
    """Of one way."""
    return {"plain": Measured({name.replace("_", " "): value for name, value in counted.items()}, {})}


@pytest.mark.parametrize("now", [400.0, 438.0, 330.0])
def test_a_small_difference_passes(now: float) -> None:
    assert complaints(figures(calls=400.0), figures(calls=now)) == []


def test_growth_is_told_with_its_size_and_how_to_accept_it() -> None:
    said, accept = complaints(figures(calls=400.0), figures(calls=450.0))

    assert said == "plain, calls: 400 -> 450 (+12%): the hot path has grown"
    assert "`make figures`" in accept


def test_growth_of_the_calls_names_the_functions_that_make_more_of_them() -> None:
    before = {"plain": Measured({"calls": 100.0}, {"web/a.py ask": 10.0, "web/b.py answer": 90.0})}
    after = {"plain": Measured({"calls": 150.0}, {"web/a.py ask": 12.0, "web/b.py answer": 90.0, "web/c.py new": 48.0})}

    said, _ = complaints(before, after)

    assert said.index("+48.00  web/c.py new") < said.index("+2.00  web/a.py ask")
    assert "answer" not in said


def test_a_single_task_write_or_timer_more_is_growth() -> None:
    for what in ("tasks", "callbacks", "timers"):
        assert complaints(figures(**{what: 0.0}), figures(**{what: 1.0})), what
    assert complaints(figures(client_writes=1.0), figures(client_writes=2.0))


def test_a_fall_is_told_too_so_that_the_guard_stays_sharp() -> None:
    said, accept = complaints(figures(calls=400.0), figures(calls=310.0))

    assert said.startswith("plain, calls: 400 -> 310 (-22%): better than committed")
    assert "`make figures`" in accept


def test_memory_that_fills_up_slowly_is_no_growth_but_an_object_a_request_is() -> None:
    assert complaints(figures(kept_blocks=0.3), figures(kept_blocks=2.1)) == []
    assert complaints(figures(kept_blocks=0.3), figures(kept_blocks=12.0))
    assert complaints(figures(garbage=0.0), figures(garbage=1.0))


def test_what_is_counted_on_one_side_only_is_told() -> None:
    assert complaints(figures(calls=1.0), figures(calls=1.0, tasks=0.0))
    assert complaints(figures(calls=1.0), {})


def test_figures_are_read_as_they_were_written() -> None:
    found = {"plain": Measured({"calls": 1.5}, {"web/a.py ask": 1.5})}

    assert from_text(as_text(found)) == found
