"""What a waiting client is told is what then happens."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import hypothesis.strategies as st
import pytest
from hypothesis import given

from llmlb.scheduler.ticket import Place, Ticket
from tests.property.histories import WEIGHTS, Event, histories, played
from tests.unit.scheduler.desk import Desk
from tests.unit.turns.hall import Hall

POOLS = st.lists(st.sampled_from(["a", "b", "a b", "b c", "a b c"]), min_size=1, max_size=3)
SECS = {"a": 4.0, "b": 11.0, "c": 1.5}


# Position


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3), fair=st.booleans(), data=st.data())
def test_position_is_the_number_of_dispatches_until_its_own(
    events: list[Event], weights: dict[str, float], nodes: int, fair: bool, data: st.DataObject
) -> None:
    """2: one pool, by request, any weights; whichever node comes free first, however long services take."""
    desk = played(events, weights, nodes=nodes, fair=fair)
    told = {ticket.id: desk.place(ticket.id).position for ticket in desk.line}
    for position in range(1, len(told) + 1):
        assert told[desk.next(data.draw(st.sampled_from(sorted(desk.has))))] == position


class Timed(Hall):
    """Services take exactly what is expected of their model."""

    def __init__(self, nodes: dict[str, str], weights: dict[str, float]) -> None:
        self.ends: dict[str, float] = {}
        super().__init__(nodes, weights, timeout=3600.0, max_size=1000)
        for model, seconds in SECS.items():
            self.scheduler._times.add(model, seconds)

    def granted(self, ticket: Ticket, name: str) -> None:
        super().granted(ticket, name)
        self.ends[name] = self.clock.now() + SECS[ticket.model]

    def run(self, seconds: float) -> None:
        """Time passes; of nodes that come free at one moment the first by name is the first to look."""
        until = self.clock.now() + seconds
        while self.ends and min(self.ends.values()) <= until:
            name = min(self.ends, key=lambda node: (self.ends[node], node))
            self.clock.advance(self.ends.pop(name) - self.clock.now())
            ticket = self.nodes[name].has
            assert ticket is not None
            self.secs = SECS[ticket.model]
            self.end(name)
        self.clock.advance(until - self.clock.now())


COMINGS = st.lists(
    st.tuples(
        st.sampled_from("ABC"), st.sampled_from("abc"), st.integers(1, 3), st.sampled_from([0.0, 0.7, 5.3, 13.1])
    ),
    max_size=25,
)


@given(serves=POOLS, weights=WEIGHTS, comings=COMINGS)
def test_position_and_wait_are_exact_on_any_nodes_if_services_take_what_is_expected(
    serves: list[str], weights: dict[str, float], comings: list[tuple[str, str, int, float]]
) -> None:
    """2 and 37, the latter on several pools as well: the wait to a microsecond, where a second is asked for."""
    hall = Timed({f"n{number}": models for number, models in enumerate(serves)}, weights)
    for number, (key, model, times, then) in enumerate(comings):
        hall.come(" ".join(f"{key}{number * 10 + nth}" for nth in range(times)), model)
        hall.run(then)
    now, granted = hall.clock.now(), len(hall.grants)
    told = {name: hall.scheduler.place(ticket, now) for name, ticket in hall.line.items()}
    models = {name: ticket.model for name, ticket in hall.line.items()}
    while hall.ends:
        before = len(hall.grants)
        hall.run(min(hall.ends.values()) - hall.clock.now())
        for name, _ in hall.grants[before:]:
            assert told[name].wait == pytest.approx(hall.clock.now() - now, abs=1e-6)
    for name, place in told.items():
        until = [who for who, _ in hall.grants[granted:]]
        if name in until:
            before_and_own = hall.grants[granted : granted + until.index(name) + 1]
            able = [node for _, node in before_and_own if models[name] in hall.nodes[node].serves]
            assert place.position == len(able)
        else:
            assert place.wait is None, "nobody can serve it"


@given(events=histories(most=60), nodes=st.integers(1, 3))
def test_the_closed_form_of_the_position_is_the_dry_run(events: list[Event], nodes: int) -> None:
    """3: one pool, by request, equal weights. r of one's own before it, o whole turns by which another key is ahead
    (a welcome, which is less than half a turn, does not count):

    position = r + 1 + sum over others of min(len, max(0, r - o + tie)); a tie goes to the other one if it is ahead,
    or level and served longer ago.
    """
    desk = played(events, nodes=nodes)
    entrants = next(iter(desk.scheduler._order.pools.values())).contest.entrants
    lines = {key: [t for t in desk.line if t.key == key] for key in entrants}
    for key, own in lines.items():
        for r, ticket in enumerate(own):
            position = r + 1
            for other in lines.keys() - {key}:
                ahead = round(entrants[other].tag - entrants[key].tag)
                mine, theirs = ((entrants[k].last, entrants[k].head) for k in (key, other))
                tie = ahead > 0 or (ahead == 0 and theirs < mine)
                position += min(len(lines[other]), max(0, r - ahead + tie))
            assert desk.place(ticket.id).position == position


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3))
def test_a_dry_run_changes_nothing_and_says_the_same_again(
    events: list[Event], weights: dict[str, float], nodes: int
) -> None:
    """4: every byte of the state, heaps and all, is what it was."""
    desk = played(events, weights, nodes=nodes)
    before = pickle.dumps(desk.scheduler._order)
    told = [[desk.place(ticket.id) for ticket in desk.line] for _ in range(2)]
    assert told[0] == told[1]
    assert sorted(place.position for place in told[0]) == list(range(1, len(desk.line) + 1))
    desk.scheduler.retry_after(0, desk.now)
    assert pickle.dumps(desk.scheduler._order) == before


@given(events=histories(), nodes=st.integers(1, 3), data=st.data())
def test_those_who_leave_never_make_others_wait_longer(events: list[Event], nodes: int, data: st.DataObject) -> None:
    """6: one pool, equal weights. With weights the half quantum of slack may go to a third key: a place or two."""
    desk = played(events, nodes=nodes)
    me = data.draw(st.sampled_from(desk.line))
    before = desk.place(me.id).position
    others = [ticket for ticket in desk.line if ticket.key != me.key]
    for ticket in data.draw(st.lists(st.sampled_from(others), min_size=1, unique_by=id)):
        desk.leave(ticket.id)
        after = desk.place(me.id).position
        assert after <= before
        before = after


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3), data=st.data())
def test_ones_own_later_requests_never_push_one_back(
    events: list[Event], weights: dict[str, float], nodes: int, data: st.DataObject
) -> None:
    """6: one pool, any weights."""
    desk = played(events, weights, nodes=nodes)
    me = data.draw(st.sampled_from(desk.line))
    before = desk.place(me.id).position
    desk.come(f"{me.key}900 {me.key}901 {me.key}902")
    assert desk.place(me.id).position <= before


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3), times=st.integers(1, 3), data=st.data())
def test_hanging_up_and_asking_again_never_gains_a_place(
    events: list[Event], weights: dict[str, float], nodes: int, times: int, data: st.DataObject
) -> None:
    """21: one pool, any weights, any number of times."""
    desk = played(events, weights, nodes=nodes)
    me = data.draw(st.sampled_from(desk.line))
    stayed = desk.place(me.id).position
    name = me.id
    for again in range(times):
        desk.leave(name)
        name = f"{me.key}{900 + again}"
        desk.come(name)
        if name not in [ticket.id for ticket in desk.line]:
            return  # It was alone and found the node idle.
    assert desk.place(name).position >= stayed


# Wait


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3), elapsed=st.floats(0.0, 100.0))
def test_waits_are_not_negative_and_rise_along_the_queue_of_a_key(
    events: list[Event], weights: dict[str, float], nodes: int, elapsed: float
) -> None:
    """36, overdue services included."""
    desk = played(events, weights, nodes=nodes)
    desk.now += elapsed
    for places in by_key(desk):
        waits = [place.wait for place in places]
        assert all(wait is not None and wait >= 0 for wait in waits)
        assert waits == sorted(waits, key=lambda wait: wait or 0)
        assert [p.position for p in places] == sorted(p.position for p in places)


@given(events=histories(), weights=WEIGHTS, nodes=st.integers(1, 3), busy=st.booleans())
def test_nodes_that_cannot_serve_it_change_nothing_of_what_it_is_told(
    events: list[Event], weights: dict[str, float], nodes: int, busy: bool
) -> None:
    """36."""
    desk = played(events, weights, nodes=nodes)
    before = [desk.place(ticket.id) for ticket in desk.line]
    desk.node("other", "another")
    if busy:
        desk.come("Z1 Z2 Z3", "another")
    assert [desk.place(ticket.id) for ticket in desk.line if ticket.model == "m"] == before


def by_key(desk: Desk) -> Iterator[list[Place]]:
    for key in sorted({ticket.key for ticket in desk.line}):
        yield [desk.place(ticket.id) for ticket in desk.line if ticket.key == key]
