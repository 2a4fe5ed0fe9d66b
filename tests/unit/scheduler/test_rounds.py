"""The rounds of one pool, played through."""

from __future__ import annotations

import pytest

from llmlb.scheduler.prices import Prices
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
