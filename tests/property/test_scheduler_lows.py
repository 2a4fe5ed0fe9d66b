"""The least of those who wait is what looking at all of them finds, whatever has happened to them."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from llmlb.scheduler import lows
from llmlb.scheduler.contest import Contest, Standing

VALUES = st.integers(-3, 20).map(float)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["enter", "enter", "charge", "charge", "leave", "ask"]),
        st.integers(0, 9),
        VALUES,
        VALUES,
        st.booleans(),
    ),
    max_size=80,
)


@settings(max_examples=2 * settings().max_examples)
@given(events=EVENTS, pace=VALUES, few=st.sampled_from([0, 0, 4]))
def test_it_is_what_looking_at_everybody_finds(
    events: list[tuple[str, int, float, float, bool]], pace: float, few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lows, "FEW", few)
        contest = Contest()
        for what, number, tag, entered_at, served in events:
            key = f"k{number}"
            match what:
                case "enter" if key not in contest.entrants:
                    entrant = Standing(key, 1.0, tag)
                    entrant.entered_at, entrant.served = entered_at, served
                    contest.put(entrant, 1.0)
                case "charge" if key in contest.entrants:
                    contest.entrants[key].tag, contest.entrants[key].served = tag, served
                    contest.put(contest.entrants[key], 1.0)
                case "leave" if key in contest.entrants:
                    contest.remove(key)
                case "ask":
                    check(contest, pace)
        check(contest, pace)


def check(contest: Contest, pace: float) -> None:
    everybody = contest.entrants.values()
    low = min((entrant.level for entrant in everybody), default=None)
    served = [entrant.tag for entrant in everybody if entrant.served]
    expected = max(low, min(pace, *served)) if low is not None and served else low
    assert contest.least_level(pace) == expected
    assert contest._lows.tag() == contest.least()


def test_what_is_outdated_is_thrown_away() -> None:
    contest = Contest()
    for number in range(100):
        contest.put(Standing(f"k{number}", 1.0, float(number)), 1.0)
    for step in range(3000):
        contest.entrants[f"k{step % 100}"].tag += 1.0
        contest.put(contest.entrants[f"k{step % 100}"], 1.0)
        assert contest._lows.tag() == contest.least()
    assert len(contest._lows._tags) <= 64 + 4 * 100 + 1
