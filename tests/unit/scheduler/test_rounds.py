"""The rounds of one pool, played through."""

from __future__ import annotations

import pytest

from llmlb.scheduler.prices import Prices
from llmlb.scheduler.rounds import in_rounds
from tests.unit.scheduler.desk import Desk


@pytest.mark.parametrize(("fair", "keys"), [(False, "ABCD"), (True, "A")])
def test_where_nobody_takes_turns_a_place_costs_no_guess(
    fair: bool, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guesses for all who wait would take nine times as long as all the rest."""
    desk = Desk(fair=fair, cost="seconds")
    names = " ".join(f"{key}{number}" for number in range(100) for key in keys)
    desk.come(f"{keys[0]}1000 {names}")

    def guess(*_: object) -> float:
        raise AssertionError("nobody needs it")

    monkeypatch.setattr(Prices, "guess", guess)
    monkeypatch.setattr(Prices, "line", guess)
    assert desk.places(names) == list(range(1, 100 * len(keys) + 1))


@pytest.mark.parametrize("keys", ["ABCD", "A"])
@pytest.mark.parametrize("most", [0, 1, 3, 5, 100])
def test_no_more_are_played_through_than_asked_for(keys: str, most: int) -> None:
    desk = Desk()
    desk.come(" ".join(f"{key}{number}" for number in range(3) for key in keys))
    order = desk.scheduler._order
    (pool,) = order.pools.values()
    everybody = in_rounds(order, pool)
    assert in_rounds(order, pool, most=most) == everybody[:most]
    assert len(everybody) == 3 * len(keys) - 1
