"""How many wait of each key, and which key has most."""

from __future__ import annotations

from collections import Counter
from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmlb.turns.crowd import Crowd


def crowd(keys: str) -> Crowd:
    one = Crowd()
    for key in keys:
        one.add(key)
    return one


def test_the_key_that_has_most_is_known() -> None:
    one = crowd("ABBAB")
    assert (one.of("A"), one.of("B"), one.of("C"), one.most, one.fattest(), len(one)) == (2, 3, 0, 3, "B", 2)


def test_of_several_it_is_the_one_that_has_had_so_many_for_longest() -> None:
    one = crowd("ABBA")
    assert one.fattest() == "B"
    one.remove("B")
    one.add("B")
    assert one.fattest() == "A"


def test_nobody_has_most_when_nobody_waits() -> None:
    one = crowd("A")
    one.remove("A")
    assert (one.most, len(one)) == (0, 0)
    with pytest.raises(KeyError):
        one.fattest()
    with pytest.raises(KeyError):
        one.remove("A")


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.booleans())))
def test_it_counts_as_a_counter_does(steps: list[tuple[str, bool]]) -> None:
    one, counter = Crowd(), Counter[str]()
    for key, comes in steps:
        if comes:
            one.add(key)
            counter[key] += 1
        elif counter[key]:
            one.remove(key)
            counter[key] -= 1
        assert {name: one.of(name) for name in "ABCD"} == {name: counter[name] for name in "ABCD"}
        assert one.most == max(counter.values(), default=0)
        assert len(one) == sum(count > 0 for count in counter.values())
        if one.most:
            assert counter[one.fattest()] == one.most


def test_its_cost_does_not_grow_with_the_keys() -> None:
    def cost(keys: int) -> float:
        one = Crowd()
        for number in range(keys):
            one.add(f"k{number}")
            one.add(f"k{number}")

        def step() -> None:
            fattest = one.fattest()
            one.remove(fattest)
            one.add(fattest)

        timeit(step, number=9 * keys // 10)  # not only while all are in the places where they began
        return min(timeit(step, number=50) for _ in range(20))

    assert cost(10_000) < 3 * cost(10), "seven times and more where all keys are looked at"
