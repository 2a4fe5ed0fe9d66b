"""A crowd is let in by order of arrival, a little at a time."""

from __future__ import annotations

from llmlb.gateway.admissions import TURN_SECS, TURNS_BETWEEN, Admissions
from llmlb.testing import ManualClock
from llmlb.testing.waiting import pause


class Request:
    """One of the crowd."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self._crowd = crowd
        self._number = number

    def let_in(self, waited: float) -> None:
        self._crowd.waits.append(waited)
        self._crowd.enter(self._number)


class Crowd:
    """Requests that take so long to be let in; `entered` are those that were."""

    def __init__(self, secs: float) -> None:
        self.clock = ManualClock()
        self.admissions = Admissions(self.clock)
        self.entered: list[int] = []
        self.waits: list[float] = []
        self.secs = secs

    def enter(self, number: int) -> None:
        begin = self.clock.now()
        self.clock.advance(self.secs)
        self.entered.append(number)
        self.admissions.took(begin)

    def come(self, count: int) -> None:
        for number in range(count):
            self.admissions.come(Request(self, number))


async def test_a_crowd_is_let_in_by_order_of_arrival_and_only_a_few_in_one_turn_of_the_loop() -> None:
    crowd = Crowd(TURN_SECS / 2)
    crowd.come(50)
    assert crowd.entered in ([0, 1], [0, 1, 2])
    most = before = 0
    while len(crowd.entered) < 50:
        await pause(0)
        most, before = max(most, len(crowd.entered) - before), len(crowd.entered)
    assert crowd.entered == list(range(50))
    assert 1 <= most <= 10


async def test_between_two_turns_of_it_there_is_time_for_a_whole_answer_to_somebody_else() -> None:
    crowd = Crowd(TURN_SECS)
    crowd.come(50)
    for entered in range(1, 10):
        for _ in range(TURNS_BETWEEN):
            assert len(crowd.entered) == entered
            await pause(0)


async def test_others_that_are_busy_get_no_more_of_the_time_than_those_who_come() -> None:
    crowd = Crowd(TURN_SECS)
    crowd.come(10)
    for entered in range(1, 10):
        assert len(crowd.entered) == entered
        crowd.clock.advance(TURN_SECS)
        await pause(0)


async def test_each_is_told_how_long_that_took() -> None:
    crowd = Crowd(1.0)
    crowd.come(5)
    while len(crowd.entered) < 5:
        await pause(0)
    assert crowd.waits == [0.0, 0.0, 1.0, 2.0, 3.0]


async def test_where_letting_in_costs_nothing_nobody_waits() -> None:
    crowd = Crowd(0.0)
    crowd.come(50)
    assert crowd.entered == list(range(50))
    assert set(crowd.waits) == {0.0}


async def test_who_comes_later_does_not_pass_those_who_could_not_be_let_in_yet() -> None:
    crowd = Crowd(TURN_SECS)
    crowd.come(3)
    crowd.secs = 0.0
    crowd.admissions.come(Request(crowd, 3))
    while len(crowd.entered) < 4:
        await pause(0)
    assert crowd.entered == [0, 1, 2, 3]
