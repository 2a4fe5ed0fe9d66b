"""What the rounds are made into: medians, ratios within a round, goals, tables, and the file they are kept in."""

from __future__ import annotations

import pytest

from benchmarks.speed import kept, report
from benchmarks.speed.campaign import Campaign, Problem
from benchmarks.speed.goal import Goal, judge
from benchmarks.speed.goals import GOALS
from benchmarks.speed.load import percentiles, request
from benchmarks.speed.measures import MEASURES, latency, requests, streaming
from benchmarks.speed.measures.footprint import LOCK, packages
from benchmarks.speed.measures.handover import values
from benchmarks.speed.samples import Found, Samples, Spread, Value
from benchmarks.speed.stage import steady

OURS, THEIRS = Value("llmlb", "c", "x"), Value("minimal", "c", "x")


def samples(ours: list[float], theirs: list[float], **errors: int) -> Samples:
    """Of one figure, round by round."""
    made = Samples()
    for number, value in enumerate(ours):
        made.add("m", "llmlb", number, [Found("c", {"x": value}, errors)])
    for number, value in enumerate(theirs):
        made.add("m", "minimal", number, [Found("c", {"x": value})])
    return made


def test_a_figure_is_the_median_of_its_rounds() -> None:
    assert samples([5, 1, 3], []).spread("m", OURS) == Spread(3, 1, 5, 3)
    assert samples([], []).spread("m", OURS) is None


def test_ratios_are_made_within_a_round() -> None:
    # In the second round the machine was busy; the ratio is that of the others.
    assert samples([2, 20, 2], [4, 40, 4]).ratio("m", OURS, THEIRS) == Spread(0.5, 0.5, 0.5, 3)
    assert samples([2, 20], [4]).ratio("m", OURS, THEIRS) == Spread(0.5, 0.5, 0.5, 1)
    assert samples([2], [0]).ratio("m", OURS, THEIRS) is None
    assert samples([2, -1, 1], [4, 1, -1]).ratio("m", OURS, THEIRS) == Spread(0.5, 0.5, 0.5, 1)
    assert samples([2, 3], [4, 6]).below("m", OURS, THEIRS) == Spread(2.5, 2, 3, 2)


@pytest.mark.parametrize(("ours", "met"), [(1.0, True), (1.1, True), (1.2, False)])
def test_a_goal_is_met_up_to_its_limit(ours: float, met: bool) -> None:
    goal = Goal(what="x", measure="m", case="c", figure="x", base=THEIRS, comparing="ratio", most=0.55)
    (line,) = judge([goal], samples([ours], [2.0]))
    assert (line.met, line.must) == (met, "<= 0.55")


def test_a_goal_of_what_was_not_measured_is_left_out() -> None:
    goal = Goal(what="x", measure="m", case="c", figure="x", base=THEIRS, comparing="ratio", most=0.55)
    assert judge([goal], samples([1.0], [])) == []


def test_every_goal_is_about_a_figure_that_is_shown() -> None:
    shown = {(measure.name, figure.name) for measure in MEASURES for figure in measure.figures}
    assert [goal.what for goal in GOALS if (goal.measure, goal.figure) not in shown] == []


def test_what_a_peer_adds_is_what_there_is_less_what_there_is_without_it() -> None:
    made = Samples()
    for peer, latency_ms in (("direct", 0.1), ("llmlb", 0.4)):
        made.add("latency", peer, 0, [Found("300 B", {"p50_ms": latency_ms})])
        made.add("streaming", peer, 0, [Found("paced", {"delay_p50_ms": latency_ms})])
    latency.derive(made, 0)
    streaming.derive(made, 0)
    assert made.of("latency", Value("llmlb", "300 B", "added_ms")) == {0: pytest.approx(0.3)}
    assert made.of("streaming", Value("llmlb", "paced", "added_ms")) == {0: pytest.approx(0.3)}
    assert made.of("latency", Value("direct", "300 B", "added_ms")) == {}


def test_a_table_has_a_column_for_each_peer_and_marks_wrong_answers() -> None:
    made = Samples()
    for number in range(2):
        made.add("requests", "minimal", number, [Found("16 connections", {"cpu_us": 200.0 + number})])
        made.add("requests", "llmlb", number, [Found("16 connections", {"cpu_us": 100.0}, {"500": 2})])
    (table,) = report.tables(requests.MEASURE, made)
    assert table.header == ["", "llmlb", "minimal", "llmlb / minimal"]
    assert table.rows == [["16 connections", "100 (100–100) (!)", "200 (200–201)", "0.50 (0.50–0.50)"]]
    said = report.problems(Campaign(made, [Problem("requests", "haproxy", 0, "not there")]))
    assert said == ["requests, haproxy, round 1: not there", "requests, llmlb, 16 connections: wrong answers: 4 x 500"]


def test_what_is_kept_can_be_read_again() -> None:
    made = Campaign(samples([1.0], [2.0], lost=3), [Problem("m", "haproxy", 0, "not there")])
    text = kept.as_json(made, {"date": "today"}, [])
    read, about = kept.from_json(text)
    assert (read.samples.all, read.problems, about) == (made.samples.all, made.problems, {"date": "today"})


def test_percentiles_are_in_milliseconds() -> None:
    assert percentiles([value / 1000 for value in range(101)]) == {"p50": 50, "p90": 90, "p99": 99}
    assert percentiles([]) == {}


@pytest.mark.parametrize("size", [300, 100 * 1024])
def test_a_request_has_a_body_of_the_size_that_was_asked_for(size: int) -> None:
    assert len(request(size, "sk-0").partition(b"\r\n\r\n")[2]) == size


def test_gaps_are_told_in_microseconds_and_busy_time_in_percent() -> None:
    told = values({"gaps": [0.001, 0.002, 0.003], "busy": 0.9, "most": 1})
    assert told == {"gap_us": pytest.approx(2000), "gap99_us": pytest.approx(2980), "busy": 90, "most": 1}


@pytest.mark.parametrize(
    ("shares", "is_steady"),
    [
        ([1.0, 0.15, 0.14, 0.16], True),  # probes of a thousand nodes
        ([0.15, 0.14], False),  # too early to tell
        ([0.1, 0.14, 0.2], False),
        ([1.0, 1.0, 1.0], False),  # at work
    ],
)
def test_a_peer_has_settled_when_it_does_a_little_all_the_time(shares: list[float], is_steady: bool) -> None:
    assert steady(shares) is is_steady


def test_the_packages_of_the_lock_are_counted() -> None:
    assert packages("a==1 \\\n    --hash=x\nb==2 ; sys_platform == 'win32' \\\n# c==3\n") == 1
    assert packages(LOCK.read_text(encoding="utf-8")) > 10
