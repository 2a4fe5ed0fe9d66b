from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from llmlb.cli.garbage import THRESHOLDS, started


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def test_what_a_gateway_started_with_is_not_looked_through_again() -> None:
    before = len(gc.get_objects())
    started()
    assert gc.get_freeze_count() >= before > 10_000
    assert len(gc.get_objects()) < 1_000


def test_garbage_is_looked_for_all_the_same_but_not_too_late() -> None:
    started()
    assert gc.isenabled()
    assert gc.get_threshold() == THRESHOLDS
    assert THRESHOLDS[0] * THRESHOLDS[1] * THRESHOLDS[2] <= 1_000_000
