"""What the drawings of the past hour say."""

from __future__ import annotations

import pytest

from llmlb.messages import Locale
from llmlb.telemetry.record import Outcome
from llmlb.telemetry.timeline import NOT_SEEN, STEPS, Step
from llmlb.web.page_texts import PAGE_TEXTS
from llmlb.web.past_hour import STACKED, Chart, drawn_hour


def hour(**steps: Step) -> tuple[Step, ...]:
    """All quiet, but for the steps named by how many half minutes ago they were (`ago_1`)."""
    quiet = [Step()] * STEPS
    for name, step in steps.items():
        quiet[STEPS - 1 - int(name.removeprefix("ago_"))] = step
    return tuple(quiet)


def chart(key: str, steps: tuple[Step, ...], locale: Locale = "en") -> Chart:
    return next(chart for chart in drawn_hour(steps, locale).charts if chart.key == key)


def said(chart: Chart) -> dict[str, str]:
    return {one.key: f"{one.value} {one.note}".strip() for one in chart.said}


def finished(outcome: Outcome, count: int) -> Step:
    return Step(outcomes=dict.fromkeys(Outcome, 0) | {outcome: count})


def test_the_most_that_waited_is_said_with_when_that_was() -> None:
    drawn = chart("queue", hour(ago_62=Step(most_waiting=12, waiting=3.0), ago_5=Step(most_waiting=9), ago_0=Step()))
    assert said(drawn)["waiting"] == "12 31 min ago"
    assert drawn.summary.startswith("Waiting and in service, past hour. Waiting, at most 12 (31 min ago)")


def test_in_service_is_the_mean_of_the_time_that_was_seen() -> None:
    steps = (*[NOT_SEEN] * (STEPS - 2), Step(in_service=1.0), Step(in_service=2.0))
    assert said(chart("queue", steps))["in_service"] == "1.5"


def test_the_queue_and_the_nodes_have_a_scale_each() -> None:
    waiting, serving = chart("queue", hour(ago_3=Step(most_waiting=37, waiting=20.0, in_service=3.5))).plots
    assert (waiting.top, waiting.half) == ("40", "20")
    assert serving.top == "4"


def test_waits_are_those_of_late_and_the_peak_with_its_time() -> None:
    drawn = chart("waits", hour(ago_40=Step(wait_p50=70.0, wait_p90=130.0), ago_0=Step(wait_p50=8.0, wait_p90=30.0)))
    assert said(drawn) == {"p50": "≤ 8.0 s", "p90": "≤ 30 s peak 2 min 10 s, 20 min ago"}
    assert (drawn.plots[0].top, drawn.plots[0].half) == ("4 min", "2 min")


@pytest.mark.parametrize(("earlier", "late", "words"), [(0.0, 0.0, "0 s"), (2.0, 9.0, "≤ 9.0 s")])
def test_no_peak_is_told_where_there_was_none(earlier: float, late: float, words: str) -> None:
    steps = hour(ago_40=Step(wait_p50=0.0, wait_p90=earlier), ago_0=Step(wait_p50=0.0, wait_p90=late))
    assert said(chart("waits", steps))["p90"] == words


def test_it_is_said_when_the_latest_waits_are_of_long_ago() -> None:
    drawn = chart("waits", hour(ago_24=Step(wait_p50=0.0, wait_p90=0.0)))
    assert said(drawn)["p50"] == "0 s 12 min ago"


@pytest.mark.parametrize(
    ("longest", "labels"), [(0.4, ("1 s", "0.5 s")), (50, ("1 min", "30 s")), (3600, ("1 h", "30 min"))]
)
def test_the_scale_of_waits_is_in_round_units(longest: float, labels: tuple[str, str]) -> None:
    plot = chart("waits", hour(ago_1=Step(wait_p50=0.0, wait_p90=longest))).plots[0]
    assert (plot.top, plot.half) == labels


def test_outcomes_are_counted_over_the_hour() -> None:
    drawn = chart("outcomes", hour(ago_9=finished(Outcome.SERVED, 1200), ago_8=finished(Outcome.REJECTED, 3)))
    assert said(drawn) == {"served": "1,200", "cancelled": "0", "rejected": "3", "timed_out": "0", "failed": "0"}
    assert drawn.period == "per half minute"
    assert drawn.plots[0].top == "2,000"


def test_every_outcome_is_drawn() -> None:
    assert set(STACKED) == set(Outcome)


def test_an_hour_in_which_nothing_was_says_so() -> None:
    for steps in (hour(), (NOT_SEEN,) * STEPS):
        for drawn in drawn_hour(steps, "ja").charts:
            assert drawn.nothing == "まだデータがありません"
            assert drawn.summary.endswith("過去1時間。まだデータがありません")


def test_the_time_before_the_gateway_ran_is_marked_and_not_drawn_as_zero() -> None:
    steps = ((NOT_SEEN,) * 60) + (Step(most_waiting=1, waiting=1.0),) * 60
    drawn = drawn_hour(steps, "en")
    assert drawn.gap == "M0 0h60v400h-60z"
    assert (drawn.gap_at, drawn.gap_word) == ("25.0%", "no data")
    for plot in drawn.charts[0].plots:
        assert all(series.d.startswith("M60.5 ") for series in plot.series)


def test_a_gap_too_short_for_a_word_has_none_and_neither_has_one_that_is_everything() -> None:
    assert drawn_hour((*[NOT_SEEN] * 10, *[Step()] * (STEPS - 10)), "en").gap_word == ""
    assert drawn_hour((NOT_SEEN,) * STEPS, "en").gap_word == ""
    assert drawn_hour((Step(),) * STEPS, "en").gap == ""


def test_a_present_step_that_has_only_just_begun_is_no_gap() -> None:
    assert drawn_hour((*[Step()] * (STEPS - 1), NOT_SEEN), "en").gap == ""
    assert drawn_hour((*[Step()] * (STEPS - 2), NOT_SEEN, NOT_SEEN), "en").gap == "M118 0h2v400h-2z"


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_there_is_a_word_for_everything(locale: Locale) -> None:
    words = {text[locale] for text in PAGE_TEXTS.values()}
    for drawn in drawn_hour(hour(ago_1=Step(wait_p50=1.0, wait_p90=2.0)), locale).charts:
        assert drawn.title in words
        assert {one.label for one in drawn.said} <= words
